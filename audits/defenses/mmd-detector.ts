import { z } from 'zod';
import { matrix, matrixRow, type Matrix } from '../contract/data.ts';
import type { ProviderStatistics } from '../contract/method.ts';
import type { Rng } from '../rng.ts';
import { defineDefense } from './define-defense.ts';
import { oncePerProvider } from './per-provider.ts';

/**
 * Compares the window of an account's latest queries with a reference mix of the provider's data: squared MMD (Gretton et al.
 * 2012) or energy distance (Szekely & Rizzo 2013), both `E s(x, x') + E s(y, y') - 2 E s(x, y)` with a similarity `s`, over
 * pairs of different rows. A plain stand-in for VarDetect, which compares windows in a VAE's latent space.
 *
 * Threat model: a thief's queries come from other images than the customers'. Thieves with in-distribution images pass, and an
 * honest customer with narrow data (one class) looks like a thief: the audit measures both.
 */
const config = z.object({
  /** `energy` has no free parameter; `mmd` has a Gaussian kernel whose width is the median distance in the reference. */
  statistic: z.enum(['energy', 'mmd']).default('energy'),
  /** Rows compared at a time; there is no alarm before so many. */
  window: z.int().min(8).max(2000).default(100),
  /**
   * Share of the provider's own windows above the threshold. It holds per window: an account that sends many has more
   * chances of a false alarm. 0.001: one in a thousand.
   */
  falsePositiveRate: z.number().min(0).lt(1).default(0.001),
  /** `alarm`: keep answering; `refuse`: nothing from the alarming query on. */
  action: z.enum(['alarm', 'refuse']).default('alarm'),
});

type Config = z.infer<typeof config>;

/** Reference rows: enough for a stable mean, few enough to compare every query with. */
const MOST_REFERENCE_ROWS = 256;
/** Windows drawn from the rest of the provider's data. They overlap: rates below its rows / window are extrapolated. */
const CALIBRATION_WINDOWS = 400;
/** Windows per window length at which the detector looks: every half window. */
const LOOKS_PER_WINDOW = 2;

type Similarity = (a: Float32Array, b: Float32Array) => number;

interface Calibration {
  readonly similarity: Similarity;
  /** Mean similarity of a row to the reference. */
  readonly toReference: (row: Float32Array) => number;
  /** Mean similarity within the reference. */
  readonly within: number;
  readonly threshold: number;
}

export const mmdDetector = defineDefense({
  meta: {
    id: 'mmd-detector',
    version: 1,
    title: 'Distribution detector',
    summary: 'Raises an alarm when an account’s queries do not look like the provider’s data.',
    reference: {
      authors: 'S. Pal, Y. Gupta, A. Kanade, S. Shevade',
      title: 'Stateful Detection of Model Extraction Attacks',
      venue: 'arXiv',
      year: 2021,
      url: 'https://arxiv.org/abs/2107.05166',
    },
    mechanism: 'A thief’s queries come from another distribution than the customers’.',
    mustFace: ['direct-extraction', 'jacobian-augmentation', 'sybil-remap', 'defense-aware-schedule'],
    stateful: true,
    detects: true,
  },
  config,
  openSession({ config: settings, provider, rng }) {
    const { action, window } = settings;
    const calibration = calibrate(provider, { settings, rng });
    const stride = Math.max(1, Math.floor(window / LOOKS_PER_WINDOW));
    const latest: Float32Array[] = [];
    const crossed: number[] = [];
    let rows = 0;
    let largest = 0;
    let alarmAtRow: number | null = null;

    const watch = (query: Float32Array): void => {
      latest.push(query.slice());
      crossed.push(calibration.toReference(query));
      if (latest.length > window) {
        latest.shift();
        crossed.shift();
      }
      rows += 1;
      if (rows < window || (rows - window) % stride !== 0) return;
      const statistic = discrepancy(calibration, latest, crossed);
      // In units of the threshold, so that 1 is where the alarm begins.
      if (calibration.threshold > 0) largest = Math.max(largest, statistic / calibration.threshold);
      if (statistic > calibration.threshold) alarmAtRow ??= rows - 1;
    };

    return {
      reply(embeddings) {
        let answered = 0;
        for (; answered < embeddings.rows; answered++) {
          if (alarmAtRow === null || action === 'alarm') watch(matrixRow(embeddings, answered));
          if (alarmAtRow !== null && action === 'refuse') break;
        }
        const { columns, data } = embeddings;
        return matrix(data.slice(0, answered * columns), answered, columns);
      },
      detection: () => ({ score: largest, alarmAtRow }),
    };
  },
});

/** Half of the provider's rows are the reference, windows of the other half give the threshold. */
const calibrate = oncePerProvider(
  (
    provider: ProviderStatistics,
    { settings, rng }: { readonly settings: Config; readonly rng: Rng },
  ): Calibration => {
    const order = rng.derive('reference').permutation(provider.embeddings.rows);
    const half = Math.min(MOST_REFERENCE_ROWS, Math.max(2, Math.floor(order.length / 2)));
    const reference = rowsOf(provider.embeddings, order.subarray(0, half));
    const rest = rowsOf(provider.embeddings, order.subarray(half));
    const similarity = similarityOf(settings.statistic, reference);
    const within = meanOfPairs(reference, similarity);
    const toReference = (row: Float32Array): number =>
      reference.reduce((sum, other) => sum + similarity(row, other), 0) / reference.length;
    const base = { similarity, toReference, within };
    // Less data than a window: nothing honest is known about windows, so nothing raises an alarm.
    if (rest.length < settings.window) return { ...base, threshold: Infinity };
    const crossed = rest.map(toReference);
    const pairs = rest.map((row, i) =>
      Float64Array.from(rest.slice(0, i), (other) => similarity(row, other)),
    );
    const draws = rng.derive('windows');
    const statistics = Array.from({ length: CALIBRATION_WINDOWS }, () => {
      const chosen = draws.permutation(rest.length).subarray(0, settings.window);
      let cross = 0;
      let inside = 0;
      for (const [i, a] of chosen.entries()) {
        cross += crossed[a] ?? 0;
        for (const b of chosen.subarray(0, i)) inside += pairs[Math.max(a, b)]?.[Math.min(a, b)] ?? 0;
      }
      const count = chosen.length;
      return within + inside / ((count * (count - 1)) / 2) - (2 * cross) / count;
    }).sort((a, b) => b - a);
    return {
      ...base,
      threshold: statistics[Math.floor(settings.falsePositiveRate * statistics.length)] ?? Infinity,
    };
  },
  ({ settings, rng }) =>
    JSON.stringify([
      settings.statistic,
      settings.window,
      settings.falsePositiveRate,
      rng.derive('name').uniform(),
    ]),
);

function discrepancy(
  { similarity, within }: Calibration,
  rows: readonly Float32Array[],
  crossed: readonly number[],
): number {
  const cross = crossed.reduce((sum, value) => sum + value, 0) / crossed.length;
  return within + meanOfPairs(rows, similarity) - 2 * cross;
}

function meanOfPairs(rows: readonly Float32Array[], similarity: Similarity): number {
  let sum = 0;
  for (const [i, row] of rows.entries()) for (const other of rows.slice(0, i)) sum += similarity(row, other);
  return sum / ((rows.length * (rows.length - 1)) / 2);
}

function similarityOf(statistic: Config['statistic'], reference: readonly Float32Array[]): Similarity {
  if (statistic === 'energy') return (a, b) => -distance(a, b);
  const distances = reference.flatMap((row, i) => reference.slice(0, i).map((other) => distance(row, other)));
  const median = distances.sort((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 1;
  const width = 2 * (median > 0 ? median : 1) ** 2;
  return (a, b) => Math.exp(-(distance(a, b) ** 2) / width);
}

function distance(a: Float32Array, b: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    squares += difference * difference;
  }
  return Math.sqrt(squares);
}

function rowsOf(source: Matrix, rows: Uint32Array): readonly Float32Array[] {
  return Array.from(rows, (row) => matrixRow(source, row));
}
