import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildDesktop, DESKTOP_FOLDER } from './build.ts';

const root = path.join(import.meta.dirname, '../..');
/** What the built app is made of. */
const sources = [
  '{audits,electron,renderer}/**/*.{ts,js,svelte,css,html,svg,onnx}',
  'build/{app,renderer,desktop/}*.ts',
  'package.json',
  'package-lock.json',
];

/** The desktop app, built when it is not yet, or when something it is made of has changed since. */
export async function currentDesktop(say: (line: string) => void): Promise<string> {
  const stamp = path.join(DESKTOP_FOLDER, 'made-of.txt');
  const digest = digestOfSources();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return DESKTOP_FOLDER;
  say('building the desktop app (a few seconds) ...');
  await buildDesktop(DESKTOP_FOLDER, say);
  writeFileSync(stamp, digest);
  return DESKTOP_FOLDER;
}

function digestOfSources(): string {
  const files = sources
    .flatMap((pattern) => globSync(pattern, { cwd: root, exclude: ['**/node_modules', '**/*.test.ts'] }))
    .map((file) => file.split(path.sep).join('/'))
    .sort();
  const digest = createHash('sha256');
  for (const file of files) {
    const bytes = readFileSync(path.join(root, file));
    digest.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return digest.digest('hex');
}
