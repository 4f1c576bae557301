import type { Engine } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import { systemClock } from '../run/system-clock.ts';
import { createEngine } from '../tensor/engine.ts';
import { agrees, compareStep } from './parity.ts';
import { parityNet, smallBatch, smallStep, speedNet } from './small-net.ts';
import type { Candidate, TrialMessage } from './try-device.ts';

const MEASURED_MS = 1000;

/** What the process of a trial does: says what it finds, in the order of `TrialMessage`. */
export async function runTrial(
  { engine: id, device }: Candidate,
  say: (message: TrialMessage) => Promise<void>,
): Promise<void> {
  try {
    const engine = await createEngine(id, { threads: 1, device });
    const reference = await createEngine('reference', { threads: 1 });
    const parity = await compareStep(engine, reference, smallStep(parityNet), smallBatch(parityNet, 0));
    await say({ type: 'parity', parity, agrees: agrees(parity) });
    if (id !== 'reference') await say({ type: 'speed', stepsPerSecond: await measureSpeed(engine) });
  } catch (error) {
    await say({ type: 'failed', error: MoatError.from(error).toJSON() });
  }
}

/** Steps per second after a first block, which pays for whatever the driver compiles. */
async function measureSpeed(engine: Engine): Promise<number> {
  const step = await engine.compile(smallStep(speedNet));
  const block = Array.from({ length: engine.stepsPerRun }, (_, at) => smallBatch(speedNet, at));
  await step.runMany(block);
  const started = systemClock.monotonicMs();
  let steps = 0;
  let elapsedMs = 0;
  do {
    await step.runMany(block);
    steps += block.length;
    elapsedMs = systemClock.monotonicMs() - started;
  } while (elapsedMs < MEASURED_MS);
  await step.dispose();
  return (steps * 1000) / elapsedMs;
}
