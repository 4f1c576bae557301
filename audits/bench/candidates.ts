import { deviceIds, type DeviceId, type Engine, type EngineId } from '../contract/engine.ts';
import { tryDevice } from '../devices/try-device.ts';
import { createEngine } from '../tensor/engine.ts';
import { engineList, type EngineEntry } from '../tensor/engine-list.ts';

/** What a workload can run on: an engine on a device. */
export interface Candidate {
  readonly engine: EngineId;
  readonly device: DeviceId;
  readonly threads: number;
}

export interface Candidacy {
  readonly candidate: Candidate;
  /** Why this machine cannot; null where a step was trained. */
  readonly failure: string | null;
}

/** A bench has more patience than the start of an audit. */
const TRIAL_MS = 120_000;

/**
 * Every engine on every device, each tried in a process of its own where nothing is known to be missing. The reference
 * engine is left out: it is there to be right, hundreds of times slower.
 * @param engines only these; all when empty
 */
export async function candidates(
  threads: number,
  engines: readonly string[],
  list: readonly EngineEntry[] = engineList,
): Promise<readonly Candidacy[]> {
  const found: Candidacy[] = [];
  for (const entry of list) {
    if (engines.length > 0 ? !engines.includes(entry.id) : !entry.isForAudits) continue;
    for (const device of entry.devices) {
      const candidate = { engine: entry.id, device, threads };
      found.push({ candidate, failure: await failureOf(entry, candidate) });
    }
  }
  return found;
}

async function failureOf(entry: EngineEntry, candidate: Candidate): Promise<string | null> {
  const missing = await entry.missing(candidate.device);
  if (missing !== undefined) return `${missing.reason} ${missing.advice}`;
  const trial = await tryDevice(candidate, { timeoutMs: TRIAL_MS, withSpeed: false });
  return trial.usable ? null : `${trial.reason} ${trial.advice}`;
}

export function candidateName({ engine, device }: Pick<Candidate, 'engine' | 'device'>): string {
  return `${engine} ${device}`;
}

/** @throws RangeError for an engine or a device that there is not; MoatError `device-unavailable` */
export async function openCandidate(wanted: {
  readonly engine: string;
  readonly device: string;
  readonly threads: number;
}): Promise<Engine> {
  const entry = engineList.find(({ id }) => id === wanted.engine);
  const device = deviceIds.find((known) => known === wanted.device);
  if (entry === undefined || device === undefined)
    throw new RangeError(`there is no engine ${wanted.engine} for a device ${wanted.device}`);
  return createEngine(entry.id, { threads: wanted.threads, device });
}
