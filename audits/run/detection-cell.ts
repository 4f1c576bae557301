import type { Measurement } from '../contract/cell.ts';
import type { Matrix } from '../contract/data.ts';
import type { DefenseSession, Detection, MethodSpec, ProviderStatistics } from '../contract/method.ts';
import { openChainSession } from '../defenses/chain.ts';
import { VIEW_BATCH } from '../plan/stream-sizes.ts';
import type { Rng } from '../rng.ts';
import { FALSE_POSITIVE_RATES, placements, truePositiveRate } from '../score/detection-rates.ts';
import { join, select, type ComputedStreams } from './computed-streams.ts';

/** Images a stream can be made of: clean embeddings, identities and classes (-1: none). */
export interface StreamImages {
  readonly embeddings: Matrix;
  /** Of the same images, where the victim has them. */
  readonly projections?: Matrix | undefined;
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
  /** Rows per stream; default `STREAM_ROWS`. */
  readonly streamRows?: number;
}

export interface DetectionStreams {
  /** Images of honest users, one entry per task; those of the first task are like the data detectors are calibrated on. */
  readonly benign: readonly StreamImages[];
  readonly pool: StreamImages;
  /** Absent where the victim can be asked for nothing new. */
  readonly computed?: ComputedStreams | undefined;
}

/** Rows per stream: twice what the detectors need before they say anything, and short, so that there are many streams. */
export const STREAM_ROWS = 200;
/** A busy honest user sends as much as five accounts of a thief: detectors that look often have more chances to be wrong. */
const LONG_FACTOR = 5;
/** Share of the honest images which long streams may take: a fifth, as there are five kinds of users per task. */
const LONG_SHARE = 0.2;
/** Accounts over which a thief spreads a stream: the policy's default number. */
const SYBIL_ACCOUNTS = 5;

/** What one user sends: one list of images per account of theirs. */
type Stream = readonly StreamImages[];

/**
 * How a detector tells accounts apart. Benign streams are made of honest images, each image in one stream only, so that the
 * streams are independent: `broad` (any images of the first task), `new-domain` (of another task), `narrow` (one class),
 * `batch-upload` (class after class), `re-indexing` (the same images twice) and `broad-long` (a thousand images).
 * Attack streams: of the pool `natural-pool` (one account) and `sybil-slices` (the same rows over five accounts; the most
 * suspicious one counts); `two-view` (two views of each image, all first views before the second), `split-views` (first
 * and second views on two accounts) and `synthetic`.
 * @returns per kind `detection-score:KIND` (items: one score per stream) and `alarm-rate:KIND`; per attack kind
 * `detection-auc:KIND` (items: per stream the share of benign ones below), `queries-until-alarm:KIND` (median over streams with
 * an alarm) and, where there are streams enough, `detection-tpr-1%:KIND`, `detection-tpr-0.1%:KIND`; of detectors which
 * judge single rows `near-duplicate-fpr` and `near-duplicate-fnr` (items: batches)
 */
export function measureDetection(
  { benign, pool, computed }: DetectionStreams,
  options: DetectionOptions,
): readonly Measurement[] {
  const { rng, streamRows = STREAM_ROWS } = options;
  let account = 0;
  const watch = (streams: readonly Stream[]): readonly Detection[] =>
    streams.map((slices) =>
      slices.map((images) => detect(images, account++, options)).reduce(moreSuspicious),
    );
  const honest = Object.entries(benignStreams(benign, rng.derive('benign'), streamRows)).map(
    ([kind, streams]) => [kind, watch(streams)] as const,
  );
  const attacks = Object.entries(attackStreams(pool, computed, rng.derive('pool'), streamRows)).map(
    ([kind, streams]) => [kind, watch(streams)] as const,
  );
  const scores = honest.flatMap(([, found]) => scoresOf(found));
  return [
    ...[...honest, ...attacks].flatMap(([kind, found]) => describeStreams(kind, found)),
    ...attacks.flatMap(([kind, found]) => compare(kind, scores, found)),
    ...nearDuplicateErrors(computed?.views, () => openAccount(account++, options)),
  ];
}

function benignStreams(
  tasks: readonly StreamImages[],
  rng: Rng,
  rows: number,
): Readonly<Record<string, readonly Stream[]>> {
  const kinds: Record<string, Stream[]> = {};
  const add = (kind: string, images: StreamImages, streams: readonly (readonly number[])[]): void => {
    kinds[kind] = [...(kinds[kind] ?? []), ...streams.map((chosen) => [select(images, chosen)])];
  };
  const seen = new Set<string>();
  for (const [index, images] of tasks.entries()) {
    // An image of two tasks, or twice in one, is sent by one user only.
    const order = Array.from(rng.derive(`${index}`).permutation(images.hashes.length)).filter((row) => {
      const hash = images.hashes[row] ?? '';
      return !seen.has(hash) && seen.add(hash);
    });
    const long = LONG_FACTOR * rows;
    const longRows = Math.floor((order.length * LONG_SHARE) / long) * long;
    const rest = order.slice(longRows);
    const eighths = (from: number, to: number): readonly number[] =>
      rest.filter((_, i) => i % 8 >= from && i % 8 < to);
    add(index === 0 ? 'broad' : 'new-domain', images, chunks(eighths(0, 3), rows));
    // Sent twice: half the images make as many streams.
    add(
      're-indexing',
      images,
      chunks(eighths(3, 4), rows / 2).map((once) => [...once, ...once]),
    );
    // Classes take turns, so that each has enough images for a narrow stream where tasks are small.
    const classes = byClass(images, eighths(4, 8));
    add(
      'narrow',
      images,
      classes.filter((_, i) => i % 2 === 0).flatMap((members) => chunks(members, rows)),
    );
    const uploads = classes.filter((_, i) => i % 2 === 1);
    // Half a stream of each class at a time: a batch upload goes on to the next class within a stream.
    const most = Math.max(0, ...uploads.map(({ length }) => Math.ceil(length / (rows / 2))));
    const turns = Array.from({ length: most }, (_, turn) =>
      uploads.flatMap((members) => members.slice((turn * rows) / 2, ((turn + 1) * rows) / 2)),
    );
    add('batch-upload', images, chunks(turns.flat(), rows));
    add('broad-long', images, chunks(order.slice(0, longRows), long));
  }
  return kinds;
}

function attackStreams(
  pool: StreamImages,
  computed: ComputedStreams | undefined,
  rng: Rng,
  rows: number,
): Readonly<Record<string, readonly Stream[]>> {
  const thieves = chunks(Array.from(rng.permutation(pool.hashes.length)), rows);
  const { views, synthetic = [] } = computed ?? {};
  const pairs =
    views === undefined
      ? []
      : chunks(
          Array.from({ length: views.first.hashes.length }, (_, row) => row),
          rows / 2,
        ).map((chosen) => [select(views.first, chosen), select(views.second, chosen)] as const);
  return {
    'natural-pool': thieves.map((chosen) => [select(pool, chosen)]),
    'sybil-slices': thieves.map((chosen) =>
      chunks(chosen, rows / SYBIL_ACCOUNTS).map((slice) => select(pool, slice)),
    ),
    'two-view': pairs.map(([first, second]) => [join(first, second)]),
    'split-views': pairs,
    synthetic: synthetic.map((images) => [images]),
  };
}

/**
 * Errors on single rows, in the protocol of Dziedzic et al. 2022, 4.3: batches of 256 images in two views on a fresh
 * account each, first views before the second. What is flagged among the first views is a false positive; what is not
 * among the second is a false negative.
 */
function nearDuplicateErrors(
  views: ComputedStreams['views'],
  open: () => DefenseSession,
): readonly Measurement[] {
  if (views === undefined) return [];
  const batches = chunks(
    Array.from({ length: views.first.hashes.length }, (_, row) => row),
    VIEW_BATCH,
  ).flatMap((rows) => {
    const session = open();
    const flaggedAfter = (images: StreamImages): number | undefined => {
      send(session, select(images, rows));
      return session.detection?.().flaggedRows;
    };
    const [first, both] = [flaggedAfter(views.first), flaggedAfter(views.second)];
    if (first === undefined || both === undefined) return [];
    return [{ falsePositives: first / rows.length, falseNegatives: 1 - (both - first) / rows.length }];
  });
  if (batches.length === 0) return [];
  return [
    measured(
      'near-duplicate-fpr',
      'fraction',
      batches.map((batch) => batch.falsePositives),
    ),
    measured(
      'near-duplicate-fnr',
      'fraction',
      batches.map((batch) => batch.falseNegatives),
    ),
  ];
}

function detect(images: StreamImages, account: number, options: DetectionOptions): Detection {
  const session = openAccount(account, options);
  send(session, images);
  return session.detection?.() ?? { score: 0, alarmAtRow: null };
}

function openAccount(account: number, { defense, calibration, key }: DetectionOptions): DefenseSession {
  return openChainSession(defense, calibration, account, key);
}

function send(session: DefenseSession, { embeddings, hashes, projections }: StreamImages): void {
  session.reply(embeddings, hashes, projections);
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
  return [
    measured(`detection-score:${kind}`, 'none', scoresOf(found)),
    measured(
      `alarm-rate:${kind}`,
      'fraction',
      found.map(({ alarmAtRow }) => (alarmAtRow === null ? 0 : 1)),
    ),
  ];
}

function compare(
  kind: string,
  benign: readonly number[],
  found: readonly Detection[],
): readonly Measurement[] {
  if (benign.length === 0 || found.length === 0) return [];
  const attackers = scoresOf(found);
  const alarms = found.flatMap(({ alarmAtRow }) => (alarmAtRow === null ? [] : [alarmAtRow + 1]));
  return [
    measured(`detection-auc:${kind}`, 'fraction', placements(benign, attackers)),
    ...(alarms.length === 0
      ? []
      : [
          {
            metric: `queries-until-alarm:${kind}`,
            task: null,
            value: median(alarms),
            unit: 'count' as const,
            n: alarms.length,
          },
        ]),
    ...FALSE_POSITIVE_RATES.flatMap((rate) => {
      const caught = truePositiveRate(benign, attackers, rate);
      if (!caught.isEstimable) return [];
      const { threshold } = caught;
      return [
        measured(
          `detection-tpr-${rate * 100}%:${kind}`,
          'fraction',
          attackers.map((score) => (score > threshold ? 1 : 0)),
        ),
      ];
    }),
  ];
}

/** The mean of the items, with the items. */
function measured(metric: string, unit: Measurement['unit'], items: readonly number[]): Measurement {
  return {
    metric,
    task: null,
    value: items.reduce((sum, item) => sum + item, 0) / items.length,
    unit,
    n: items.length,
    items: Float32Array.from(items),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}

function scoresOf(found: readonly Detection[]): readonly number[] {
  return found.map(({ score }) => score);
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
