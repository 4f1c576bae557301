import { candidateName, candidates } from './candidates.ts';
import type { Contestant } from './run-benchmark.ts';
import { engineSide } from './side-process.ts';

export interface Field {
  readonly contestants: readonly Contestant[];
  /** Names of those that cannot take part. */
  readonly absent: readonly string[];
  /** Why, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Every engine and device that trains here.
 * @param engines only these; all when empty
 */
export async function engineContestants(threads: number, engines: readonly string[] = []): Promise<Field> {
  const all = await candidates(threads, engines);
  const usable = all.filter(({ failure }) => failure === null);
  const absent = all.filter(({ failure }) => failure !== null);
  return {
    contestants: usable.map(({ candidate }) => ({
      ...candidate,
      name: candidateName(candidate),
      isReference: false,
      command: engineSide,
    })),
    absent: absent.map(({ candidate }) => candidateName(candidate)),
    notes: absent.map(
      ({ candidate, failure }) => `${candidateName(candidate)} does not take part: ${failure}`,
    ),
  };
}
