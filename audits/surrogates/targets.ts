import type { Matrix } from '../contract/data.ts';
import { matrix } from '../contract/data.ts';
import { HEAD_BIAS, HEAD_KERNEL } from './architecture.ts';
import type { NetworkModel } from './inference.ts';
import type { BackboneModel } from './on-backbone.ts';
import type { NamedArrays } from './parameters.ts';

/** `standardized = (target - mean) / scale`: an offset per dimension, one scale for all of them. */
export interface TargetMap {
  /** `[dimension]` */
  readonly mean: Float32Array;
  readonly scale: number;
}

/**
 * The map that gives the replies zero mean per dimension and unit variance on average.
 * Embeddings are often tiny (standard deviation 0.04 per dimension) and off-center; a network whose head begins at
 * unit scale spends its first epochs on nothing else. One common scale keeps the weight of each dimension in the
 * squared error as it is.
 * @param targets one `[rows, dimension]` matrix per view, taken together.
 */
export function measureTargets(targets: readonly Matrix[], dimension: number): TargetMap {
  const sums = new Float64Array(dimension);
  const squares = new Float64Array(dimension);
  const rows = targets.reduce((sum, view) => sum + view.rows, 0);
  for (const view of targets)
    for (let at = 0; at < view.data.length; at++) {
      const value = view.data[at] ?? 0;
      sums[at % dimension] = (sums[at % dimension] ?? 0) + value;
    }
  const mean = Float32Array.from(sums, (sum) => sum / rows);
  for (const view of targets)
    for (let at = 0; at < view.data.length; at++) {
      const deviation = (view.data[at] ?? 0) - (mean[at % dimension] ?? 0);
      squares[at % dimension] = (squares[at % dimension] ?? 0) + deviation * deviation;
    }
  const variance = squares.reduce((sum, square) => sum + square, 0) / (rows * dimension);
  // Constant replies (a defense that answers with zeros): nothing to scale.
  return { mean, scale: variance > 0 ? Math.sqrt(variance) : 1 };
}

export function standardizeTargets(targets: Matrix, { mean, scale }: TargetMap): Matrix {
  const data = targets.data.map((value, at) => (value - (mean[at % targets.columns] ?? 0)) / scale);
  return matrix(data, targets.rows, targets.columns);
}

/** A surrogate trained on standardised replies that answers in the victim's own scale. */
export function inVictimScale(
  surrogate: NetworkModel | BackboneModel,
  map: TargetMap,
): NetworkModel | BackboneModel {
  return surrogate.kind === 'network'
    ? { ...surrogate, weights: foldIntoHead(surrogate.weights, map) }
    : mapInScale(surrogate, map);
}

/** Maps trained on standardised targets that answer in the targets' own scale. */
export function mapInScale(model: BackboneModel, map: TargetMap): BackboneModel {
  const { weights, bias } = model;
  return {
    ...model,
    weights: matrix(
      weights.data.map((value) => value * map.scale),
      weights.rows,
      weights.columns,
    ),
    bias: bias.map((value, at) => value * map.scale + (map.mean[at] ?? 0)),
  };
}

/** Undoes the map inside the linear head. */
export function foldIntoHead(weights: NamedArrays, { mean, scale }: TargetMap): NamedArrays {
  const kernel = weights[HEAD_KERNEL];
  const bias = weights[HEAD_BIAS];
  if (kernel === undefined || bias === undefined) throw new RangeError('the network has no linear head');
  return {
    ...weights,
    [HEAD_KERNEL]: { shape: kernel.shape, data: kernel.data.map((value) => value * scale) },
    [HEAD_BIAS]: {
      shape: bias.shape,
      data: bias.data.map((value, at) => value * scale + (mean[at] ?? 0)),
    },
  };
}
