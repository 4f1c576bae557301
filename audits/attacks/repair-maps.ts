import { type Matrix, matrix, matrixRows } from '../contract/data.ts';
import {
  applyStandardizer,
  fitStandardizer,
  type Standardizer,
} from '../tensor/linear-algebra/standardize.ts';
import type { Multiplier } from '../tensor/linear-algebra/multiplier.ts';
import {
  fitPrincipalAxes,
  type PrincipalAxes,
  projectOnAxes,
} from '../tensor/linear-algebra/principal-axes.ts';
import { fitRidge } from '../tensor/linear-algebra/ridge.ts';
import type { Engine } from '../contract/engine.ts';
import type { Rng } from '../rng.ts';
import { fitHead } from '../surrogates/fit-head.ts';
import type { BackboneModel } from '../surrogates/on-backbone.ts';
import { mapFeatures } from '../surrogates/open.ts';
import { fitMonotone, type MonotoneFunction } from './monotone-regression.ts';

/**
 * A map from defended to clean embeddings, learned where both are known. It is applied to replies of another encoder, so it
 * works on standardised coordinates, and replies are standardised by their own statistics.
 */
export interface Repair {
  /** @param replies all of an encoder's replies `[rows, dimension]` @returns their repaired version, same shape */
  apply(replies: Matrix): Promise<Matrix>;
}

/** Pairs that the coordinate map is fitted on; each coordinate of each row is one. */
const COORDINATE_PAIRS = 400_000;
/** The same for the network: some hundred steps an epoch. */
const NETWORK_PAIRS = 100_000;
/** Width of the network's hidden layer: a curve of one coordinate that bends with its row. */
const NETWORK_WIDTH = 64;
const NETWORK_EPOCHS = 10;
const NETWORK_BATCH = 512;
/** Values that pass the network at a time. */
const VALUES_PER_CALL = 65_536;
/** What the network sees of a value: itself, and its row's mean, root mean square and largest magnitude. */
const SEEN = 4;
/** An axis along which standardised replies vary less than this (mean: 1) holds nothing but rounding. */
const EMPTY_AXIS = 1e-9;

/**
 * One rising function for every standardised coordinate: which coordinate of one encoder is like which of another is unknown,
 * what a quantizer does to a coordinate is the same for all.
 * @param defended, clean `[rows, dimension]` of the same images
 */
export async function fitCoordinateRepair(defended: Matrix, clean: Matrix): Promise<Repair> {
  const standard = await fitStandardizer(defended);
  const [from, to] = [applyStandardizer(standard, defended), applyStandardizer(standard, clean)];
  const stride = Math.max(1, Math.ceil(from.data.length / COORDINATE_PAIRS));
  const taken = (data: Float32Array): Float64Array =>
    Float64Array.from({ length: Math.ceil(data.length / stride) }, (_, at) => data[at * stride] ?? 0);
  const map = fitMonotone(taken(from.data), taken(to.data));
  return onStandardized(async (replies) => mapped(replies, map));
}

/**
 * A factor for every principal axis of the standardised replies: the slope of clean on defended along it, as a function of how
 * much the replies vary there. Noise of equal strength in all coordinates gives one such function for all encoders:
 * `1 - v / x` for noise variance `v` along an axis of variance `x`, the optimal linear filter.
 * @param defended, clean `[rows, dimension]` of the same images
 */
export async function fitSpectralRepair(
  multiplier: Multiplier,
  defended: Matrix,
  clean: Matrix,
): Promise<Repair> {
  const standard = await fitStandardizer(defended);
  const [from, to] = [applyStandardizer(standard, defended), applyStandardizer(standard, clean)];
  const axes = await fitPrincipalAxes(multiplier, from);
  const [along, wanted] = [
    await projectOnAxes(multiplier, axes, from),
    await projectOnAxes(multiplier, axes, to),
  ];
  const slopes = Float64Array.from({ length: from.columns }, (_, axis) => slope(along, wanted, axis));
  const used = [...slopes.keys()].filter((axis) => (axes.variances[axis] ?? 0) > EMPTY_AXIS);
  if (used.length === 0) return { apply: async (replies) => copyOf(replies) };
  const factors = fitMonotone(
    Float64Array.from(used, (axis) => Math.log(axes.variances[axis] ?? 1)),
    Float64Array.from(used, (axis) => slopes[axis] ?? 1),
    'flat',
  );
  return onStandardized((replies) => filtered(multiplier, replies, factors));
}

/**
 * Ridge regression of all clean coordinates on all defended ones. Only where the victim's coordinates are the public encoder's
 * own (a victim fine-tuned from it): coordinates of encoders trained apart have nothing to do with each other.
 * @param defended, clean `[rows, dimension]` of the same images
 */
export async function fitMatrixRepair(
  multiplier: Multiplier,
  defended: Matrix,
  clean: Matrix,
): Promise<Repair> {
  const standard = await fitStandardizer(defended);
  const { weights, bias } = await fitRidge(
    multiplier,
    applyStandardizer(standard, defended),
    applyStandardizer(standard, clean),
  );
  return onStandardized(async (replies) => {
    const product = await multiplier.matmul(replies, weights);
    return { ...product, data: product.data.map((value, at) => value + (bias[at % product.columns] ?? 0)) };
  });
}

/**
 * A small network for every standardised coordinate, the same for all, which is told beside the value what its row looks like:
 * like the coordinate map it works between encoders that share no coordinates, and besides it inverts what a defense does to a
 * reply as a whole (shorter or longer vectors, a threshold that moves with the others), and need not rise.
 * @param defended, clean `[rows, dimension]` of the same images
 * @throws MoatError `cancelled`, `training-diverged`
 */
export async function fitNetworkRepair(
  { engine, rng, signal }: { readonly engine: Engine; readonly rng: Rng; readonly signal: AbortSignal },
  defended: Matrix,
  clean: Matrix,
): Promise<Repair> {
  const standard = await fitStandardizer(defended);
  const [from, to] = [applyStandardizer(standard, defended), applyStandardizer(standard, clean)];
  const values = rng.derive('pairs').permutation(from.data.length).subarray(0, NETWORK_PAIRS);
  const network = await fitHead({
    engine,
    features: seenByNetwork(from, values),
    targets: matrix(
      Float32Array.from(values, (at) => to.data[at] ?? 0),
      values.length,
      1,
    ),
    hidden: NETWORK_WIDTH,
    epochs: NETWORK_EPOCHS,
    batchSize: NETWORK_BATCH,
    rng: rng.derive('network'),
    signal,
  });
  return onStandardized((replies) => throughNetwork(engine, network, replies));
}

/** One after the other. */
export function composeRepairs(repairs: readonly Repair[]): Repair {
  return {
    async apply(replies) {
      let repaired = replies;
      for (const repair of repairs) repaired = await repair.apply(repaired);
      return repaired;
    },
  };
}

function onStandardized(change: (standardized: Matrix) => Promise<Matrix>): Repair {
  return {
    async apply(replies) {
      const standard: Standardizer = await fitStandardizer(replies);
      const { data, rows, columns } = await change(applyStandardizer(standard, replies));
      const restored = data.map(
        (value, at) => (standard.mean[at % columns] ?? 0) + (standard.scale[at % columns] ?? 1) * value,
      );
      return matrix(restored, rows, columns);
    },
  };
}

/** @param values places in the data @returns `[values.length, SEEN]` */
function seenByNetwork({ data, rows, columns }: Matrix, values: Uint32Array): Matrix {
  const summaries = Array.from({ length: rows }, (_, row) => {
    const [sum, squares, largest] = data
      .subarray(row * columns, (row + 1) * columns)
      .reduce<readonly [number, number, number]>(
        ([total, square, most], value) => [
          total + value,
          square + value * value,
          Math.max(most, Math.abs(value)),
        ],
        [0, 0, 0],
      );
    return [sum / columns, Math.sqrt(squares / columns), largest];
  });
  const seen = new Float32Array(values.length * SEEN);
  values.forEach((at, row) => {
    seen.set([data[at] ?? 0, ...(summaries[Math.floor(at / columns)] ?? [])], row * SEEN);
  });
  return matrix(seen, values.length, SEEN);
}

async function throughNetwork(engine: Engine, network: BackboneModel, standardized: Matrix): Promise<Matrix> {
  const { rows, columns } = standardized;
  const repaired = new Float32Array(rows * columns);
  const rowsPerCall = Math.max(1, Math.floor(VALUES_PER_CALL / columns));
  for (let start = 0; start < rows; start += rowsPerCall) {
    const part = matrixRows(standardized, start, Math.min(start + rowsPerCall, rows));
    const all = Uint32Array.from(part.data.keys());
    repaired.set((await mapFeatures(engine, network, seenByNetwork(part, all))).data, start * columns);
  }
  return matrix(repaired, rows, columns);
}

function mapped({ data, rows, columns }: Matrix, map: MonotoneFunction): Matrix {
  return matrix(
    data.map((value) => map.at(value)),
    rows,
    columns,
  );
}

async function filtered(multiplier: Multiplier, replies: Matrix, factors: MonotoneFunction): Promise<Matrix> {
  const axes: PrincipalAxes = await fitPrincipalAxes(multiplier, replies);
  const along = await projectOnAxes(multiplier, axes, replies);
  const scaled = along.data.map((value, at) => {
    const variance = axes.variances[at % along.columns] ?? 0;
    return variance > EMPTY_AXIS ? value * factors.at(Math.log(variance)) : 0;
  });
  return multiplier.matmul(matrix(scaled, along.rows, along.columns), axes.axes);
}

/** Of the least-squares line of one column on the other; 1 where nothing varies. */
function slope(from: Matrix, to: Matrix, column: number): number {
  const { rows, columns } = from;
  const values = (source: Matrix): Float64Array =>
    Float64Array.from({ length: rows }, (_, row) => source.data[row * columns + column] ?? 0);
  const [x, y] = [values(from), values(to)];
  const mean = (of: Float64Array): number => of.reduce((sum, value) => sum + value, 0) / rows;
  const [meanX, meanY] = [mean(x), mean(y)];
  let [both, own] = [0, 0];
  x.forEach((value, row) => {
    both += (value - meanX) * ((y[row] ?? 0) - meanY);
    own += (value - meanX) ** 2;
  });
  return own > 0 ? both / own : 1;
}

const copyOf = ({ data, rows, columns }: Matrix): Matrix => matrix(data.slice(), rows, columns);
