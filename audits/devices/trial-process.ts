/** Entry of the process in which a device is tried: says what it finds and ends. */
import process from 'node:process';
import type { DeviceId, Engine, EngineId } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import { systemClock } from '../run/system-clock.ts';
import { createEngine } from '../tensor/engine.ts';
import { agrees, compareStep } from './parity.ts';
import { parityNet, smallBatch, smallStep, speedNet } from './small-net.ts';
import type { TrialMessage } from './try-device.ts';

const MEASURED_MS = 1000;

function say(message: TrialMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(message, () => resolve());
  });
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

try {
  const [id, device] = process.argv.slice(2) as [EngineId, DeviceId];
  const engine = await createEngine(id, { threads: 1, device });
  const reference = await createEngine('reference', { threads: 1 });
  const parity = await compareStep(engine, reference, smallStep(parityNet), smallBatch(parityNet, 0));
  await say({ type: 'parity', parity, agrees: agrees(parity) });
  if (id !== 'reference') await say({ type: 'speed', stepsPerSecond: await measureSpeed(engine) });
} catch (error) {
  await say({ type: 'failed', error: MoatError.from(error).toJSON() });
}
process.exit(0);
