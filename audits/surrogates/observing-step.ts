import type { StepDefinition } from '../contract/engine.ts';
import type { Tensor } from '../tensor/ops.ts';
import { filterNames } from './parameters.ts';
import { forwardBackward, viewInputs } from './training-step.ts';
import type { TrainingStepPlan } from './training-step.ts';

/** Names the gradient of a weight among the outputs. */
export const gradientOutput = (weight: string): string => `gradient/${weight}`;

/**
 * The same forward and backward pass as the training step's, which moves nothing and shows everything: outputs `loss`,
 * `embedding` `[views * batch, dimension]` and every weight's gradient.
 */
export function observingStep(plan: TrainingStepPlan): StepDefinition<Tensor> {
  return {
    name: `observe ${plan.architecture.id} (${plan.loss.id})`,
    state: { ...plan.weights, ...plan.statistics },
    inputs: viewInputs(plan),
    step(state, inputs) {
      const statistics = filterNames(state, (name) => name in plan.statistics);
      const weights = filterNames(state, (name) => name in plan.weights);
      const { loss, embedding, gradients } = forwardBackward(plan, statistics, weights, inputs);
      const named = Object.entries(gradients).map(([name, gradient]) => [gradientOutput(name), gradient]);
      return { state: {}, outputs: { loss, embedding, ...Object.fromEntries(named) } };
    },
  };
}
