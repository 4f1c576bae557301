import { tf } from '../tensor/ops.ts';
import { tensorNamed } from '../surrogates/parameters.ts';
import { moments, moveMoments } from './moments.ts';
import { SCALAR, scalar, updateEach } from './optimizer.ts';
import type { OptimizerDefinition } from './optimizer.ts';

/**
 * AdamW (Loshchilov and Hutter, ICLR 2019, algorithm 2) as PyTorch's `AdamW` has it: every weight shrinks by
 * `1 - rate * weightDecay` before Adam's step, so the decay is not divided by the gradient's size. The usual values
 * are PyTorch's.
 */
export const adamw: OptimizerDefinition = {
  id: 'adamw',
  summary: 'Adam, weight decay apart from the gradient.',
  hasMomentum: false,
  usual: () => ({ learningRate: 1e-3, weightDecay: 1e-2 }),
  create: ({ weightDecay }) => ({
    ...moments,
    inputs: { ...moments.inputs, shrinkage: SCALAR },
    feeds: (step, learningRate) => ({
      ...moments.feeds(step, learningRate),
      shrinkage: scalar(1 - learningRate * weightDecay),
    }),
    update: (weights, gradients, slots, inputs) =>
      updateEach(weights, gradients, (name, weight, gradient) => {
        const moved = moveMoments(name, gradient, slots, inputs);
        const shrunk = tf.mul(weight, tensorNamed(inputs, 'shrinkage'));
        return { [name]: tf.sub(shrunk, moved.change), ...moved.slots };
      }),
  }),
};
