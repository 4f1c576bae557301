import type { HostTensor, StepDefinition, StepValues, TensorSpec } from '../contract/engine.ts';
import { augment, drawBatch, drawInputs } from '../augment/augmentation.ts';
import { clipByGlobalNorm } from '../optimizers/gradient-clipping.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import type { Rng } from '../rng.ts';
import type { Architecture } from '../surrogates/architecture.ts';
import { isAppliedOnHost } from '../surrogates/batches.ts';
import { filterNames, tensorNamed, type NamedArrays } from '../surrogates/parameters.ts';
import { moveStatistics } from '../surrogates/training-step.ts';
import { tf, valueAndGradients } from '../tensor/ops.ts';
import type { Tensor, Tensor2D, Tensor4D, Tensors } from '../tensor/ops.ts';
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
}

/**
 * One step of a training from nothing: views of a batch through the network together, the method's loss, update of network
 * and head. The step gets bytes and makes the views itself, unless their augmentation is faster on the host. Output: `loss`,
 * the batch's mean before the update.
 */
export function encoderStep(plan: EncoderStepPlan): StepDefinition<Tensor> {
  const { method, architecture, statistics, head, optimizer, batchSize, inputSize } = plan;
  const trained: NamedArrays = { ...plan.weights, ...head };
  const slots = optimizer.slots(trained);
  return {
    name: `${method.id} ${architecture.id}`,
    state: { ...trained, ...statistics, ...slots },
    inputs: {
      ...optimizer.inputs,
      images: { shape: [imageRows(plan), inputSize, inputSize, 3], dtype: 'float32' },
      ...(isAppliedOnHost(method.augmentation)
        ? {}
        : drawInputs(method.augmentation, method.views * batchSize, DRAWS)),
      ...classInput(plan),
    },
    step(state, inputs) {
      const pick = (of: NamedArrays): Tensors => filterNames(state, (name) => name in of);
      const current = pick(statistics);
      const views = makeViews(plan, inputs);
      const classes = method.needsClasses ? (tensorNamed(inputs, 'classes') as Tensor2D) : undefined;
      let moved: Tensors = {};
      const { value, gradients } = valueAndGradients((parameters) => {
        const forward = architecture.forward({ ...current, ...parameters }, views, 'train');
        moved = moveStatistics(current, forward.batchStatistics);
        const headNow = filterNames(parameters, (name) => name in head);
        return method.loss({ embedding: forward.embedding, batchSize, head: headNow, classes });
      }, pick(trained));
      const used =
        plan.clipNorm === undefined ? gradients : clipByGlobalNorm(gradients, plan.clipNorm).gradients;
      return {
        state: { ...optimizer.update(pick(trained), used, pick(slots), inputs), ...moved },
        outputs: { loss: value },
      };
    },
  };
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
  { method, batchSize, inputSize, classes }: EncoderStepPlan,
  data: {
    /** Bytes `[images, size, size, 3]`. */
    readonly pixels: Uint8Array;
    readonly labels?: Int32Array | undefined;
  },
  rows: Uint32Array,
  rng: Rng,
): StepValues {
  const { augmentation, views } = method;
  const onHost = isAppliedOnHost(augmentation);
  return {
    images: gatherImages(method, data.pixels, rows, inputSize, rng),
    ...(onHost ? {} : drawBatch(augmentation, views * batchSize, inputSize, rng, DRAWS)),
    ...(method.needsClasses ? { classes: oneHot(data.labels, rows, classes) } : {}),
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
