import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor } from '../tensor/ops.ts';
import { tensorNamed } from '../surrogates/parameters.ts';
import { SCALAR, scalar, slotsLike, updateEach, withPenalty } from './optimizer.ts';
import type { OptimizerDefinition } from './optimizer.ts';

const MOMENTUM = 0.9;
/** Length of a layer's step relative to the layer's weights, at rate 1. */
const TRUST = 1e-3;

/**
 * Layer-wise adaptive rates (You, Gitman and Ginsburg 2017, arXiv:1708.03888, algorithm 1) in the form of SimCLR's
 * code (Chen et al., ICML 2020): per layer `r = trust * |w| / |g|` with `g` including the L2 penalty, or 1 where either
 * length is 0; `v = 0.9 v + rate r g`, `w = w - v` (with `nesterov` `w - 0.9 v - rate r g`). The rate is inside the
 * velocity, so a changing rate acts otherwise than in `sgd-momentum`.
 *
 * Biases and the parameters of norms take part neither in the decay nor in the adaptation (`r = 1`). They are told by
 * their rank: every kernel here has two axes or more, everything else one. The usual values are SimCLR's for small
 * batches (appendix B.1: the rate grows with the batch's root).
 */
export const lars: OptimizerDefinition = {
  id: 'lars',
  summary: 'Layer-wise adaptive rates over momentum 0.9; biases and norms left out of it.',
  hasMomentum: true,
  usual: (batchSize) => ({ learningRate: 0.075 * Math.sqrt(batchSize), weightDecay: 1e-6 }),
  create: ({ weightDecay, nesterov = false }) => ({
    slots: (weights) => slotsLike('momentum', weights),
    inputs: { learningRate: SCALAR },
    feeds: (_step, learningRate) => ({ learningRate: scalar(learningRate) }),
    update: (weights, gradients, slots, inputs) =>
      updateEach(weights, gradients, (name, weight, given) => {
        const isAdapted = weight.rank > 1;
        const gradient = isAdapted ? withPenalty(given, weight, weightDecay) : given;
        const rate = tensorNamed(inputs, 'learningRate');
        const layerRate = isAdapted ? tf.mul(rate, trustRatio(weight, gradient)) : rate;
        const step = tf.mul(gradient, layerRate);
        const velocity = tf.add(tf.mul(tensorNamed(slots, `momentum/${name}`), MOMENTUM), step);
        const change = nesterov ? tf.add(tf.mul(velocity, MOMENTUM), step) : velocity;
        return { [name]: tf.sub(weight, change), [`momentum/${name}`]: velocity };
      }),
  }),
};

function trustRatio(weight: Tensor, gradient: Tensor): Scalar {
  const [weightLength, gradientLength] = [length(weight), length(gradient)];
  const isMoving = tf.logicalAnd(tf.greater(weightLength, 0), tf.greater(gradientLength, 0));
  // Where the condition fails the quotient may be infinite; it is not taken then.
  return tf.where(isMoving, tf.div(tf.mul(weightLength, TRUST), gradientLength), tf.scalar(1));
}

function length(tensor: Tensor): Scalar {
  return tf.sqrt(tf.sum(tf.square(tensor)));
}
