import type { StepDefinition, TensorSpec } from '../contract/engine.ts';
import { tf, valueAndGradients } from '../tensor/ops.ts';
import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D, Tensors } from '../tensor/ops.ts';
import { augment, drawInputs } from '../augment/augmentation.ts';
import type { Augmentation } from '../augment/augmentation.ts';
import type { LossDefinition, LossInputs, LossOptions } from '../losses/loss.ts';
import type { Rng } from '../rng.ts';
import { clipByGlobalNorm } from '../optimizers/gradient-clipping.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import type { Architecture, ForwardResult } from './architecture.ts';
import { filterNames, tensorNamed } from './parameters.ts';
import type { NamedArrays } from './parameters.ts';

/** Share of a running statistic that survives a step; 1 - momentum of PyTorch's batch norm. */
const STATISTICS_DECAY = 0.9;

export interface TrainingStepPlan {
  readonly architecture: Architecture;
  /** Of the network and, under `lossHead` names, of the loss's head. */
  readonly weights: NamedArrays;
  readonly statistics: NamedArrays;
  readonly optimizer: Optimizer;
  /** Longest joint gradient; absent: no limit. */
  readonly clipNorm?: number | undefined;
  readonly loss: LossDefinition;
  readonly lossOptions: LossOptions;
  /** What the step does to the bytes of each view. Where one is absent, it gets images as it trains on them, in [0, 1]. */
  readonly augmentations?: readonly (Augmentation | undefined)[];
  readonly views: number;
  readonly batchSize: number;
  readonly inputSize: number;
  /** For a network on frozen features: its inputs are images of one pixel and so many channels. */
  readonly featureLength?: number | undefined;
  readonly dimension: number;
}

/** Names of a view's inputs. */
export const imagesInput = (view: number): string => `images${view}`;
export const targetsInput = (view: number): string => `targets${view}`;
/** Name of the input with the images' classes, for a loss that needs them. */
export const LABELS_INPUT = 'labels';

const HEAD_PREFIX = 'loss-head/';

/** Fresh weights of the loss's head under the names they have among a plan's weights; none where it has no head. */
export function lossHead(
  loss: LossDefinition,
  rng: Rng,
  { dimension, replyDimension }: { readonly dimension: number; readonly replyDimension: number },
): NamedArrays {
  const head = loss.head?.initialize(rng, dimension, replyDimension) ?? {};
  return Object.fromEntries(Object.entries(head).map(([name, weight]) => [HEAD_PREFIX + name, weight]));
}

/** Of the inputs with what is drawn for a view's augmentation. */
export const drawsPrefix = (view: number): string => `draws${view}/`;

/**
 * One step of Algorithm 1 of the paper: forward in train mode, loss against the victim's replies, update.
 * Views go through the network as one batch, so that batch norm sees them together, as in the paper's code.
 * Outputs: `loss`, the batch's mean before the update, and with a `clipNorm` the `gradientNorm` before the clipping.
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
      const { loss, gradients, batchStatistics } = forwardBackward(plan, current, pick(weights), inputs);
      const moved = moveStatistics(current, batchStatistics);
      const clipped =
        plan.clipNorm === undefined ? { gradients } : clipByGlobalNorm(gradients, plan.clipNorm);
      return {
        state: { ...optimizer.update(pick(weights), clipped.gradients, pick(slots), inputs), ...moved },
        outputs: { loss, ...('norm' in clipped ? { gradientNorm: clipped.norm } : {}) },
      };
    },
  };
}

/** Forward in train mode, the loss of all views and its gradients. `embedding`: `[views * batch, dimension]`. */
export function forwardBackward(
  plan: TrainingStepPlan,
  statistics: Tensors,
  weights: Tensors,
  inputs: Tensors,
): ForwardResult & { readonly loss: Scalar; readonly gradients: Tensors } {
  const images = listViews(plan.views, (view) => imagesOfView(plan, view, inputs));
  const victimViews = receivedReplies(plan, weights, inputs);
  let forward: ForwardResult | undefined;
  const { value, gradients } = valueAndGradients((parameters) => {
    forward = plan.architecture.forward(
      { ...statistics, ...parameters },
      images.length === 1 ? images[0] : tf.concat(images, 0),
      'train',
    );
    const lossInputs = { ...labelsOf(plan, inputs), head: headOf(parameters) };
    return lossOfViews(plan, forward.embedding, victimViews, lossInputs);
  }, weights);
  if (forward === undefined) throw new RangeError('the loss was differentiated without being computed');
  return { ...forward, loss: value, gradients };
}

/** The inputs that hold images, replies and classes. */
export function viewInputs({
  loss,
  augmentations,
  views,
  batchSize,
  inputSize,
  featureLength,
  dimension,
}: TrainingStepPlan): Record<string, TensorSpec> {
  const image = featureLength === undefined ? [inputSize, inputSize, 3] : [1, 1, featureLength];
  const pairs = listViews(views, (view): [string, TensorSpec][] => {
    const augmentation = augmentations?.[view];
    return [
      [imagesInput(view), { shape: [batchSize, ...image], dtype: 'float32' }],
      [targetsInput(view), { shape: [batchSize, dimension], dtype: 'float32' }],
      ...(augmentation === undefined
        ? []
        : Object.entries(drawInputs(augmentation, batchSize, drawsPrefix(view)))),
    ];
  });
  const labels: Record<string, TensorSpec> =
    loss.needsLabels === true ? { [LABELS_INPUT]: { shape: [batchSize], dtype: 'float32' } } : {};
  return { ...Object.fromEntries(pairs.flat()), ...labels };
}

/** Outside of the gradients: no weight stands between the pixels and what is trained on. */
function imagesOfView({ augmentations }: TrainingStepPlan, view: number, inputs: Tensors): Tensor4D {
  const augmentation = augmentations?.[view];
  const images = tensorNamed(inputs, imagesInput(view)) as Tensor4D;
  if (augmentation === undefined) return images;
  return augment(augmentation, tf.div(images, 255), inputs, drawsPrefix(view));
}

/** Outside of the gradients too: a reply that passes the head is no way for the loss to move it. */
function receivedReplies(
  { loss, views }: TrainingStepPlan,
  weights: Tensors,
  inputs: Tensors,
): readonly Tensor2D[] {
  const head = headOf(weights);
  return listViews(views, (view) => {
    const replies = tensorNamed(inputs, targetsInput(view)) as Tensor2D;
    return loss.head?.receive === undefined ? replies : loss.head.receive(replies, head);
  });
}

function headOf(weights: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(weights).flatMap(([name, weight]) =>
      name.startsWith(HEAD_PREFIX) ? [[name.slice(HEAD_PREFIX.length), weight] as const] : [],
    ),
  );
}

function labelsOf({ loss }: TrainingStepPlan, inputs: Tensors): Pick<LossInputs, 'labels'> {
  return loss.needsLabels === true ? { labels: tensorNamed(inputs, LABELS_INPUT) as Tensor1D } : {};
}

function lossOfViews(
  plan: TrainingStepPlan,
  embedding: Tensor2D,
  victimViews: readonly Tensor2D[],
  lossInputs: LossInputs,
): Scalar {
  const surrogateViews: readonly Tensor2D[] =
    plan.views === 1 ? [embedding] : tf.split<Tensor2D>(embedding, plan.views, 0);
  return plan.loss.compute(surrogateViews, victimViews, plan.lossOptions, lossInputs);
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
