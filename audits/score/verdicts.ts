import type {
  DefenseVerdict,
  Estimate,
  HonestUserCost,
  ReplyOverhead,
  VerdictWord,
} from '../contract/result.ts';
import type { MethodSpec } from '../contract/method.ts';
import { applyPolicy, brokenDemands, type Criterion } from './criteria.ts';
import { negated, type Evidence, type Gain } from './evidence.ts';
import { extremeEstimate, largestOf, largestRatio } from './extremes.ts';
import { noDefense } from './groups.ts';
import { findGaps, gainsOf, isFaced, isJudged, whyNoGain } from './gaps.ts';
import { toEstimate, type Replicated } from './intervals.ts';
import { clipped, quantities, type Quantity, unbounded } from './quantities.ts';
import { listed, withInterval } from './sentences.ts';

/**
 * One verdict per defense, in this order of precedence:
 * - `fail`: some demand of the policy is broken by a whole interval; one attack suffices, and what else ran does not
 *   matter. A failure at a smaller budget than the policy's is one too; one at a larger budget is not.
 * - `not-measured`: no failure shown, and something a pass rests on is missing: a mandatory attack, any other planned
 *   attack that failed or did not run, the policy's budget or accounts, intervals, an attack strong enough undefended.
 * - `inconclusive`: everything ran, and an interval straddles a limit.
 * - `pass`: everything ran, every interval keeps its limit. A preset that may not clear a defense gives
 *   `not-measured` here, not `inconclusive`: no number is in doubt, the missing part is the rest of the battery.
 */
export function judgeDefenses(evidence: Evidence): readonly DefenseVerdict[] {
  const undefended = withIntervals(gainsOf(evidence, noDefense));
  return evidence.groups.defenses.map(({ label, chain }) => judgeDefense(evidence, label, chain, undefended));
}

/**
 * Where some attacks have an interval, those decide: one attack that lost a seed must not hide what another one took.
 * What it lacks stands among the gaps, so nothing passes on the strength of the rest.
 */
function withIntervals(gains: readonly Gain[]): readonly Gain[] {
  const bounded = gains.filter(({ gain }) => gain.draws !== null);
  return bounded.length > 0 ? bounded : gains;
}

function judgeDefense(
  evidence: Evidence,
  label: string,
  chain: readonly MethodSpec[],
  undefended: readonly Gain[],
): DefenseVerdict {
  const gains = withIntervals(gainsOf(evidence, label));
  const parts = gains.map(({ gain }) => gain);
  const worst = largestOf(parts);
  const worstStolenGain = extremeEstimate(parts, quantities.ratio);
  const protection =
    label === noDefense ? byDefinition(worstStolenGain) : protectionOf(gains, undefended, worstStolenGain);
  const honest = honestCosts(evidence, label);
  const counted = evidence.honest.filter(({ group, isCounted }) => group.defense === label && isCounted);
  const losses = counted.flatMap(({ probeLoss, knnLoss }) =>
    [probeLoss, knnLoss].filter((loss) => loss !== undefined),
  );
  const recalls = counted.flatMap(({ recall }) => (recall === undefined ? [] : [negated(recall)]));
  const worstHonestLoss = extremeEstimate(losses, quantities.difference);
  const worstRecallAt10 = flipped(extremeEstimate(recalls, unbounded('fraction')), quantities.share);
  const mustFace = evidence.facts.mustFace(chain);
  const missingAttacks = mustFace.filter((id) => !isFaced(evidence, { label, chain }, id));
  const criteria = applyPolicy(
    evidence.config.policy,
    { protection, worstStolenGain, worstHonestLoss, worstRecallAt10 },
    { honestUsers: chain.length > 0 },
  );
  const gaps = findGaps(evidence, { label, chain }, missingAttacks, undefended);
  const unmeasured = evidence.groups.attacks.find(
    (group) => group.defense === label && isJudged(evidence, group) && group.state === 'done',
  );
  const nothing =
    worst !== undefined
      ? undefined
      : unmeasured === undefined
        ? (gaps[0] ?? 'no attack on it was measured')
        : whyNoGain(evidence, unmeasured);
  const decided = decide(evidence, chain, criteria, gaps, nothing);
  const strongestAttack = worst === undefined ? null : (gains[worst.index]?.group.attack ?? null);
  return {
    defense: label,
    ...(label === noDefense && decided.verdict === 'fail' && worstStolenGain !== null
      ? verdict(
          'fail',
          `nothing stands in the way: ${strongestAttack ?? ''} takes ${withInterval(worstStolenGain)}`,
        )
      : decided),
    strongestAttack,
    worstStolenGain,
    protection,
    honest,
    overhead: overheadOf(evidence, label),
    worstHonestLoss,
    worstRecallAt10,
    mustFace,
    missingAttacks,
  };
}

function decide(
  evidence: Evidence,
  chain: readonly MethodSpec[],
  criteria: readonly Criterion[],
  gaps: readonly string[],
  nothingMeasured: string | undefined,
): { readonly verdict: VerdictWord; readonly reason: string } {
  const { judgedBudget } = evidence;
  const broken = brokenDemands({ policy: evidence.config.policy, judgedBudget }, criteria);
  if (broken.length > 0) return verdict('fail', listed(broken.map(({ sentence }) => sentence)));
  if (nothingMeasured !== undefined) return verdict('not-measured', nothingMeasured);
  if (gaps.length > 0) return verdict('not-measured', gaps.slice(0, 2).join('; '));
  const unknown = criteria.find(({ outcome }) => outcome === 'unknown');
  if (unknown !== undefined) return verdict('not-measured', unknown.sentence);
  const unsure = criteria.filter(({ outcome }) => outcome === 'straddles');
  if (unsure.length > 0) return verdict('inconclusive', listed(unsure.map(({ sentence }) => sentence)));
  const kept = listed(criteria.map(({ sentence }) => sentence));
  if (evidence.facts.isRecorded(chain))
    return verdict(
      'not-measured',
      `what ran keeps the policy, but recorded replies cannot be attacked adaptively, so they never pass: ${kept}`,
    );
  if (!evidence.config.preset.canPass)
    return verdict(
      'not-measured',
      `what ran keeps the policy, but preset ${evidence.config.preset.id} runs too little to clear a defense: ${kept}`,
    );
  return verdict('pass', kept);
}

function verdict(
  word: VerdictWord,
  sentence: string,
): { readonly verdict: VerdictWord; readonly reason: string } {
  return { verdict: word, reason: `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.` };
}

/** Without a defense nothing is protected, by definition; null where nothing was stolen that could be. */
function byDefinition(worst: Estimate | null): Estimate | null {
  if (worst === null || worst.low === null || !(worst.low > 0)) return null;
  return { ...worst, value: 0, low: 0, high: 0, unit: 'fraction', method: 'by definition' };
}

/**
 * `1 - max SG(defended) / max SG(none)`, both maxima over attacks, on the task where that is the least; null while no task
 * has an undefended maximum above zero.
 */
function protectionOf(
  defended: readonly Gain[],
  undefended: readonly Gain[],
  worst: Estimate | null,
): Estimate | null {
  const tasks = [...new Set(undefended.map(({ task }) => task))];
  const on = (gains: readonly Gain[], wanted: string): readonly Replicated[] =>
    gains.flatMap(({ task, gain }) => (task === wanted ? [gain] : []));
  const ratio = largestRatio(
    tasks.map((task) => ({ numerators: on(defended, task), denominators: on(undefended, task) })),
  );
  if (ratio === undefined || worst === null) return null;
  const bounded = ratio.low !== null && ratio.high !== null && Number.isFinite(ratio.high);
  const method = bounded || worst.low === null ? worst.method : 'no upper bound of the stolen gain';
  return {
    ...worst,
    value: 1 - ratio.value,
    low: bounded ? 1 - (ratio.high ?? 0) : null,
    high: bounded ? 1 - (ratio.low ?? 0) : null,
    unit: 'fraction',
    method,
  };
}

function honestCosts(evidence: Evidence, label: string): readonly HonestUserCost[] {
  const estimate = (value: Replicated | undefined, quantity: Quantity): Estimate | null =>
    value === undefined ? null : toEstimate(value, quantity);
  return evidence.honest
    .filter(({ group }) => group.defense === label)
    .map(({ task, breadth, rows, isCounted, probeLoss, knnLoss, recall, ...more }) => ({
      task,
      breadth,
      rows,
      isCounted,
      probeLoss: estimate(probeLoss, quantities.difference),
      knnLoss: estimate(knnLoss, quantities.difference),
      recallAt10: estimate(recall, quantities.share),
      refused: estimate(more.refused, quantities.share),
      driftCosine: estimate(more.driftCosine, quantities.cosine),
      driftRecallAt10: estimate(more.driftRecall, quantities.share),
    }));
}

/** Means over the finished cells of honest users; null where none was measured. */
function overheadOf(evidence: Evidence, label: string): ReplyOverhead {
  const groups = evidence.groups.honest.filter(({ defense }) => defense === label);
  const cells = groups.flatMap(({ done }) => done);
  const times = cells.flatMap(({ diagnostics }) => diagnostics['microsecondsPerReply'] ?? []);
  const sizes = evidence.tasks.flatMap(({ name }) =>
    evidence.readings(cells, 'honest-reply-bytes', name).map(({ value }) => value),
  );
  const mean = (values: readonly number[]): number | null =>
    values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  return { microseconds: mean(times), bytes: mean(sizes) };
}

/** The smallest of several quantities from the largest of their negatives. */
function flipped(estimate: Estimate | null, quantity: Quantity): Estimate | null {
  if (estimate === null) return null;
  const { value, low, high } = estimate;
  const ends = { low: high === null ? null : -high, high: low === null ? null : -low };
  return { ...estimate, value: -value, ...clipped(ends, quantity) };
}
