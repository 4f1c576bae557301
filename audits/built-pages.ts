import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { MoatError } from './contract/errors.ts';
import { packageVersion } from './report/environment.ts';

/** Something made of `renderer/`: compiled when it was not yet, or when its sources have changed since. */
export interface BuiltPages {
  /** Folder under `dist/` that holds its builds. */
  readonly name: string;
  /** What people call it: `the report’s pages`. */
  readonly title: string;
  /** Writes a build into the folder it is given; a file of `build/`. */
  readonly script: string;
  /** File of the build whose presence says that it is whole. */
  readonly entry: string;
  /** Patterns of the sources, from the project's root. */
  readonly sources: readonly string[];
  /** What ends up in the build, or makes it. */
  readonly packages: readonly string[];
}

const root = path.join(import.meta.dirname, '..');

/**
 * The folder of a build that fits the sources as they are now.
 * @param say one line for people, where compiling takes its seconds
 * @throws MoatError `internal` with what the compiler said
 */
export async function builtPages(pages: BuiltPages, say?: (line: string) => void): Promise<string> {
  const builds = path.join(root, 'dist', pages.name);
  // A packaged app carries its builds and not what they were made of.
  if (!existsSync(path.join(root, pages.script))) return onlyBuild(builds, pages);
  const folder = path.join(builds, digestOf(pages));
  if (existsSync(path.join(folder, pages.entry))) return folder;
  say?.(`preparing ${pages.title} (once, a few seconds) ...`);
  await build(pages, builds, folder);
  return folder;
}

function onlyBuild(builds: string, { entry, title }: BuiltPages): string {
  const names = existsSync(builds) ? readdirSync(builds) : [];
  const name = names.find((candidate) => existsSync(path.join(builds, candidate, entry)));
  if (name === undefined) throw new MoatError('internal', `This copy of Moat lacks ${title}.`);
  return path.join(builds, name);
}

/** SHA-256 over everything the build depends on: sources, its own script, and the versions of what it is built with. */
function digestOf({ sources, packages }: BuiltPages): string {
  const files = sources
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
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
async function build({ script, entry, title }: BuiltPages, builds: string, folder: string): Promise<void> {
  const partial = `${folder}.${process.pid}.partial`;
  mkdirSync(builds, { recursive: true });
  try {
    await promisify(execFile)(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', path.join(root, script), partial],
      { cwd: root, env: { ...process.env, NODE_ENV: 'production' } },
    );
    if (!existsSync(path.join(folder, entry))) move(partial, folder, entry);
  } catch (cause) {
    const output = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
    throw new MoatError('internal', `Could not compile ${title}: ${output.slice(0, 2000)}`, { cause });
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  for (const name of readdirSync(builds))
    if (name !== path.basename(folder) && !isBeingBuilt(name))
      rmSync(path.join(builds, name), { recursive: true, force: true });
}

/** Whether a folder is another process's unfinished build; that of a process which is gone is nobody's. */
function isBeingBuilt(name: string): boolean {
  const owner = /\.(\d+)\.partial$/.exec(name)?.[1];
  if (owner === undefined) return false;
  try {
    // Signal 0 asks whether the process is there.
    return process.kill(Number(owner), 0);
  } catch {
    return false;
  }
}

function move(from: string, to: string, entry: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    // Another process was first: its build is of the same sources.
    if (!existsSync(path.join(to, entry))) throw error;
  }
}
