import type { DeviceId, EngineId } from '../contract/engine.ts';
import { cachedTrials, type TryCandidate } from '../devices/trial-cache.ts';
import { tryDevice, type Trial } from '../devices/try-device.ts';
import { engineList, type EngineEntry } from '../tensor/engine-list.ts';
import { absent, ok, problem, warning, type DoctorCheck } from './checks.ts';

/** Somebody waits for an answer about this machine: longer than before an audit, where the next best device will do. */
const PATIENCE_MS = 30_000;

/**
 * Every engine on every device: why it cannot be used, or that a training step on it (two 3x3 convolutions on 8x8 images)
 * agrees with the reference engine, and how fast it is. Measured now, and kept for the audits to come.
 */
export async function checkEngines(
  tryCandidate: TryCandidate = cachedTrials({
    refresh: true,
    tryCandidate: (candidate) => tryDevice(candidate, { timeoutMs: PATIENCE_MS }),
  }),
  engines: readonly EngineEntry[] = engineList,
): Promise<readonly DoctorCheck[]> {
  const checks: DoctorCheck[] = [];
  for (const engine of engines)
    for (const device of engine.devices) {
      const id = `${engine.id} on ${device}`;
      const missing = await engine.missing(device);
      if (missing !== undefined) checks.push(absent(id, missing.reason, missing.advice));
      // It is what the others are compared with.
      else if (engine.id === 'reference') checks.push(ok(id, 'It is there, for comparisons.'));
      else checks.push(judgeTrial(engine.id, device, await tryCandidate({ engine: engine.id, device })));
    }
  return checks;
}

/** The processor must work: audits need nothing else, and can do with nothing less. */
export function judgeTrial(engine: EngineId, device: DeviceId, trial: Trial): DoctorCheck {
  const id = `${engine} on ${device}`;
  if (!trial.usable) {
    if (trial.timedOut === true) return warning(id, trial.reason, trial.advice);
    if (device === 'cpu') return problem(id, trial.reason, trial.advice);
    const isWrong = trial.reason.includes('differs');
    return (isWrong ? warning : absent)(id, trial.reason, trial.advice);
  }
  const difference = Math.max(trial.parity.loss, trial.parity.update).toExponential(1);
  const speed =
    trial.stepsPerSecond === null
      ? 'too slow to measure'
      : `${trial.stepsPerSecond.toPrecision(2)} steps a second of a small network`;
  return ok(id, `A training step agrees with the reference engine within ${difference}; ${speed}.`);
}
