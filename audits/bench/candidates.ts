import { deviceIds, type DeviceId, type Engine, type EngineId } from '../contract/engine.ts';
import { createEngine } from '../tensor/engine.ts';
import { engineList } from '../tensor/engine-list.ts';

/** What a workload can run on: an engine on a device. */
export interface Candidate {
  readonly engine: EngineId;
  readonly device: DeviceId;
  readonly threads: number;
}

export interface Candidacy {
  readonly candidate: Candidate;
  /** Why this machine cannot, as far as can be told without trying. */
  readonly missing: string | null;
}

/** Every engine worth timing. The reference engine is left out: it is there to be right, hundreds of times slower. */
export async function candidates(threads: number): Promise<readonly Candidacy[]> {
  const found: Candidacy[] = [];
  for (const engine of engineList.filter(({ isForAudits }) => isForAudits))
    for (const device of engine.devices) {
      const missing = await engine.missing(device);
      found.push({ candidate: { engine: engine.id, device, threads }, missing: missing?.reason ?? null });
    }
  return found;
}

export function candidateName({ engine, device }: Pick<Candidate, 'engine' | 'device'>): string {
  return `${engine} ${device}`;
}

/** @throws RangeError for an engine or device that there is not; whatever the engine says where it cannot use the device */
export async function openCandidate(candidate: {
  readonly engine: string;
  readonly device: string;
  readonly threads: number;
}): Promise<Engine> {
  const entry = engineList.find(({ id }) => id === candidate.engine);
  const device = deviceIds.find((id) => id === candidate.device);
  if (entry === undefined || device === undefined)
    throw new RangeError(`there is no engine ${candidate.engine} on ${candidate.device}`);
  return createEngine(entry.id, { threads: candidate.threads, device });
}
