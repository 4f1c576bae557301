import type { Rng } from '../rng.ts';
import { filled, normals, tensorNamed, type NamedArrays } from '../surrogates/parameters.ts';
import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor2D, Tensors } from '../tensor/ops.ts';
import { normalizeRows, standardizeColumns } from './views.ts';

/** Width of every layer of projector and predictor (paper, section 1.1 of the specification). */
export const SIAMESE_WIDTH = 512;

/**
 * Projector and predictor of SimSiam (Chen and He, CVPR 2021, section 3) at the width of the paper's code. Batch norms use the
 * statistics of the rows they are given; the bias of a layer that a batch norm follows would change nothing and is left
 * out.
 */
export function siameseHead(rng: Rng, dimension: number): NamedArrays {
  // Variance-preserving through the ReLU behind each layer (He et al., ICCV 2015).
  const layer = (name: string, inputs: number): NamedArrays => ({
    [`${name}/kernel`]: normals(rng.derive(name), [inputs, SIAMESE_WIDTH], Math.sqrt(2 / inputs)),
  });
  const norm = (name: string): NamedArrays => ({
    [`${name}/scale`]: filled([SIAMESE_WIDTH], 1),
    [`${name}/offset`]: filled([SIAMESE_WIDTH], 0),
  });
  return {
    ...layer('projector1', dimension),
    ...norm('projector1'),
    ...layer('projector2', SIAMESE_WIDTH),
    ...norm('projector2'),
    ...layer('projector3', SIAMESE_WIDTH),
    ...layer('predictor1', SIAMESE_WIDTH),
    ...norm('predictor1'),
    ...layer('predictor2', SIAMESE_WIDTH),
    'predictor2/bias': filled([SIAMESE_WIDTH], 0),
  };
}

/** Linear, batch norm, ReLU twice; linear, batch norm without affine part. `[rows, dimension]` to `[rows, 512]` */
export function projectSiamese(rows: Tensor2D, head: Tensors): Tensor2D {
  const hidden = normedLayer(normedLayer(rows, head, 'projector1'), head, 'projector2');
  return standardizeColumns(linear(hidden, head, 'projector3'));
}

/** Linear, batch norm, ReLU, linear. `[rows, 512]` to `[rows, 512]` */
export function predictSiamese(rows: Tensor2D, head: Tensors): Tensor2D {
  const hidden = normedLayer(rows, head, 'predictor1');
  return tf.add(linear(hidden, head, 'predictor2'), tensorNamed(head, 'predictor2/bias'));
}

/**
 * `-(mean cos(p_1, z_2) + mean cos(p_2, z_1)) / 2`, the symmetrised negative cosine of SimSiam (equation 2) and, up to a factor
 * and an offset, of BYOL: -1 where each view predicts the other's projection.
 */
export function symmetrizedCosine(
  [firstPrediction, secondPrediction]: readonly Tensor2D[],
  [firstProjection, secondProjection]: readonly Tensor2D[],
): Scalar {
  if (!firstPrediction || !secondPrediction || !firstProjection || !secondProjection)
    throw new RangeError('a symmetrised loss compares two views');
  const crossed = tf.add(
    meanCosine(firstPrediction, secondProjection),
    meanCosine(secondPrediction, firstProjection),
  );
  return tf.div(crossed, -2);
}

function meanCosine(a: Tensor2D, b: Tensor2D): Scalar {
  return tf.mean(tf.sum(tf.mul(normalizeRows(a), normalizeRows(b)), 1));
}

/** Linear without bias, batch norm by the rows' own statistics, ReLU; weights `name/kernel`, `name/scale`, `name/offset`. */
export function normedLayer(rows: Tensor2D, head: Tensors, name: string): Tensor2D {
  const normed = standardizeColumns(linear(rows, head, name));
  return tf.relu(
    tf.add(tf.mul(normed, tensorNamed(head, `${name}/scale`)), tensorNamed(head, `${name}/offset`)),
  );
}

function linear(rows: Tensor2D, head: Tensors, name: string): Tensor2D {
  return tf.matMul(rows, tensorNamed(head, `${name}/kernel`));
}
