import { type Matrix, matrix, selectRows } from '../contract/data.ts';
import { normalizeRows } from '../tensor/linear-algebra/cosine-neighbors.ts';
import { fitLogisticRegression } from '../tensor/linear-algebra/logistic-regression.ts';
import { featureCurvature } from '../tensor/linear-algebra/logistic-curvature.ts';
import type { Multiplier } from '../tensor/linear-algebra/multiplier.ts';
import { fitPrincipalAxes, projectOnAxes } from '../tensor/linear-algebra/principal-axes.ts';
import { fitProcrustes } from '../tensor/linear-algebra/procrustes.ts';
import { fitRidge } from '../tensor/linear-algebra/ridge.ts';
import { centerColumns, columnMeans } from '../tensor/linear-algebra/standardize.ts';

/** Takes replies of one account `[rows, dimension]` into another account's space. */
export type AccountMap = (replies: Matrix) => Promise<Matrix>;

/** Ways to learn a map from images that both accounts were asked about, in the order in which equals are preferred. */
export const pairedMethods = ['matching', 'procrustes', 'ridge', 'logistic'] as const;
export type PairedMethod = (typeof pairedMethods)[number];

/** Every so many anchors one is held out to judge a map by. */
const HELD_OUT_EVERY = 4;
/** Shares closer than this are equal: what float32 leaves of an exact map. */
const EQUAL = 1e-6;
/** Penalties from none to speak of, since replies without noise should be mapped exactly, up to nothing but the mean. */
const RELATIVE_LAMBDAS = Array.from({ length: 33 }, (_, i) => 10 ** (-12 + i / 2));
/**
 * Of a bit's logistic regression. The best of 1 to 1e-4 in squared error on held-out rows at 256 and 1 024 anchors (0.26
 * of 1 at 1 024), and within 2 % of the best at 64, on the 24 bits that were tried of the 512 which one CIFAR-10 encoder's
 * 256 dimensions gave. For other bits and other encoders it is a value to begin with, not a measured best.
 */
const LOGISTIC_PENALTY = 0.1;

/**
 * Learns one map by one method.
 * @param from replies of the account to be mapped `[anchors, dimension]` @param to the same images' in the target space
 * @returns undefined where the method has no answer: Procrustes between different widths, logistic regression on anything
 * but bits, matching where nothing varies
 */
export function fitAccountMap(
  method: PairedMethod,
  multiplier: Multiplier,
  from: Matrix,
  to: Matrix,
): Promise<AccountMap | undefined> {
  return fits[method](multiplier, from, to);
}

/**
 * The method that explains most of held-out anchors, learned again on all of them.
 * @returns `explained`: share of the held-out anchors' variance in the target space
 */
export async function chooseAccountMap(
  multiplier: Multiplier,
  from: Matrix,
  to: Matrix,
  methods: readonly PairedMethod[] = pairedMethods,
): Promise<
  { readonly map: AccountMap; readonly method: PairedMethod; readonly explained: number } | undefined
> {
  const rows = Array.from({ length: from.rows }, (_, row) => row);
  const kept = rows.filter((row) => row % HELD_OUT_EVERY !== 0);
  const held = rows.filter((row) => row % HELD_OUT_EVERY === 0);
  let best: { readonly method: PairedMethod; readonly explained: number } | undefined;
  for (const method of methods) {
    const map = await fitAccountMap(method, multiplier, selectRows(from, kept), selectRows(to, kept));
    if (map === undefined) continue;
    const explained = explainedShare(await map(selectRows(from, held)), selectRows(to, held));
    if (best === undefined || explained > best.explained + EQUAL) best = { method, explained };
  }
  if (best === undefined) return undefined;
  const map = await fitAccountMap(best.method, multiplier, from, to);
  return map === undefined ? undefined : { ...best, map };
}

type Fit = (multiplier: Multiplier, from: Matrix, to: Matrix) => Promise<AccountMap | undefined>;

const fits: Readonly<Record<PairedMethod, Fit>> = {
  /** Shuffles and pads: every target coordinate is the one it correlates with most; what never varies is a constant. */
  async matching(multiplier, from, to) {
    const columns = matchColumns(await correlations(multiplier, from, to), from, to);
    if (columns.every(({ source }) => source === undefined)) return undefined;
    return async (replies) => {
      const mapped = new Float32Array(replies.rows * columns.length);
      for (let row = 0, at = 0; row < replies.rows; row++)
        for (const { source, slope, offset } of columns)
          mapped[at++] =
            source === undefined
              ? offset
              : slope * (replies.data[row * replies.columns + source] ?? 0) + offset;
      return matrix(mapped, replies.rows, columns.length);
    };
  },
  /** Rotations. */
  async procrustes(multiplier, from, to) {
    if (from.columns !== to.columns) return undefined;
    const { rotation, scale, xMean, yMean } = await fitProcrustes(multiplier, from, to, { scale: true });
    return async (replies) =>
      shifted(await multiplier.matmul(centerColumns(replies, xMean), rotation), yMean, scale);
  },
  /** Any affine map; exact with more anchors than dimensions and no noise. */
  async ridge(multiplier, from, to) {
    const squares = centerColumns(from, await columnMeans(from)).data.reduce((sum, x) => sum + x * x, 0);
    const meanEigenvalue = squares / Math.min(from.rows, from.columns) || 1;
    const lambdas = RELATIVE_LAMBDAS.map((relative) => relative * meanEigenvalue);
    const { weights, bias } = await fitRidge(multiplier, from, to, { lambdas });
    return async (replies) => shifted(await multiplier.matmul(replies, weights), bias, 1);
  },
  /** Bits from bits: for each its expected value, between the two. */
  async logistic(multiplier, from, to) {
    const bits = bitValues(to);
    if (bits === undefined || bitValues(from) === undefined) return undefined;
    // With a ridge penalty the weights lie in the span of the anchors: in its axes, fits are small and the same.
    const axes = await fitPrincipalAxes(multiplier, from, Math.min(from.columns, from.rows - 1));
    const features = await projectOnAxes(multiplier, axes, from);
    const curvature = await featureCurvature(multiplier, features);
    const weights = new Float32Array(features.columns * to.columns);
    const bias = new Float32Array(to.columns);
    for (let bit = 0; bit < to.columns; bit++) {
      const labels = Int32Array.from({ length: to.rows }, (_, row) =>
        to.data[row * to.columns + bit] === bits.high ? 1 : 0,
      );
      const model = await fitLogisticRegression(multiplier, features, labels, 2, {
        l2: LOGISTIC_PENALTY,
        curvature,
      });
      for (let i = 0; i < features.columns; i++)
        weights[i * to.columns + bit] =
          (model.weights.data[2 * i + 1] ?? 0) - (model.weights.data[2 * i] ?? 0);
      bias[bit] = (model.bias[1] ?? 0) - (model.bias[0] ?? 0);
    }
    const columns = matrix(weights, features.columns, to.columns);
    return async (replies) => {
      const scores = await multiplier.matmul(await projectOnAxes(multiplier, axes, replies), columns);
      const expected = scores.data.map(
        (score, at) =>
          bits.low + (bits.high - bits.low) / (1 + Math.exp(-score - (bias[at % to.columns] ?? 0))),
      );
      return matrix(expected, replies.rows, to.columns);
    };
  },
};

/** The two values of replies that are bits; undefined where there are more, or one. */
export function bitValues({ data }: Matrix): { readonly low: number; readonly high: number } | undefined {
  let [low, high] = [Infinity, -Infinity];
  for (const value of data) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low < high && data.every((value) => value === low || value === high) ? { low, high } : undefined;
}

/** `1 - ‖got - wanted‖² / ‖wanted - mean‖²`; 1 where nothing varies and nothing is off. */
export function explainedShare(got: Matrix, wanted: Matrix): number {
  const { rows, columns } = wanted;
  let [error, variance] = [0, 0];
  for (let column = 0; column < columns; column++) {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += wanted.data[row * columns + column] ?? 0;
    for (let at = column; at < wanted.data.length; at += columns) {
      variance += ((wanted.data[at] ?? 0) - sum / rows) ** 2;
      error += ((wanted.data[at] ?? 0) - (got.data[at] ?? 0)) ** 2;
    }
  }
  if (error === 0) return 1;
  return variance > 0 ? 1 - error / variance : -Infinity;
}

/** Pearson correlations `[from.columns, to.columns]`; 0 with a column that does not vary. */
async function correlations(multiplier: Multiplier, from: Matrix, to: Matrix): Promise<Matrix> {
  const [x, y] = [await unitColumns(from), await unitColumns(to)];
  return multiplier.matmul(x, y, { transposeB: true });
}

/** Columns as rows of length 1 around 0 `[columns, rows]`. */
async function unitColumns(source: Matrix): Promise<Matrix> {
  const centered = centerColumns(source, await columnMeans(source));
  const turned = new Float32Array(centered.data.length);
  centered.data.forEach((value, at) => {
    const column = at % source.columns;
    // A constant's rounding error is no signal.
    if (varies(source, column)) turned[column * source.rows + Math.floor(at / source.columns)] = value;
  });
  return normalizeRows(matrix(turned, source.columns, source.rows));
}

function varies({ data, columns }: Matrix, column: number): boolean {
  for (let at = column + columns; at < data.length; at += columns) if (data[at] !== data[column]) return true;
  return false;
}

interface MatchedColumn {
  readonly source: number | undefined;
  readonly slope: number;
  readonly offset: number;
}

function matchColumns(correlation: Matrix, from: Matrix, to: Matrix): readonly MatchedColumn[] {
  return Array.from({ length: to.columns }, (_, column): MatchedColumn => {
    if (!varies(to, column)) return { source: undefined, slope: 0, offset: to.data[column] ?? 0 };
    let [source, strongest] = [0, -1];
    for (let candidate = 0; candidate < from.columns; candidate++) {
      const strength = Math.abs(correlation.data[candidate * to.columns + column] ?? 0);
      if (strength > strongest) [source, strongest] = [candidate, strength];
    }
    return { source, ...fitLine(from, source, to, column) };
  });
}

/** Least squares `to = slope * from + offset`; a copy where the values are the same, so that a shuffle stays exact. */
function fitLine(from: Matrix, source: number, to: Matrix, column: number): Omit<MatchedColumn, 'source'> {
  const x = Array.from({ length: from.rows }, (_, row) => from.data[row * from.columns + source] ?? 0);
  const y = Array.from({ length: to.rows }, (_, row) => to.data[row * to.columns + column] ?? 0);
  if (x.every((value, row) => value === y[row])) return { slope: 1, offset: 0 };
  const [xMean, yMean] = [mean(x), mean(y)];
  let [covariance, variance] = [0, 0];
  x.forEach((value, row) => {
    covariance += (value - xMean) * ((y[row] ?? 0) - yMean);
    variance += (value - xMean) ** 2;
  });
  const slope = variance > 0 ? covariance / variance : 0;
  return { slope, offset: yMean - slope * xMean };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function shifted({ data, rows, columns }: Matrix, offset: ArrayLike<number>, scale: number): Matrix {
  return matrix(
    data.map((value, at) => scale * value + (offset[at % columns] ?? 0)),
    rows,
    columns,
  );
}
