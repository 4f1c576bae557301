import { MoatError } from '../../../contract/errors.ts';
import { addElsewhere } from './trial-process.ts';

/**
 * Computes with a fresh pack in a process of its own, where a library that aborts takes nothing with it.
 * @throws MoatError engine-build-failed
 */
export async function checkLoads(binding: string, signal: AbortSignal): Promise<void> {
  try {
    const sum = await addElsewhere(binding, signal);
    if (sum !== 3) throw new Error(`1 + 2 gave ${sum}`);
  } catch (cause) {
    const { stderr } = cause as { readonly stderr?: string };
    const line = stderr?.split('\n').find((each) => each.startsWith('Error:')) ?? String(cause);
    throw new MoatError(
      'engine-build-failed',
      `The engine was built but does not work here: ${line.trim()}`,
      {
        cause,
        details: { stderr: stderr ?? '' },
      },
    );
  }
}
