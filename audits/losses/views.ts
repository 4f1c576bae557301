import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor2D } from '../tensor/ops.ts';

/** Keeps the division finite for a zero row; far below the squared norm of any real embedding. */
const SMALLEST_SQUARED_NORM = 1e-12;

/** Rows scaled to length 1. `[rows, dimension]` */
export function normalizeRows(rows: Tensor2D): Tensor2D {
  const squaredNorm = tf.sum(tf.square(rows), 1, true); // [rows, 1]
  return tf.div(rows, tf.sqrt(tf.add(squaredNorm, SMALLEST_SQUARED_NORM)));
}

/** Added to a variance before the root; the value of PyTorch's batch norm, and of the paper's code for Barlow Twins. */
const VARIANCE_EPSILON = 1e-5;

/** Columns with mean 0 and (biased) variance 1 over the rows: batch norm without its affine part. `[rows, columns]` */
export function standardizeColumns(rows: Tensor2D): Tensor2D {
  const centered = tf.sub(rows, tf.mean(rows, 0, true));
  const variance = tf.mean(tf.square(centered), 0, true); // [1, columns]
  return tf.div(centered, tf.sqrt(tf.add(variance, VARIANCE_EPSILON)));
}

/** The mean of a per-view loss over the views. */
export function meanOverViews(
  surrogateViews: readonly Tensor2D[],
  victimViews: readonly Tensor2D[],
  loss: (surrogate: Tensor2D, victim: Tensor2D) => Scalar,
): Scalar {
  if (surrogateViews.length !== victimViews.length || surrogateViews.length === 0)
    throw new RangeError(
      `a loss needs as many victim views as surrogate views, got ${victimViews.length} and ${surrogateViews.length}`,
    );
  const terms = surrogateViews.map((surrogate, view) => loss(surrogate, viewAt(victimViews, view)));
  const sum = terms.reduce((left, right) => tf.add(left, right));
  return terms.length === 1 ? sum : tf.div(sum, terms.length);
}

/** The view at an index that is known to exist. */
export function viewAt(views: readonly Tensor2D[], index: number): Tensor2D {
  const view = views[index];
  if (view === undefined) throw new RangeError(`view ${index} of ${views.length} was asked for`);
  return view;
}
