import type { HostTensor, StepDefinition, StepValues, TensorSpec } from '../contract/engine.ts';
import { augment, drawBatch, drawInputs } from '../augment/augmentation.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import type { Rng } from '../rng.ts';
import type { Architecture } from '../surrogates/architecture.ts';
import { isAppliedOnHost } from '../surrogates/batches.ts';
import { tensorNamed, type NamedArrays } from '../surrogates/parameters.ts';
import { tf } from '../tensor/ops.ts';
import type { Tensor, Tensor2D, Tensor4D, Tensors } from '../tensor/ops.ts';
import { descend } from './descend.ts';
import { markFeeds, markSpecs, markUpdate, networkScalars, turnedBatch, type StepMark } from './mark-step.ts';
import type { TrainingMethod } from './training-method.ts';

/** Of the step's inputs with what is drawn for the views. */
const DRAWS = 'draws/';

export interface EncoderStepPlan {
  readonly method: TrainingMethod;
  readonly architecture: Architecture;
  /** Of the network. */
  readonly weights: NamedArrays;
  /** Running means and variances of the network's batch norms. */
  readonly statistics: NamedArrays;
  /** Of the method's head; no name of it is one of the network's. */
  readonly head: NamedArrays;
  readonly optimizer: Optimizer;
  /** Longest joint gradient; absent: no limit. */
  readonly clipNorm?: number | undefined;
  /** Images per step. */
  readonly batchSize: number;
  readonly inputSize: number;
  /** 0 for images without classes. */
  readonly classes: number;
  /** A watermark to train into the network. */
  readonly mark?: StepMark | undefined;
}

/**
 * One step of a training from nothing: views of a batch through the network together, the method's loss, update of network
 * and head. The step gets bytes and makes the views itself, unless their augmentation is faster on the host. With a mark the
 * network is moved once more, by the mark's loss on the same images. Outputs: `loss`, the batch's mean before the update, and
 * with a mark `markLoss`.
 */
export function encoderStep(plan: EncoderStepPlan): StepDefinition<Tensor> {
  const { method, architecture, weights, statistics, head, optimizer, batchSize, inputSize, mark } = plan;
  const slots = optimizer.slots({ ...weights, ...head, ...(mark?.isTrained === true ? mark.predictor : {}) });
  return {
    name: `${method.id} ${architecture.id}`,
    state: { ...weights, ...head, ...mark?.predictor, ...statistics, ...slots },
    inputs: {
      ...optimizer.inputs,
      images: { shape: [imageRows(plan), inputSize, inputSize, 3], dtype: 'float32' },
      ...(isAppliedOnHost(method.augmentation)
        ? {}
        : drawInputs(method.augmentation, method.views * batchSize, DRAWS)),
      ...classInput(plan),
      ...(mark === undefined ? {} : markSpecs(plan)),
    },
    step(state, inputs) {
      const classes = method.needsClasses ? (tensorNamed(inputs, 'classes') as Tensor2D) : undefined;
      const first = descend(plan, state, {
        images: makeViews(plan, inputs),
        layers: head,
        areLayersTrained: true,
        loss: (embedding, layers) => method.loss({ embedding, batchSize, head: layers, classes }),
        networkInputs: mark === undefined ? inputs : networkScalars(inputs, 'first'),
        layerInputs: inputs,
      });
      if (mark === undefined) return { state: first.state, outputs: { loss: first.loss } };
      const second = markUpdate(plan, mark, { ...state, ...first.state }, inputs);
      return {
        state: { ...first.state, ...second.state },
        outputs: { loss: first.loss, markLoss: second.loss },
      };
    },
  };
}

/** The optimizer's scalars of a step. With a mark the network moves twice in it, and its moments count both. */
export function encoderFeeds(
  { optimizer, mark }: EncoderStepPlan,
  step: number,
  learningRate: number,
): StepValues {
  const feeds = optimizer.feeds(step, learningRate);
  return mark === undefined ? feeds : { ...feeds, ...markFeeds(optimizer, step, learningRate) };
}

/** All views `[views * batch, size, size, 3]` in [0, 1]: the first ones, then the second ones. */
function makeViews({ method }: EncoderStepPlan, inputs: Tensors): Tensor4D {
  const images = tensorNamed(inputs, 'images') as Tensor4D;
  if (isAppliedOnHost(method.augmentation)) return images;
  const unchanged: Tensor4D = tf.div(images, 255);
  const copies = method.views === 1 ? unchanged : tf.concat([unchanged, unchanged], 0);
  return augment(method.augmentation, copies, inputs, DRAWS);
}

function imageRows({ method, batchSize }: EncoderStepPlan): number {
  return isAppliedOnHost(method.augmentation) ? method.views * batchSize : batchSize;
}

function classInput({ method, batchSize, classes }: EncoderStepPlan): Record<string, TensorSpec> {
  return method.needsClasses ? { classes: { shape: [batchSize, classes], dtype: 'float32' } } : {};
}

/** What a step needs besides the optimizer's scalars: the batch's pixels, the draws of its views, its classes. */
export function encoderBatch(
  plan: EncoderStepPlan,
  data: {
    /** Bytes `[images, size, size, 3]`. */
    readonly pixels: Uint8Array;
    readonly labels?: Int32Array | undefined;
  },
  rows: Uint32Array,
  rng: Rng,
  /** A stream of its own, so that views are the same with and without a mark. */
  markRng: Rng,
): StepValues {
  const { method, batchSize, inputSize, classes, mark } = plan;
  const { augmentation, views } = method;
  const onHost = isAppliedOnHost(augmentation);
  return {
    images: gatherImages(method, data.pixels, rows, inputSize, rng),
    ...(onHost ? {} : drawBatch(augmentation, views * batchSize, inputSize, rng, DRAWS)),
    ...(method.needsClasses ? { classes: oneHot(data.labels, rows, classes) } : {}),
    ...(mark === undefined ? {} : turnedBatch(data.pixels, rows, inputSize, markRng)),
  };
}

/** Bytes of each image once, or with an augmentation on the host every view in [0, 1]. */
function gatherImages(
  { augmentation, views }: TrainingMethod,
  pixels: Uint8Array,
  rows: Uint32Array,
  size: number,
  rng: Rng,
): HostTensor {
  const length = size * size * 3;
  const copies = augmentation.applyOnHost === undefined ? 1 : views;
  const data = new Float32Array(copies * rows.length * length);
  for (let copy = 0; copy < copies; copy++)
    for (const [at, row] of rows.entries()) {
      const source = pixels.subarray(row * length, (row + 1) * length);
      const start = (copy * rows.length + at) * length;
      if (augmentation.applyOnHost === undefined) data.set(source, start);
      else
        augmentation.applyOnHost(
          source,
          data.subarray(start, start + length),
          size,
          augmentation.drawImage(rng, size),
        );
    }
  return { shape: [copies * rows.length, size, size, 3], data };
}

function oneHot(labels: Int32Array | undefined, rows: Uint32Array, classes: number): HostTensor {
  if (labels === undefined) throw new RangeError('a method that needs classes was given none');
  const data = new Float32Array(rows.length * classes);
  for (const [at, row] of rows.entries()) data[at * classes + (labels[row] ?? 0)] = 1;
  return { shape: [rows.length, classes], data };
}
