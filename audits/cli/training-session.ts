import { availableParallelism } from 'node:os';
import type { Engine } from '../contract/engine.ts';
import { exitCode, MoatError } from '../contract/errors.ts';
import { chooseDevice } from '../devices/choose.ts';
import { cachedTrials } from '../devices/trial-cache.ts';
import { createEngine } from '../tensor/engine.ts';
import type { CommandContext } from './context.ts';
import { listenForStop } from './signals.ts';

/** What commands that train share: an engine on the chosen device, and what Ctrl-C means. */

export interface TrainingSession {
  readonly engine: Engine;
  /** Fires on the first Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * Does the work with an engine and puts that away. A work that was stopped leaves the exit code of a stopped command behind.
 * @param show.note says a sentence that stays @param show.end takes a live line away
 * @returns whether it came to its end
 */
export async function inTrainingSession(
  context: CommandContext,
  { engine: engineId, device }: { readonly engine?: string; readonly device?: string },
  show: { readonly note: (line: string) => void; readonly end: () => void },
  work: (session: TrainingSession) => Promise<void>,
): Promise<boolean> {
  const controller = new AbortController();
  const stopListening = listenForStop({
    clock: context.clock,
    onStop() {
      show.note('stopping at a safe point (Ctrl-C again ends at once)');
      controller.abort();
    },
    onKill: () => process.exit(exitCode.interrupted),
  });
  try {
    const choice = await chooseDevice(
      { engine: engineId ?? 'auto', device: device ?? 'auto', workers: 1 },
      cachedTrials({ refresh: (device ?? 'auto') !== 'auto' }),
    );
    show.note(`device: ${choice.reason}`);
    const engine = await createEngine(choice.engine, {
      threads: availableParallelism(),
      device: choice.device,
    });
    try {
      await work({ engine, signal: controller.signal });
    } finally {
      await engine.dispose();
    }
    return true;
  } catch (error) {
    show.end();
    if (!(error instanceof MoatError) || error.code !== 'cancelled') throw withSmallerBatch(error);
    context.exitCode = exitCode.cancelled;
    context.terminal.note('stopped: continue with the same command');
    return false;
  } finally {
    show.end();
    stopListening();
  }
}

/** The flag to try, where a batch did not fit the device. */
function withSmallerBatch(error: unknown): unknown {
  if (!(error instanceof MoatError) || typeof error.details['smallerBatchSize'] !== 'number') return error;
  const { code, message, details } = error;
  return new MoatError(code, `${message} Try --batch ${String(details['smallerBatchSize'])}.`, {
    details,
    cause: error,
  });
}
