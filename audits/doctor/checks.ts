import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import manifest from '../../package.json' with { type: 'json' };
import { packageVersion } from '../report/environment.ts';
import { formatBytes } from '../report/format-bytes.ts';

/** One line of `moat doctor`. */
export interface DoctorCheck {
  readonly id: string;
  /** `absent`: not there, and nothing needs it. */
  readonly status: 'ok' | 'absent' | 'warning' | 'problem';
  /** What was found, one sentence. */
  readonly sentence: string;
  /** What to do about it, or to have it; null when it is ok. */
  readonly advice: string | null;
}

const OLDEST_NODE = 24;
/** A quick audit writes some hundred megabytes of images, embeddings and surrogates. */
const LITTLE_DISK_BYTES = 2e9;
const TOO_LITTLE_DISK_BYTES = 2e8;
/** Peak of a quick audit with two workers. */
const LITTLE_MEMORY_BYTES = 2e9;

export function checkNode(version: string = process.versions.node): DoctorCheck {
  const isNew = Number(version.split('.')[0]) >= OLDEST_NODE;
  const sentence = `Node ${version} on ${process.platform}-${process.arch}, ${os.availableParallelism()} cores.`;
  return isNew
    ? ok('node', sentence)
    : problem('node', sentence, `Moat runs on Node ${OLDEST_NODE} or newer: start it with npm run moat.`);
}

/** Every package that is pinned is there, in the pinned version. */
export function checkPackages(
  pinned: Readonly<Record<string, string>> = manifest.dependencies,
  installed: (name: string) => string | undefined = packageVersion,
): DoctorCheck {
  const entries = Object.entries(pinned);
  const isOwn = (version: string): boolean => version.startsWith('file:');
  const wrong = entries.filter(([name, version]) =>
    isOwn(version) ? installed(name) === undefined : installed(name) !== version,
  );
  if (wrong.length === 0)
    return ok(
      'packages',
      `${entries.length} packages are installed as pinned (${entries.map(([name, version]) => `${name} ${version}`).join(', ')}).`,
    );
  const found = wrong.map(([name, version]) => {
    const wanted = isOwn(version) ? '' : `, not ${version}`;
    return `${name} is ${installed(name) ?? 'missing'}${wanted}`;
  });
  return problem('packages', `${found.join('; ')}.`, 'Run npm ci in the project folder.');
}

export function checkDisk(folder: string): DoctorCheck {
  const { bavail, bsize } = statfsSync(folder);
  return judgeDisk(bavail * bsize);
}

export function judgeDisk(freeBytes: number): DoctorCheck {
  const sentence = `${formatBytes(freeBytes)} are free here.`;
  if (freeBytes < TOO_LITTLE_DISK_BYTES)
    return problem('disk', sentence, 'Free some space, or work in another folder.');
  return freeBytes < LITTLE_DISK_BYTES
    ? warning('disk', sentence, 'A large audit may need more: free some space first.')
    : ok('disk', sentence);
}

/** Files can be written where `moat.db` and the report would go. */
export function checkFolder(folder: string): DoctorCheck {
  try {
    rmSync(mkdtempSync(path.join(folder, '.moat-doctor-')), { recursive: true });
    return ok('folder', 'This folder can be written to.');
  } catch {
    return problem(
      'folder',
      'This folder cannot be written to.',
      'Work in another folder, or name others with --db and --out.',
    );
  }
}

export function checkMemory(
  totalBytes: number = os.totalmem(),
  freeBytes: number = os.freemem(),
): DoctorCheck {
  const sentence = `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} memory are free.`;
  return freeBytes < LITTLE_MEMORY_BYTES
    ? warning('memory', sentence, 'An audit needs about 2 GB: close other programs or use --workers 1.')
    : ok('memory', sentence);
}

type Checked = DoctorCheck | readonly DoctorCheck[];

/** A check that throws is a problem with its own sentence, never the end of the others. */
export async function guarded(
  id: string,
  advice: string,
  check: () => Checked | Promise<Checked>,
): Promise<readonly DoctorCheck[]> {
  try {
    return [await check()].flat();
  } catch (error) {
    return [problem(id, error instanceof Error ? error.message : String(error), advice)];
  }
}

export function ok(id: string, sentence: string): DoctorCheck {
  return { id, status: 'ok', sentence, advice: null };
}

export function absent(id: string, sentence: string, advice: string): DoctorCheck {
  return { id, status: 'absent', sentence, advice };
}

export function warning(id: string, sentence: string, advice: string): DoctorCheck {
  return { id, status: 'warning', sentence, advice };
}

export function problem(id: string, sentence: string, advice: string): DoctorCheck {
  return { id, status: 'problem', sentence, advice };
}
