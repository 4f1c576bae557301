import { z } from 'zod';
import { matrix, matrixRow, type Matrix } from '../contract/data.ts';
import { defineDefense } from './define-defense.ts';
import { oncePerProvider } from './per-provider.ts';
import { createRowHistory } from './row-history.ts';

/**
 * Calibrated proof of work (Dziedzic et al. 2022, ICLR) as a cost model: nothing is hashed. A client solves a puzzle before
 * each answer; the work grows like `base^(excess cost)`, where the cost of a query is what it reveals beyond the account's
 * history. Encoders have no softmax to take a privacy cost from, so the cost is novelty: one minus the largest cosine to
 * anything the account sent before, in units of the mean novelty of the provider's own stream. An account like the provider's
 * own pays for each query about what the answer itself takes (`honestFactor` 2: twice the time in all).
 *
 * Threat model: it raises cost and never lowers fidelity. Hardware, patience and more accounts pay it.
 */
const config = z.object({
  /** Growth of the work per unit of excess cost (the released code's constant). */
  base: z.number().gt(1).max(10).default(1.0075),
  /** Total time of an ordinary account, in multiples of the time without puzzles. */
  honestFactor: z.number().min(1).max(1000).default(2),
  /** Seconds the service takes for one answer. An assumption: a tenth, network included. */
  serviceSeconds: z.number().gt(0).max(3600).default(0.1),
  /** US dollars for an hour of one core. An assumption: a rented core of an ordinary cloud machine. */
  dollarsPerCoreHour: z.number().min(0).max(1000).default(0.05),
});

/** Seconds which a puzzle with so many leading zero bits took on one core, as released with the paper (landscape D4). */
const MEASURED_SECONDS: readonly (readonly [bits: number, seconds: number])[] = [
  [16, 0.24],
  [20, 2.9],
  [24, 23],
  [28, 666],
];
/** Nobody solves this; it keeps the sums finite. */
const MOST_BITS = 128;

export const proofOfWork = defineDefense({
  meta: {
    id: 'proof-of-work',
    version: 1,
    title: 'Proof of work',
    summary: 'Makes a client compute before each answer, the more the newer its queries are.',
    reference: {
      authors: 'A. Dziedzic, M. A. Kaleem, Y. S. Lu, N. Papernot',
      title: 'Increasing the Cost of Model Extraction with Calibrated Proof of Work',
      venue: 'ICLR',
      year: 2022,
      url: 'https://arxiv.org/abs/2201.09243',
    },
    mechanism: 'Queries that reveal more than an ordinary customer’s take longer to pay for.',
    mustFace: ['direct-extraction', 'sybil-remap', 'defense-aware-schedule'],
    stateful: true,
  },
  config,
  openSession({ config: settings, provider }) {
    const unit = ordinaryNovelty(provider, undefined);
    const history = createRowHistory(provider.embeddings.columns);
    const ordinarySeconds = (settings.honestFactor - 1) * settings.serviceSeconds;
    let cost = 0;
    let rows = 0;
    let seconds = 0;
    return {
      reply({ data, rows: count, columns }) {
        const embeddings = matrix(data.slice(), count, columns);
        for (let row = 0; row < count; row++) {
          const query = matrixRow(embeddings, row);
          cost += novelty(query, history) / unit;
          rows += 1;
          // An ordinary account's cost is a straight line: one unit per query.
          const asked = Math.log2(ordinarySeconds) + (cost - rows) * Math.log2(settings.base);
          if (ordinarySeconds > 0) seconds += secondsOfBits(Math.round(bitsOfLogSeconds(asked)));
        }
        return embeddings;
      },
      charges: () => ({ seconds, dollars: (seconds / 3600) * settings.dollarsPerCoreHour }),
    };
  },
});

/** What a query adds to the account's history, 0 for a repeat; the first query counts 1. Adds the query. */
function novelty(query: Float32Array, history: ReturnType<typeof createRowHistory>): number {
  const cosine = history.largestCosine(query);
  history.add(query);
  return Number.isFinite(cosine) ? Math.max(0, 1 - cosine) : 1;
}

/** Mean novelty per query of the provider's own data sent by one account: the line through the origin that ends where it ends. */
const ordinaryNovelty = oncePerProvider(
  ({ embeddings }): number => {
    const total = totalNovelty(embeddings);
    return total > 0 ? total / embeddings.rows : 1;
  },
  () => '',
);

function totalNovelty(embeddings: Matrix): number {
  const history = createRowHistory(embeddings.columns);
  return Array.from({ length: embeddings.rows }, (_, row) =>
    novelty(matrixRow(embeddings, row), history),
  ).reduce((sum, value) => sum + value, 0);
}

/**
 * Seconds of work for a puzzle: the measured table, straight lines in its logarithm between the points, and a doubling per
 * bit beyond its ends.
 */
function secondsOfBits(bits: number): number {
  return 2 ** logSecondsOfBits(Math.min(MOST_BITS, bits));
}

function logSecondsOfBits(bits: number): number {
  const [low, high] = segmentOf(([from]) => bits >= from);
  return low[1] + (bits - low[0]) * slope(low, high);
}

function bitsOfLogSeconds(logSeconds: number): number {
  const [low, high] = segmentOf(([, from]) => logSeconds >= from);
  return low[0] + (logSeconds - low[1]) / slope(low, high);
}

type Point = readonly [bits: number, logSeconds: number];

/** The table as points (bits, log2 seconds), with one point a doubling away beyond each end. */
const points: readonly Point[] = (() => {
  const inner = MEASURED_SECONDS.map(([bits, seconds]): Point => [bits, Math.log2(seconds)]);
  const [first, last] = [inner.at(0) ?? [0, 0], inner.at(-1) ?? [0, 0]];
  return [[first[0] - 1, first[1] - 1], ...inner, [last[0] + 1, last[1] + 1]];
})();

/** The segment whose start is the last point that `isReached`; the first segment goes on below it, the last one above. */
function segmentOf(isReached: (point: Point) => boolean): readonly [low: Point, high: Point] {
  const at = Math.min(points.length - 2, Math.max(0, points.findLastIndex(isReached)));
  const [low, high] = points.slice(at, at + 2);
  return [low ?? [0, 0], high ?? [1, 1]];
}

function slope([lowBits, lowSeconds]: Point, [highBits, highSeconds]: Point): number {
  return (highSeconds - lowSeconds) / (highBits - lowBits);
}
