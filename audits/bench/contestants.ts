import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { candidateName, candidates, type Candidate } from './candidates.ts';
import { stepDefaults } from './networks.ts';
import type { Contestant } from './run-benchmark.ts';
import { engineSide, startSide } from './side-process.ts';

/** The least that shows that an engine trains on its device: seconds on the slowest. */
const TRIAL = { kind: 'training', network: 'small-cnn-16px', batchSize: 2, ...stepDefaults } as const;

export interface Field {
  readonly contestants: readonly Contestant[];
  /** Why the others do not take part. */
  readonly notes: readonly string[];
}

/**
 * Every engine and device that trains here, each tried in a process of its own: a driver may take it along.
 * @param engines only these; all when empty
 */
export async function engineContestants(threads: number, engines: readonly string[] = []): Promise<Field> {
  const contestants: Contestant[] = [];
  const notes: string[] = [];
  for (const { candidate, missing } of await candidates(threads)) {
    if (engines.length > 0 && !engines.includes(candidate.engine)) continue;
    const reason = missing ?? (await trialFailure(candidate));
    const name = candidateName(candidate);
    if (reason === null) contestants.push({ ...candidate, name, isReference: false, command: engineSide });
    else notes.push(`${name} does not take part: ${reason}`);
  }
  return { contestants, notes };
}

async function trialFailure(candidate: Candidate): Promise<string | null> {
  const side = startSide(engineSide);
  const folder = mkdtempSync(path.join(tmpdir(), 'moat-bench-trial-'));
  try {
    await side.open({ ...candidate, workload: TRIAL, folder, writeArrays: false, reference: [] });
    return null;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } finally {
    await side.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
