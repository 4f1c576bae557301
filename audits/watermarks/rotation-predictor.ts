import type { Matrix } from '../contract/data.ts';
import { filled, normals, tensorNamed, type NamedArrays } from '../surrogates/parameters.ts';
import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor2D, Tensors } from '../tensor/ops.ts';
import type { Rng } from '../rng.ts';
import { ROTATION_CLASSES } from './rotation-task.ts';

/**
 * The layers that read from an embedding by how much its image was turned: linear to 256, ReLU, linear to 128, ReLU, linear to the
 * classes (paper-spec 4.1, whose embeddings have 512 dimensions). The provider's secret.
 */
const HIDDEN = [256, 128] as const;

const layerNames = ['rotation1', 'rotation2', 'rotation3'] as const;

/** Of a predictor's arrays by name. */
export function predictorShapes(dimension: number): Readonly<Record<string, readonly number[]>> {
  const widths = [dimension, ...HIDDEN, ROTATION_CLASSES];
  return Object.fromEntries(
    layerNames.flatMap((name, at) => {
      const [inputs = 0, outputs = 0] = widths.slice(at, at + 2);
      return [
        [`${name}/kernel`, [inputs, outputs]],
        [`${name}/bias`, [outputs]],
      ];
    }),
  );
}

/** Fresh weights under names that no network and no head has. Variance-preserving through the ReLUs (He et al., ICCV 2015). */
export function initialPredictor(rng: Rng, dimension: number): NamedArrays {
  const last = layerNames.at(-1);
  return Object.fromEntries(
    Object.entries(predictorShapes(dimension)).map(([name, shape]) => {
      const [inputs = 1, outputs] = shape;
      if (outputs === undefined) return [name, filled(shape, 0)];
      const gain = name.startsWith(`${last}/`) ? 1 : 2;
      return [name, normals(rng.derive(name), shape, Math.sqrt(gain / inputs))];
    }),
  );
}

/**
 * Cross-entropy of the predictor on embeddings of images turned as `turnedImages` has them.
 * @param embedding `[classes * batch, dimension]`, all of class 0 first
 */
export function rotationLoss(embedding: Tensor2D, batchSize: number, predictor: Tensors): Scalar {
  let rows: Tensor2D = embedding;
  for (const [at, name] of layerNames.entries()) {
    const kernel = tensorNamed(predictor, `${name}/kernel`) as Tensor2D;
    rows = tf.add(tf.matMul(rows, kernel), tensorNamed(predictor, `${name}/bias`));
    if (at < HIDDEN.length) rows = tf.relu(rows);
  }
  const own = Array.from({ length: ROTATION_CLASSES }, (_, at): Tensor2D =>
    tf.slice2d(rows, [at * batchSize, at], [batchSize, 1]),
  );
  return tf.sub(tf.mean(tf.logSumExp(rows, 1)), tf.mean(tf.concat(own, 0)));
}

/** The class that the predictor takes each row for; on the host, in double precision. */
export function predictRotations(predictor: NamedArrays, embeddings: Matrix): Uint8Array {
  const layers = layerNames.map((name) => ({
    kernel: arrayNamed(predictor, `${name}/kernel`),
    bias: arrayNamed(predictor, `${name}/bias`),
  }));
  return Uint8Array.from({ length: embeddings.rows }, (_, row) => {
    const start = row * embeddings.columns;
    let values = Float64Array.from(embeddings.data.subarray(start, start + embeddings.columns));
    for (const [at, { kernel, bias }] of layers.entries()) {
      const next = Float64Array.from(bias);
      const width = next.length;
      // Row by row of the kernel, as it lies in memory; behind a ReLU many of them are skipped.
      for (let from = 0; from < values.length; from++) {
        const value = values[from] ?? 0;
        if (value === 0) continue;
        for (let to = 0, entry = from * width; to < width; to++, entry++)
          next[to] = (next[to] ?? 0) + value * (kernel[entry] ?? 0);
      }
      values = at < HIDDEN.length ? next.map((value) => Math.max(0, value)) : next;
    }
    return values.indexOf(Math.max(...values));
  });
}

function arrayNamed(arrays: NamedArrays, name: string): Float32Array {
  const found = arrays[name];
  if (found === undefined) throw new RangeError(`there is no array "${name}"`);
  return found.data;
}
