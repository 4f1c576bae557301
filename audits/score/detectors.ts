import type { DetectorEvaluation, DetectionByAttack, Estimate, QueryCurve } from '../contract/result.ts';
import { createRng } from '../rng.ts';
import { binomialBounds } from './binomial.ts';
import { FALSE_POSITIVE_RATES, notEstimable } from './detection-rates.ts';
import type { Evidence } from './evidence.ts';
import { readingsOf, type CellGroup } from './groups.ts';
import { gainAt } from './query-points.ts';
import { createReplicator, deviation, toEstimate, type Replicator, type SeedReading } from './intervals.ts';
import { quantities, type Quantity } from './quantities.ts';

const SCORE = 'detection-score:';
const AREA = 'detection-auc:';
const STREAMS_METHOD =
  "95 %: exact binomial over one seed's independent streams, widened by Student's t over seeds";

/**
 * How well each defense that watches tells thieves from honest accounts, from its detection cells. Seeds draw their streams
 * from the same images, so a share's interval counts the streams of one seed only. No verdict rests on it.
 */
export function evaluateDetectors(
  evidence: Evidence,
  curves: readonly QueryCurve[],
): readonly DetectorEvaluation[] {
  const replicator = createReplicator(createRng(evidence.config.seed).derive('intervals/detection'));
  return evidence.groups.detection
    .filter(({ done }) => done.length > 0)
    .map((group) => {
      const strongest = curves.find(({ defense, attack }) => defense === group.defense && attack === null);
      return evaluateDetector(group, evidence, replicator, strongest);
    });
}

function evaluateDetector(
  group: CellGroup,
  { measurements }: Evidence,
  replicator: Replicator,
  strongest: QueryCurve | undefined,
): DetectorEvaluation {
  const readings = (metric: string): readonly SeedReading[] =>
    readingsOf(group.done, measurements, metric, null);
  const mean = (metric: string): Estimate => meanOf(readings(metric), replicator, metric, group.defense);
  const share = (metric: string, trials: number): Estimate =>
    shareOf(mean(metric), readings(metric).length === 0 ? 0 : trials);
  const streamsOf = (kind: string): number => fewestItems(readings(SCORE + kind));
  const metrics = new Set(
    group.done.flatMap(({ key }) => (measurements.get(key) ?? []).map(({ metric }) => metric)),
  );
  const kinds = [...metrics]
    .filter((metric) => metric.startsWith(SCORE))
    .map((metric) => metric.slice(SCORE.length));
  const isAttack = (kind: string): boolean => metrics.has(AREA + kind);
  const benignKinds = kinds.filter((kind) => !isAttack(kind));
  const benignStreams = benignKinds.reduce((sum, kind) => sum + streamsOf(kind), 0);
  const byAttack = (kind: string): DetectionByAttack => {
    const streams = streamsOf(kind);
    const delays = readings(`queries-until-alarm:${kind}`);
    const queriesUntilAlarm =
      delays.length === 0
        ? null
        : meanOf(delays, replicator, `queries-until-alarm:${kind}`, group.defense, quantities.count);
    return {
      kind,
      streams,
      area: share(AREA + kind, Math.min(streams, benignStreams)),
      alarmRate: share(`alarm-rate:${kind}`, streams),
      truePositives: FALSE_POSITIVE_RATES.map((falsePositiveRate) => {
        const metric = `detection-tpr-${falsePositiveRate * 100}%:${kind}`;
        return readings(metric).length === group.done.length
          ? { falsePositiveRate, rate: share(metric, streams), reason: null }
          : {
              falsePositiveRate,
              rate: null,
              reason:
                notEstimable(benignStreams, streams, falsePositiveRate) ?? 'not measured with every seed',
            };
      }),
      queriesUntilAlarm,
      stolenGainAtAlarm:
        queriesUntilAlarm === null ? null : gainAt(strongest?.points ?? [], queriesUntilAlarm.value),
    };
  };
  const error = (metric: string): { readonly rate: Estimate; readonly deviation: number } => ({
    rate: mean(metric),
    deviation: deviation(readings(metric).flatMap(({ items }) => Array.from(items ?? []))),
  });
  return {
    defense: group.defense,
    benignStreams,
    benign: benignKinds.map((kind) => ({
      kind,
      streams: streamsOf(kind),
      alarmRate: share(`alarm-rate:${kind}`, streamsOf(kind)),
    })),
    attacks: kinds.filter(isAttack).map(byAttack),
    nearDuplicates: metrics.has('near-duplicate-fpr')
      ? { falsePositives: error('near-duplicate-fpr'), falseNegatives: error('near-duplicate-fnr') }
      : null,
  };
}

function meanOf(
  readings: readonly SeedReading[],
  replicator: Replicator,
  metric: string,
  defense: string,
  quantity: Quantity = quantities.share,
): Estimate {
  return toEstimate(replicator.mean(readings, metric, JSON.stringify([defense, metric])), quantity);
}

/**
 * A bootstrap of streams that all came out alike sees no spread; the exact bounds of as many trials do. For the area under the
 * curve the trials are the pairs that share no stream, the smaller of both sides: it varies no more than their share
 * (Hoeffding 1963, section 5).
 */
function shareOf(estimate: Estimate, trials: number): Estimate {
  const { value, low, high } = estimate;
  if (trials === 0 || low === null || high === null) return estimate;
  const below = binomialBounds(Math.min(trials, Math.floor(value * trials + ROUNDING)), trials).low;
  const above = binomialBounds(Math.min(trials, Math.ceil(value * trials - ROUNDING)), trials).high;
  return {
    ...estimate,
    low: Math.min(low, below),
    high: Math.max(high, above),
    items: trials,
    method: STREAMS_METHOD,
  };
}

/** A mean of Float32 shares that is whole but for rounding. */
const ROUNDING = 1e-6;

function fewestItems(readings: readonly SeedReading[]): number {
  return readings.length === 0 ? 0 : Math.min(...readings.map(({ items }) => items?.length ?? 0));
}
