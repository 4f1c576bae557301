import type { Flag } from '../contract/result.ts';
import { adaptiveAttackMissing } from './adaptive-attack-missing.ts';
import { adaptiveWorseThanPlain } from './adaptive-worse-than-plain.ts';
import type { Check, CheckContext } from './check.ts';
import { dimensionMismatch } from './dimension-mismatch.ts';
import { dominantSeed } from './dominant-seed.ts';
import { noiseScale } from './noise-scale.ts';
import { nonDeterministicVictim } from './non-deterministic-victim.ts';
import { notConverged } from './not-converged.ts';
import { nothingToSteal } from './nothing-to-steal.ts';
import { poolDuplicates } from './pool-duplicates.ts';
import { probeAtChance } from './probe-at-chance.ts';
import { saturatedPValue } from './saturated-p-value.ts';
import { smallerBatch } from './smaller-batch.ts';
import { timeLimit } from './time-limit.ts';
import { tooFewRepeats } from './too-few-repeats.ts';
import { trainingFailed } from './training-failed.ts';
import { unresolvablePolicy } from './unresolvable-policy.ts';
import { weakAttacks } from './weak-attacks.ts';

/**
 * Every validity check, in the order in which flags are listed within a severity. Overlap of the pool with evaluation
 * images is flagged by the preparation, which compares the pixels.
 */
export const checks: readonly Check[] = [
  weakAttacks,
  probeAtChance,
  nothingToSteal,
  trainingFailed,
  notConverged,
  smallerBatch,
  tooFewRepeats,
  timeLimit,
  adaptiveAttackMissing,
  adaptiveWorseThanPlain,
  noiseScale,
  dominantSeed,
  nonDeterministicVictim,
  unresolvablePolicy,
  poolDuplicates,
  dimensionMismatch,
  saturatedPValue,
];

/** What the preparation flagged and what the checks find, the most severe first. */
export function runChecks(context: CheckContext): readonly Flag[] {
  const order: readonly Flag['severity'][] = ['invalidates', 'weakens', 'note'];
  const prepared = context.evidence.preparation.flags;
  const found = checks
    // The preparation saw the files themselves: what it flagged needs no second flag of the same name.
    .filter(({ id }) => !prepared.some((flag) => flag.id === id))
    .flatMap((check) => check.run(context).map((flag): Flag => ({ id: check.id, ...flag })));
  return [...prepared, ...found].toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}
