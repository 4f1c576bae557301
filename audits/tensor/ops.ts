/**
 * The tensor front end: the operations in which steps, losses and surrogates are written.
 * The only place besides the engines that imports TensorFlow.js; what is not listed here has no kernel check.
 */
import * as tf from '@tensorflow/tfjs-core';

export type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Scalar } from '@tensorflow/tfjs-core';

/** Parameters by name, as steps receive them. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;

/**
 * Value and gradients of a scalar loss with respect to named parameters.
 * @param loss called once; what else it computes may be kept by closure and used until the step ends.
 */
export function valueAndGradients(
  loss: (parameters: Tensors) => tf.Scalar,
  parameters: Tensors,
): { readonly value: tf.Scalar; readonly gradients: Tensors } {
  const names = Object.keys(parameters);
  const named = (list: readonly tf.Tensor[]): Tensors =>
    Object.fromEntries(list.map((tensor, i) => [names[i] ?? '', tensor]));
  const engine = tf.engine();
  let forward: readonly tf.Tensor[] = [];
  const { value, grads } = tf.valueAndGrads((...list: tf.Tensor[]) => {
    const result = loss(named(list));
    // tfjs-core disposes everything but the loss after the forward pass; closures need the rest for longer.
    forward = engine.state.activeScope.track.filter((tensor) => !tensor.kept);
    for (const tensor of forward) tensor.kept = true;
    return result;
  })(Object.values(parameters));
  const scope = engine.state.activeScope;
  for (const tensor of forward) {
    tensor.kept = false;
    tensor.scopeId = scope.id;
    scope.track.push(tensor);
  }
  return { value, gradients: named(grads) };
}

// Quiet: no advice to install another backend on the terminal of the user.
tf.enableProdMode();

export { tf };
