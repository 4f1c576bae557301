import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { MoatError } from '../../../contract/errors.ts';
import type { PackVariant } from './manifest.ts';
import { TENSORFLOW_VERSION, WHEEL_PLATFORM, WHEEL_PYTHON, wheelProjects } from './releases.ts';
import { missing } from './requirements.ts';
import { runProgram } from './run-program.ts';

/** pip as it is called on different systems. */
const callers: readonly (readonly [command: string, ...first: string[]])[] = [
  ['python3', '-m', 'pip'],
  ['pip3'],
  ['pip'],
  ['python', '-m', 'pip'],
];

/** @throws MoatError engine-requirement-missing */
export function findPip(): readonly [command: string, ...first: string[]] {
  const found = callers.find(
    ([command, ...first]) => spawnSync(command, [...first, '--version']).status === 0,
  );
  if (found === undefined)
    throw missing(
      `there is no pip to fetch TensorFlow with; install Python's pip, or fetch the wheel of ${wheelProjects.cpu} ${TENSORFLOW_VERSION} for ${WHEEL_PLATFORM} on another machine and install it with "moat engine install tensorflow --from FILE"`,
    );
  return found;
}

/**
 * Fetches the release's wheel from the package index that pip is set up for.
 * @param folder takes the wheel, and what pip keeps until it has the whole of it
 * @returns its path inside `folder`
 * @throws MoatError engine-requirement-missing, engine-download-failed
 */
export async function downloadWheel(
  variant: PackVariant,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const [command, ...first] = findPip();
  const wanted = `${wheelProjects[variant]}==${TENSORFLOW_VERSION}`;
  const args = [
    ...first,
    'download',
    '--no-deps',
    '--only-binary=:all:',
    `--python-version=${WHEEL_PYTHON}`,
    `--platform=${WHEEL_PLATFORM}`,
    '--disable-pip-version-check',
    '--progress-bar=off',
    '--no-cache-dir',
    `--dest=${folder}`,
    wanted,
  ];
  try {
    await runProgram(command, args, { signal, environment: { TMPDIR: folder } });
  } catch (cause) {
    const { stderr } = cause as { readonly stderr?: string };
    const line = stderr?.split('\n').findLast((each) => each.startsWith('ERROR:')) ?? 'see the log';
    throw new MoatError(
      'engine-download-failed',
      `pip could not fetch ${wanted}: ${line.replace(/^ERROR: */, '').trim()}`,
      { cause, details: { stderr: stderr ?? '' } },
    );
  }
  const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (wheel === undefined)
    throw new MoatError('engine-download-failed', `pip fetched no wheel of ${wanted}.`);
  return path.join(folder, wheel);
}
