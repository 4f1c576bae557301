import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packDesktop } from './pack.ts';

/**
 * Packs the desktop app for this system into `release/`.
 *
 * usage: node build/package/main.ts [--dir]
 */
const root = path.join(import.meta.dirname, '../..');
const { platform, arch } = process;
if (platform !== 'linux' && platform !== 'darwin' && platform !== 'win32')
  throw new Error(`Moat is not packed for ${platform}.`);
if (arch !== 'x64' && arch !== 'arm64') throw new Error(`Moat is not packed for ${arch}.`);
const work = path.join(root, 'dist', 'package');
mkdirSync(work, { recursive: true });
const files = await packDesktop({
  target: { platform, arch },
  work,
  output: path.join(root, 'release'),
  onlyFolder: process.argv.includes('--dir'),
  say: (line) => console.error(`moat: ${line}`),
});
for (const file of files) console.log(file);
writeFileSync(path.join(work, 'artifacts.txt'), `${files.join('\n')}\n`);
