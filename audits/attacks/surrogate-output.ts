import { type Matrix, matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import type { SurrogateModel } from '../contract/method.ts';
import { HEAD_BIAS, HEAD_KERNEL } from '../surrogates/architecture.ts';
import { completingColumns } from '../tensor/linear-algebra/orthonormal.ts';
import { toFloat32 } from '../tensor/linear-algebra/double-matrix.ts';
import type { Multiplier } from '../tensor/linear-algebra/multiplier.ts';
import type { Rng } from '../rng.ts';

/**
 * The surrogate that answers with `embedding @ map` where the given one answers with `embedding`: its last linear layer is
 * replaced, so that the copy is as fast as before and holds no trace of the map.
 * @param map `[dimension, new dimension]`
 * @throws MoatError `internal` for a surrogate without weights of its own
 */
export async function mapOutput(
  engine: Pick<Engine, 'matmul'>,
  model: SurrogateModel,
  map: Matrix,
): Promise<SurrogateModel> {
  if (model.kind === 'backbone')
    throw new MoatError('internal', 'A public encoder has no last layer to replace.');
  const mapped = async (data: Float32Array, rows: number): Promise<Matrix> =>
    engine.matmul(matrix(data, rows, map.rows), map);
  if (model.kind === 'linear-on-features')
    return {
      ...model,
      weights: await engine.matmul(model.weights, map),
      bias: (await mapped(model.bias, 1)).data,
    };
  const head = model.weights[HEAD_KERNEL];
  const bias = model.weights[HEAD_BIAS]?.data ?? new Float32Array(map.rows);
  // Without a linear head the features are the embedding: the map becomes the head.
  const [features = 0] = head?.shape ?? [model.dimension];
  const kernel = head === undefined ? map.data.slice() : (await mapped(head.data, features)).data;
  return {
    ...model,
    dimension: map.columns,
    weights: {
      ...model.weights,
      [HEAD_KERNEL]: { shape: [features, map.columns], data: kernel },
      [HEAD_BIAS]: { shape: [map.columns], data: (await mapped(bias, 1)).data },
    },
  };
}

/** A uniformly drawn rotation or reflection `[dimension, dimension]`. */
export async function rotationMap(multiplier: Multiplier, dimension: number, rng: Rng): Promise<Matrix> {
  const nothing = { data: new Float64Array(0), rows: dimension, columns: 0 };
  return toFloat32(await completingColumns(multiplier, nothing, dimension, rng));
}

/** Keeps the coordinates named, in the order given: `[dimension, kept.length]`. */
export function selectionMap(dimension: number, kept: ArrayLike<number>): Matrix {
  const map = matrix(new Float32Array(dimension * kept.length), dimension, kept.length);
  for (let column = 0; column < kept.length; column++)
    map.data[(kept[column] ?? 0) * kept.length + column] = 1;
  return map;
}
