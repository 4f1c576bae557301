import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensors } from '../tensor/ops.ts';

/**
 * Gradients shortened together so that their joint length is at most `maximumNorm` (Pascanu et al., ICML 2013,
 * section 3.2); shorter ones stay as they are. PyTorch's `clip_grad_norm_` divides by `norm + 1e-6` instead.
 * @returns the gradients, and their joint length before (a scalar).
 */
export function clipByGlobalNorm(
  gradients: Tensors,
  maximumNorm: number,
): { readonly gradients: Tensors; readonly norm: Scalar } {
  const squares = Object.values(gradients).map((gradient): Scalar => tf.sum(tf.square(gradient)));
  const norm: Scalar = tf.sqrt(squares.reduce((left, right) => tf.add(left, right)));
  const factor = tf.div(maximumNorm, tf.maximum(norm, maximumNorm));
  const clipped = Object.fromEntries(
    Object.entries(gradients).map(([name, gradient]) => [name, tf.mul(gradient, factor)]),
  );
  return { gradients: clipped, norm };
}
