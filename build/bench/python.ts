import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import type { Workload } from '../../audits/bench/workload.ts';
import type { SideCommand } from '../../audits/bench/side-process.ts';

/** The Python whose libraries ours are compared with: found, or made on request; never needed. */

export interface Python {
  readonly command: string;
  /** Installed packages of the reference libraries, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** What the library for a kind of work can compute on. */
  readonly devices: Readonly<Record<Workload['kind'], readonly string[]>>;
}

const folder = path.join(import.meta.dirname, 'python');

/** What the bench installs; onnxruntime in the version that the product has, so that only the binding differs. */
const REQUIREMENTS = ['torch==2.13.0', 'onnxruntime==1.30.0', 'scikit-learn==1.9.1'];

/** Which library is the reference for a kind of work, and what it is called in the table. */
export const references: Readonly<
  Record<Workload['kind'], { readonly title: string; readonly packages: readonly string[] }>
> = {
  training: { title: 'PyTorch', packages: ['torch'] },
  inference: { title: 'onnxruntime in Python', packages: ['onnxruntime', 'numpy'] },
  'linear-algebra': { title: 'NumPy / scikit-learn', packages: ['scikit-learn', 'numpy'] },
};

const devices = z.array(z.string());
const inspected = z.object({
  versions: z.record(z.string(), z.string()),
  devices: z.object({ training: devices, inference: devices, 'linear-algebra': devices }),
});

/** Looks at one interpreter. @returns null when it does not start */
export function inspectPython(command: string): Python | null {
  const result = spawnSync(command, [path.join(folder, 'inspect_libraries.py')], { encoding: 'utf8' });
  if (result.status !== 0) return null;
  return { command, ...inspected.parse(JSON.parse(result.stdout)) };
}

/** The environment that `--install-python` makes, in the user's cache folder. */
export function ownEnvironment(): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
  return path.join(cache, 'moat', 'bench-python');
}

function interpreterOf(environment: string): string {
  return process.platform === 'win32'
    ? path.join(environment, 'Scripts', 'python.exe')
    : path.join(environment, 'bin', 'python');
}

/**
 * `--python PATH` or MOAT_BENCH_PYTHON, else the environment made earlier.
 * @returns the sentence to say where there is none, or where a library is missing
 */
export function findPython(named: string | undefined): {
  readonly python: Python | null;
  readonly notes: readonly string[];
} {
  const own = interpreterOf(ownEnvironment());
  const command = named ?? process.env['MOAT_BENCH_PYTHON'] ?? (existsSync(own) ? own : undefined);
  if (command === undefined)
    return {
      python: null,
      notes: [
        'No Python was named: nothing is compared with PyTorch, onnxruntime in Python, NumPy or scikit-learn. Name one that has them with --python PATH (or MOAT_BENCH_PYTHON), or let the bench make one with --install-python.',
      ],
    };
  const python = inspectPython(command);
  if (python === null)
    return { python, notes: [`${command} did not start as a Python: nothing is compared with it.`] };
  const missing = Object.values(references).flatMap(({ title, packages }) =>
    packages.every((name) => name in python.versions)
      ? []
      : [`${command} has not all of ${packages.join(', ')}: nothing is compared with ${title}.`],
  );
  return { python, notes: missing };
}

/** Makes the environment by `python3 -m venv` and pip, whose own settings say where packages come from. */
export function installPython(): void {
  const environment = ownEnvironment();
  mkdirSync(path.dirname(environment), { recursive: true });
  const base = process.platform === 'win32' ? 'python' : 'python3';
  for (const [command, ...args] of [
    [base, '-m', 'venv', environment],
    [interpreterOf(environment), '-m', 'pip', 'install', '--disable-pip-version-check', ...REQUIREMENTS],
  ]) {
    const result = spawnSync(command ?? base, args, { stdio: ['ignore', 2, 2] });
    if (result.error !== undefined || result.status !== 0)
      throw new Error(
        `"${[command, ...args].join(' ')}" failed (see above). Name another Python with --python PATH.`,
      );
  }
}

/** The interpreter on side.py, its libraries kept to the same number of threads. */
export function pythonSide(python: Python, threads: number): SideCommand {
  const variables = ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS', 'VECLIB_MAXIMUM_THREADS'];
  return {
    command: python.command,
    args: [path.join(folder, 'side.py')],
    env: {
      ...Object.fromEntries(variables.map((name) => [name, String(threads)])),
      // No compiled files beside the sources.
      PYTHONDONTWRITEBYTECODE: '1',
    },
  };
}
