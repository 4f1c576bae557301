import type { Engine, EngineId } from '../contract/engine.ts';
import { createEngine } from '../tensor/engine.ts';

/** What a workload can run on: an engine on a device. */
export interface Candidate {
  readonly engine: EngineId;
  readonly device: string;
  readonly threads: number;
}

export interface Candidacy {
  readonly candidate: Candidate;
  /** Why this machine cannot, as far as can be told without trying. */
  readonly missing: string | null;
}

/** Every engine worth timing. The reference engine is left out: it is there to be right, hundreds of times slower. */
export async function candidates(threads: number): Promise<readonly Candidacy[]> {
  return [{ candidate: { engine: 'onnx', device: 'cpu', threads }, missing: null }];
}

export function candidateName({ engine, device }: Pick<Candidate, 'engine' | 'device'>): string {
  return `${engine} ${device}`;
}

const engineIds: readonly EngineId[] = ['onnx', 'reference'];

/** @throws RangeError for an engine that there is not; whatever the engine says where it cannot use the device */
export async function openCandidate(candidate: {
  readonly engine: string;
  readonly device: string;
  readonly threads: number;
}): Promise<Engine> {
  const id = engineIds.find((known) => known === candidate.engine);
  if (id === undefined) throw new RangeError(`there is no engine ${candidate.engine}`);
  return createEngine(id, { threads: candidate.threads });
}
