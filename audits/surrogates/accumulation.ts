import type { HostTensor, StepDefinition, StepValues } from '../contract/engine.ts';
import { tf } from '../tensor/ops.ts';
import type { Tensor, Tensors } from '../tensor/ops.ts';
import { clipByGlobalNorm } from '../optimizers/gradient-clipping.ts';
import { filled, filterNames, tensorNamed } from './parameters.ts';
import type { NamedArrays } from './parameters.ts';
import { forwardBackward, viewInputs, type TrainingStepPlan } from './training-step.ts';

/** 1 in the run that ends a batch, else 0. */
const IS_LAST = 'isLastPart';
const PREFIX = 'accumulated/';

/** Whether a state entry is a sum of gradients: 0 whenever a batch has ended. */
export function isAccumulated(name: string): boolean {
  return name.startsWith(PREFIX);
}

/**
 * A training step that sees a batch in `parts` runs: each adds its share of the gradient, the last one updates the weights
 * by the sum and clears it. The same numbers as the whole batch at once, up to rounding, for a loss that is a plain mean
 * over rows and a network that looks at each row alone (no batch norm).
 * @param plan of the whole batch; a run takes `batchSize / parts` rows
 */
export function accumulatingStep(plan: TrainingStepPlan, parts: number): StepDefinition<Tensor> {
  const { weights, statistics, optimizer, batchSize } = plan;
  if (!plan.loss.meanOverRows || Object.keys(statistics).length > 0 || batchSize % parts !== 0)
    throw new RangeError(`a batch of ${batchSize} cannot be trained in ${parts} parts with ${plan.loss.id}`);
  const part: TrainingStepPlan = { ...plan, batchSize: batchSize / parts };
  const slots = optimizer.slots(weights);
  const sums: NamedArrays = Object.fromEntries(
    Object.entries(weights).map(([name, { shape }]) => [PREFIX + name, filled(shape, 0)]),
  );
  return {
    name: `train ${plan.architecture.id} (${plan.loss.id}) in ${parts} parts`,
    state: { ...weights, ...slots, ...sums },
    inputs: { ...optimizer.inputs, [IS_LAST]: { shape: [], dtype: 'float32' }, ...viewInputs(part) },
    step(state, inputs) {
      const pick = (of: NamedArrays): Tensors => filterNames(state, (name) => name in of);
      const { loss, gradients } = forwardBackward(part, {}, pick(weights), inputs);
      const isLast = tensorNamed(inputs, IS_LAST);
      const isNotLast = tf.sub(1, isLast);
      const summed = mapNames(gradients, (gradient, name) =>
        tf.add(tensorNamed(state, PREFIX + name), tf.div(gradient, parts)),
      );
      const whole = plan.clipNorm === undefined ? summed : clipByGlobalNorm(summed, plan.clipNorm).gradients;
      const updated = optimizer.update(pick(weights), whole, pick(slots), inputs);
      return {
        state: {
          // A product with 0 or 1 is exact: this is a choice, not an average.
          ...mapNames(updated, (next, name) =>
            tf.add(tf.mul(next, isLast), tf.mul(tensorNamed(state, name), isNotLast)),
          ),
          ...Object.fromEntries(
            Object.entries(summed).map(([name, sum]) => [PREFIX + name, tf.mul(sum, isNotLast)]),
          ),
        },
        outputs: { loss },
      };
    },
  };
}

/** The inputs of one step as those of its parts: rows are shared out, scalars go to each. No copies. */
export function splitBatch(step: StepValues, parts: number): readonly StepValues[] {
  if (parts === 1) return [step];
  return Array.from({ length: parts }, (_, part) => ({
    ...Object.fromEntries(Object.entries(step).map(([name, tensor]) => [name, rowsOf(tensor, part, parts)])),
    [IS_LAST]: { shape: [], data: Float32Array.of(part === parts - 1 ? 1 : 0) },
  }));
}

function rowsOf({ shape, data }: HostTensor, part: number, parts: number): HostTensor {
  const [rows, ...rest] = shape;
  if (rows === undefined) return { shape, data };
  const length = data.length / parts;
  return { shape: [rows / parts, ...rest], data: data.subarray(part * length, (part + 1) * length) };
}

function mapNames(tensors: Tensors, change: (tensor: Tensor, name: string) => Tensor): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor, name)]));
}
