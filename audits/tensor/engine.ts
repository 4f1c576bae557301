import type { DeviceId, Engine, EngineId } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import { engineList } from './engine-list.ts';

export interface EngineOptions {
  /** For what runs on the CPU. */
  readonly threads: number;
  /** Default: `cpu`. */
  readonly device?: DeviceId;
}

/** @throws MoatError device-unavailable when this machine lacks the engine, or the engine the device */
export async function createEngine(
  id: EngineId,
  { threads, device = 'cpu' }: EngineOptions,
): Promise<Engine> {
  const entry = engineList.find((candidate) => candidate.id === id);
  if (entry === undefined || !entry.devices.includes(device))
    throw new MoatError('device-unavailable', `There is no engine ${id} for the device ${device}.`);
  const missing = await entry.missing(device);
  if (missing !== undefined)
    throw new MoatError('device-unavailable', missing.reason, {
      details: { device, advice: missing.advice },
    });
  return entry.open(device, threads);
}
