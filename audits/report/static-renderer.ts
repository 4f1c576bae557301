import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { MoatError } from '../contract/errors.ts';
import type { ReportInput } from '../contract/report.ts';
import { packageVersion } from './environment.ts';

/** What the built entry of `renderer/report/` offers. */
export interface StaticRenderer {
  /** A whole HTML file. */
  readonly renderReport: (input: ReportInput) => string;
}

const root = path.join(import.meta.dirname, '../..');
const builds = path.join(root, 'dist', 'report-renderer');
const ENTRY = 'report.js';
/** What ends up in the build, or makes it. */
const packages = [
  'svelte',
  'vite',
  '@sveltejs/vite-plugin-svelte',
  'd3-scale',
  'd3-shape',
  '@fontsource/inter',
  '@fontsource/jetbrains-mono',
];

/**
 * The report's pages, compiled when they were not yet, or when their sources have changed since. Nothing of `renderer/` is
 * imported but what that build made of it.
 * @param say one line for people, where compiling takes its seconds
 * @throws MoatError `internal` with what the compiler said
 */
export async function loadStaticRenderer(say?: (line: string) => void): Promise<StaticRenderer> {
  const sources = sourceDigest();
  const folder = path.join(builds, sources);
  const entry = path.join(folder, ENTRY);
  if (!existsSync(entry)) {
    say?.('preparing the report’s pages (once, a few seconds) ...');
    await build(folder);
  }
  return (await import(pathToFileURL(entry).href)) as StaticRenderer;
}

/** SHA-256 over everything the build depends on: sources, its own script, and the versions of what it is built with. */
function sourceDigest(): string {
  const files = [
    ...globSync('renderer/**/*.{ts,svelte,css,js}', { cwd: root }),
    ...globSync('build/renderer*.ts', { cwd: root }),
  ]
    .map((file) => file.split(path.sep).join('/'))
    .filter((file) => !file.endsWith('.test.ts'))
    .sort();
  const digest = createHash('sha256');
  for (const name of packages) digest.update(`${name}@${packageVersion(name) ?? 'missing'}\0`);
  for (const file of files) {
    const bytes = readFileSync(path.join(root, file));
    digest.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return digest.digest('hex').slice(0, 16);
}

/** Builds beside the place and renames, so that two processes at once, or one that is killed, leave no half of it. */
async function build(folder: string): Promise<void> {
  const partial = `${folder}.${process.pid}.partial`;
  mkdirSync(builds, { recursive: true });
  try {
    await promisify(execFile)(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', path.join(root, 'build', 'renderer.ts'), partial],
      { cwd: root, env: { ...process.env, NODE_ENV: 'production' } },
    );
    if (!existsSync(path.join(folder, ENTRY))) move(partial, folder);
  } catch (cause) {
    const output = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
    throw new MoatError('internal', `The report’s pages could not be compiled: ${output.slice(0, 2000)}`, {
      cause,
    });
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  for (const name of readdirSync(builds))
    if (name !== path.basename(folder) && !name.endsWith('.partial'))
      rmSync(path.join(builds, name), { recursive: true, force: true });
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    // Another process was first: its build is of the same sources.
    if (!existsSync(path.join(to, ENTRY))) throw error;
  }
}
