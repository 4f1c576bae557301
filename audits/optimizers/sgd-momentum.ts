import { tf } from '../tensor/ops.ts';
import { tensorNamed } from '../surrogates/parameters.ts';
import { SCALAR, scalar, slotsLike, updateEach, withPenalty } from './optimizer.ts';
import type { OptimizerDefinition } from './optimizer.ts';

const MOMENTUM = 0.9;

/**
 * Stochastic gradient descent with momentum as PyTorch's `SGD` has it: `v = 0.9 v + g`, `w = w - rate v`, the rate
 * outside the velocity; with `nesterov` (Sutskever et al., ICML 2013) `w = w - rate (g + 0.9 v)`. The usual values are
 * those of the paper’s code for SupCon and the symmetrized loss.
 */
export const sgdMomentum: OptimizerDefinition = {
  id: 'sgd-momentum',
  summary: 'Stochastic gradient descent with momentum 0.9, optionally Nesterov’s.',
  hasMomentum: true,
  usual: () => ({ learningRate: 0.05, weightDecay: 1e-4 }),
  create: ({ weightDecay, nesterov = false }) => ({
    slots: (weights) => slotsLike('momentum', weights),
    inputs: { learningRate: SCALAR },
    feeds: (_step, learningRate) => ({ learningRate: scalar(learningRate) }),
    update: (weights, gradients, slots, inputs) =>
      updateEach(weights, gradients, (name, weight, given) => {
        const gradient = withPenalty(given, weight, weightDecay);
        const velocity = tf.add(tf.mul(tensorNamed(slots, `momentum/${name}`), MOMENTUM), gradient);
        const direction = nesterov ? tf.add(gradient, tf.mul(velocity, MOMENTUM)) : velocity;
        return {
          [name]: tf.sub(weight, tf.mul(direction, tensorNamed(inputs, 'learningRate'))),
          [`momentum/${name}`]: velocity,
        };
      }),
  }),
};
