import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { MoatError } from '../../../contract/errors.ts';
import type { PackVariant } from './manifest.ts';
import { connectionTrouble, isRetrying, pipTrouble } from './pip-trouble.ts';
import { TENSORFLOW_VERSION, WHEEL_PLATFORM, WHEEL_PYTHON, wheelProjects } from './releases.ts';
import { missing } from './requirements.ts';
import { runProgram } from './run-program.ts';

/** A command, and what comes before pip's own arguments. */
export type PipCall = readonly [command: string, ...first: string[]];

/** pip as it is called on different systems. */
const callers: readonly PipCall[] = [['python3', '-m', 'pip'], ['pip3'], ['pip'], ['python', '-m', 'pip']];

/** @throws MoatError engine-requirement-missing */
export function findPip(): PipCall {
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
 * @param onRetry told, as part of a sentence, what pip tries again after
 * @returns its path inside `folder`
 * @throws MoatError engine-download-failed
 */
export async function downloadWheel(
  [command, ...first]: PipCall,
  variant: PackVariant,
  folder: string,
  signal: AbortSignal,
  onRetry: (why: string) => void,
): Promise<string> {
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
  let told: string | undefined;
  try {
    await runProgram(command, args, {
      signal,
      environment: { TMPDIR: folder },
      onStderr(soFar) {
        const why = isRetrying(soFar) ? connectionTrouble(soFar) : undefined;
        if (why === undefined || why === told) return;
        told = why;
        onRetry(why);
      },
    });
  } catch (cause) {
    const { stderr } = cause as { readonly stderr?: string };
    throw new MoatError(
      'engine-download-failed',
      `pip could not fetch ${wanted}: ${pipTrouble(stderr ?? '')}.`,
      { cause, details: { stderr: stderr ?? '' } },
    );
  }
  const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (wheel === undefined)
    throw new MoatError('engine-download-failed', `pip fetched no wheel of ${wanted}.`);
  return path.join(folder, wheel);
}
