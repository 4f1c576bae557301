/**
 * The tensor front end: the operations in which steps, losses and surrogates are written.
 * The only place besides the engines that imports TensorFlow.js; what is not listed here has no kernel check.
 */
import * as tf from '@tensorflow/tfjs-core';

export type { Tensor, Tensor1D, Tensor2D, Tensor4D, Scalar } from '@tensorflow/tfjs-core';

/** Parameters by name, as steps receive them. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;

/**
 * Value and gradients of a scalar loss with respect to named parameters.
 * @param loss called once; what else it computes may be kept by closure.
 */
export function valueAndGradients(
  loss: (parameters: Tensors) => tf.Scalar,
  parameters: Tensors,
): { readonly value: tf.Scalar; readonly gradients: Tensors } {
  const names = Object.keys(parameters);
  const named = (list: readonly tf.Tensor[]): Tensors =>
    Object.fromEntries(list.map((tensor, i) => [names[i] ?? '', tensor]));
  const { value, grads } = tf.valueAndGrads((...list: tf.Tensor[]) => loss(named(list)))(
    Object.values(parameters),
  );
  return { value, gradients: named(grads) };
}

export { tf };
