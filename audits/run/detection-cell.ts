import type { Measurement } from '../contract/cell.ts';
import { selectRows, type Matrix } from '../contract/data.ts';
import type { Detection, MethodSpec, ProviderStatistics } from '../contract/method.ts';
import { openChainSession } from '../defenses/chain.ts';
import type { Rng } from '../rng.ts';
import { rocArea, truePositiveRate } from '../score/detection-rates.ts';

/** Images a stream can be made of: clean embeddings, identities and classes (-1: none). */
export interface StreamImages {
  readonly embeddings: Matrix;
  readonly hashes: readonly string[];
  readonly labels: Int32Array;
}

export interface DetectionOptions {
  readonly defense: readonly MethodSpec[];
  readonly calibration: readonly ProviderStatistics[];
  /** The service's key. */
  readonly key: Rng;
  /** Which images are whose. */
  readonly rng: Rng;
}

/** Rows per stream: twice what the detectors need before they say anything. */
const STREAM_ROWS = 200;
/** Accounts over which a thief spreads a stream: the policy's default number. */
const SYBIL_ACCOUNTS = 5;
const FALSE_POSITIVE_RATES = [0.01, 0.001] as const;

type Stream = readonly (readonly number[])[];

/**
 * How a detector tells accounts apart. Benign streams are made of the provider's own images, each image in one stream only, so
 * that the streams are independent: `broad` (any images), `narrow` (one class), `batch-upload` (class after class) and
 * `re-indexing` (the same images twice). Attack streams are made of the pool: `natural-pool` (one account) and
 * `sybil-slices` (the same number of rows over five accounts; the most suspicious one counts).
 * @returns per kind `detection-score:KIND` (items: one score per stream) and `alarm-rate:KIND`; per attack kind
 * `detection-auc:KIND`, and `detection-tpr-1%:KIND`, `detection-tpr-0.1%:KIND` where there are streams enough for them
 */
export function measureDetection(
  benign: StreamImages,
  pool: StreamImages,
  options: DetectionOptions,
): readonly Measurement[] {
  let account = 0;
  const watch = (images: StreamImages, streams: readonly Stream[]): readonly Detection[] =>
    streams.map((slices) =>
      slices.map((rows) => detect(images, rows, account++, options)).reduce(moreSuspicious),
    );
  const order = Array.from(options.rng.derive('benign').permutation(benign.hashes.length));
  const quarter = (part: number): readonly number[] => order.filter((_, i) => i % 4 === part);
  const honest = {
    broad: watch(benign, single(chunks(quarter(0), STREAM_ROWS))),
    narrow: watch(benign, single(byClass(benign, quarter(1)).flatMap((rows) => chunks(rows, STREAM_ROWS)))),
    'batch-upload': watch(benign, single(chunks(byClass(benign, quarter(2)).flat(), STREAM_ROWS))),
    're-indexing': watch(
      benign,
      single(chunks(quarter(3), STREAM_ROWS / 2).map((rows) => [...rows, ...rows])),
    ),
  };
  const thieves = chunks(Array.from(options.rng.derive('pool').permutation(pool.hashes.length)), STREAM_ROWS);
  const attacks = {
    'natural-pool': watch(pool, single(thieves)),
    'sybil-slices': watch(
      pool,
      thieves.map((rows) => chunks(rows, STREAM_ROWS / SYBIL_ACCOUNTS)),
    ),
  };
  const scores = Object.values(honest).flatMap(scoresOf);
  return [
    ...Object.entries({ ...honest, ...attacks }).flatMap(([kind, found]) => describeStreams(kind, found)),
    ...Object.entries(attacks).flatMap(([kind, found]) => compare(kind, scores, scoresOf(found))),
  ];
}

function detect(
  images: StreamImages,
  rows: readonly number[],
  account: number,
  { defense, calibration, key }: DetectionOptions,
): Detection {
  const session = openChainSession(defense, calibration, account, key);
  session.reply(
    selectRows(images.embeddings, rows),
    rows.map((row) => images.hashes[row] ?? ''),
  );
  return session.detection?.() ?? { score: 0, alarmAtRow: null };
}

/** The larger score, and the earlier alarm. */
function moreSuspicious(a: Detection, b: Detection): Detection {
  const alarms = [a.alarmAtRow, b.alarmAtRow].filter((row) => row !== null);
  return {
    score: Math.max(a.score, b.score),
    alarmAtRow: alarms.length === 0 ? null : Math.min(...alarms),
  };
}

function describeStreams(kind: string, found: readonly Detection[]): readonly Measurement[] {
  if (found.length === 0) return [];
  const scores = Float32Array.from(scoresOf(found));
  const alarms = Float32Array.from(found, ({ alarmAtRow }) => (alarmAtRow === null ? 0 : 1));
  const of = (metric: string, unit: Measurement['unit'], items: Float32Array): Measurement => ({
    metric: `${metric}:${kind}`,
    task: null,
    value: items.reduce((sum, item) => sum + item, 0) / items.length,
    unit,
    n: items.length,
    items,
  });
  return [of('detection-score', 'none', scores), of('alarm-rate', 'fraction', alarms)];
}

function compare(
  kind: string,
  benign: readonly number[],
  attackers: readonly number[],
): readonly Measurement[] {
  if (benign.length === 0 || attackers.length === 0) return [];
  const of = (metric: string, value: number): Measurement => ({
    metric: `${metric}:${kind}`,
    task: null,
    value,
    unit: 'fraction',
    n: attackers.length,
  });
  return [
    of('detection-auc', rocArea(benign, attackers)),
    ...FALSE_POSITIVE_RATES.flatMap((rate) => {
      const found = truePositiveRate(benign, attackers, rate);
      return found.isEstimable ? [of(`detection-tpr-${rate * 100}%`, found.value)] : [];
    }),
  ];
}

function scoresOf(found: readonly Detection[]): readonly number[] {
  return found.map(({ score }) => score);
}

function single(streams: readonly (readonly number[])[]): readonly Stream[] {
  return streams.map((rows) => [rows]);
}

/** Whole chunks only: a stream that is cut short is another kind of stream. */
function chunks(rows: readonly number[], length: number): readonly (readonly number[])[] {
  return Array.from({ length: Math.floor(rows.length / length) }, (_, i) =>
    rows.slice(i * length, (i + 1) * length),
  );
}

/** The rows of each class, classes in order. */
function byClass({ labels }: StreamImages, rows: readonly number[]): readonly (readonly number[])[] {
  const classes = [...new Set(rows.map((row) => labels[row] ?? -1))].sort((a, b) => a - b);
  return classes.map((label) => rows.filter((row) => labels[row] === label));
}
