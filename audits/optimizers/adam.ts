import { tf } from '../tensor/ops.ts';
import { moments, moveMoments } from './moments.ts';
import { updateEach, withPenalty } from './optimizer.ts';
import type { OptimizerDefinition } from './optimizer.ts';

/**
 * Adam (Kingma and Ba, ICLR 2015, algorithm 1) with the L2 penalty added to the gradient, as PyTorch's `Adam` has it
 * and the paper's code uses it. The usual values are those of the paper’s code for most losses.
 */
export const adam: OptimizerDefinition = {
  id: 'adam',
  summary: 'Adam, weight decay as an L2 penalty on the loss.',
  hasMomentum: false,
  usual: () => ({ learningRate: 1e-3, weightDecay: 1e-4 }),
  create: ({ weightDecay }) => ({
    ...moments,
    update: (weights, gradients, slots, inputs) =>
      updateEach(weights, gradients, (name, weight, gradient) => {
        const moved = moveMoments(name, withPenalty(gradient, weight, weightDecay), slots, inputs);
        return { [name]: tf.sub(weight, moved.change), ...moved.slots };
      }),
  }),
};
