import type { StepDefinition, TensorSpec } from '../contract/engine.ts';
import { tf, valueAndGradients } from '../tensor/ops.ts';
import type { Scalar, Tensor, Tensor2D, Tensor4D, Tensors } from '../tensor/ops.ts';
import { augment, drawInputs } from '../augment/augmentation.ts';
import type { Augmentation } from '../augment/augmentation.ts';
import type { LossDefinition, LossOptions } from '../losses/loss.ts';
import type { Architecture } from './architecture.ts';
import type { Optimizer } from './optimizer.ts';
import { filterNames, tensorNamed } from './parameters.ts';
import type { NamedArrays } from './parameters.ts';

/** Share of a running statistic that survives a step; 1 - momentum of PyTorch's batch norm. */
const STATISTICS_DECAY = 0.9;

export interface TrainingStepPlan {
  readonly architecture: Architecture;
  readonly weights: NamedArrays;
  readonly statistics: NamedArrays;
  readonly optimizer: Optimizer;
  readonly loss: LossDefinition;
  readonly lossOptions: LossOptions;
  readonly augmentation: Augmentation;
  readonly views: number;
  readonly batchSize: number;
  readonly inputSize: number;
  readonly dimension: number;
}

/** Names of a view's inputs. */
export const imagesInput = (view: number): string => `images${view}`;
export const targetsInput = (view: number): string => `targets${view}`;
/** Of the inputs with what is drawn for a view's augmentation. */
export const drawsPrefix = (view: number): string => `draws${view}/`;

/**
 * One step of Algorithm 1 of the paper: forward in train mode, loss against the victim's replies, update.
 * Views go through the network as one batch, so that batch norm sees them together, as in the paper's code.
 * Images are bytes which the step scales and augments, unless the augmentation does so on the host.
 * Output `loss`: the batch's mean before the update.
 */
export function trainingStep(plan: TrainingStepPlan): StepDefinition<Tensor> {
  const { weights, statistics, optimizer } = plan;
  const slots = optimizer.slots(weights);
  return {
    name: `train ${plan.architecture.id} (${plan.loss.id})`,
    state: { ...weights, ...statistics, ...slots },
    inputs: { ...optimizer.inputs, ...viewInputs(plan) },
    step(state, inputs) {
      const pick = (of: NamedArrays): Tensors => filterNames(state, (name) => name in of);
      const current = pick(statistics);
      const images = listViews(plan.views, (view) => imagesOfView(plan, view, inputs));
      let moved: Tensors = {};
      const { value, gradients } = valueAndGradients((parameters) => {
        const { embedding, batchStatistics } = plan.architecture.forward(
          { ...current, ...parameters },
          images.length === 1 ? images[0] : tf.concat(images, 0),
          'train',
        );
        moved = moveStatistics(current, batchStatistics);
        return lossOfViews(plan, embedding, inputs);
      }, pick(weights));
      return {
        state: { ...optimizer.update(pick(weights), gradients, pick(slots), inputs), ...moved },
        outputs: { loss: value },
      };
    },
  };
}

function viewInputs({
  augmentation,
  views,
  batchSize,
  inputSize,
  dimension,
}: TrainingStepPlan): Record<string, TensorSpec> {
  const pairs = listViews(views, (view): [string, TensorSpec][] => [
    [imagesInput(view), { shape: [batchSize, inputSize, inputSize, 3], dtype: 'float32' }],
    [targetsInput(view), { shape: [batchSize, dimension], dtype: 'float32' }],
    ...(augmentation.applyOnHost === undefined
      ? Object.entries(drawInputs(augmentation, batchSize, drawsPrefix(view)))
      : []),
  ]);
  return Object.fromEntries(pairs.flat());
}

/** Before the gradients begin: no weight stands between the pixels and what is trained on. */
function imagesOfView({ augmentation }: TrainingStepPlan, view: number, inputs: Tensors): Tensor4D {
  const images = tensorNamed(inputs, imagesInput(view)) as Tensor4D;
  if (augmentation.applyOnHost !== undefined) return images;
  return augment(augmentation, tf.div(images, 255), inputs, drawsPrefix(view));
}

function lossOfViews(plan: TrainingStepPlan, embedding: Tensor2D, inputs: Tensors): Scalar {
  const surrogateViews: readonly Tensor2D[] =
    plan.views === 1 ? [embedding] : tf.split<Tensor2D>(embedding, plan.views, 0);
  const victimViews = listViews(plan.views, (view) => tensorNamed(inputs, targetsInput(view)) as Tensor2D);
  return plan.loss.compute(surrogateViews, victimViews, plan.lossOptions);
}

export function moveStatistics(current: Tensors, observed: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(observed).map(([name, batch]) => {
      const old = tensorNamed(current, name);
      return [name, tf.add(tf.mul(old, STATISTICS_DECAY), tf.mul(batch, 1 - STATISTICS_DECAY))];
    }),
  );
}

function listViews<Value>(views: number, make: (view: number) => Value): [Value, ...Value[]] {
  return Array.from({ length: views }, (_, view) => make(view)) as [Value, ...Value[]];
}
