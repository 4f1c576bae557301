import type { StepValues, TensorSpec } from '../contract/engine.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import type { Rng } from '../rng.ts';
import { tensorNamed, type NamedArrays } from '../surrogates/parameters.ts';
import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor4D, Tensors } from '../tensor/ops.ts';
import { rotationLoss } from '../watermarks/rotation-predictor.ts';
import { drawAngles, ROTATION_CLASSES, turnImage } from '../watermarks/rotation-task.ts';
import { descend } from './descend.ts';
import type { EncoderStepPlan } from './encoder-step.ts';

/**
 * The rotation mark within a training step (paper-spec 4.1): the predictor must tell from the embedding in which half turn an image
 * was turned, and the network learns to be read by it. The paper goes through all images by the method's loss, then through
 * all of them by the mark's; here every batch takes both turns, so that a training may end at any step with both learned.
 */
export interface StepMark {
  readonly predictor: NamedArrays;
  /** False: it stays as it was drawn, and the network alone learns. */
  readonly isTrained: boolean;
}

const IMAGES = 'mark/images';

/** The two moves of the network in one step; each has scalars of the optimizer of its own. */
const moves = ['first', 'second'] as const;
type Move = (typeof moves)[number];
const prefixOf = (move: Move): string => `${move}/`;

/** Inputs of the step that a mark adds. */
export function markSpecs({
  optimizer,
  batchSize,
  inputSize,
}: EncoderStepPlan): Readonly<Record<string, TensorSpec>> {
  const scalars = moves.flatMap((move) =>
    Object.entries(optimizer.inputs).map(([name, spec]) => [prefixOf(move) + name, spec] as const),
  );
  return {
    ...Object.fromEntries(scalars),
    [IMAGES]: { shape: [ROTATION_CLASSES * batchSize, inputSize, inputSize, 3], dtype: 'float32' },
  };
}

/** One optimizer, as in the paper's code: its moments of the network see every one of two moves a step. */
export function markFeeds(optimizer: Optimizer, step: number, learningRate: number): StepValues {
  return Object.fromEntries(
    moves.flatMap((move, at) =>
      Object.entries(optimizer.feeds(moves.length * step + at, learningRate)).map(
        ([name, value]) => [prefixOf(move) + name, value] as const,
      ),
    ),
  );
}

/** The optimizer's scalars of one of the network's moves, under the optimizer's own names. */
export function networkScalars(inputs: Tensors, move: Move): Tensors {
  const prefix = prefixOf(move);
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value] as const] : [],
    ),
  );
}

/** Each image of a batch turned once per class, in bytes `[classes * batch, size, size, 3]`. */
export function turnedBatch(pixels: Uint8Array, rows: Uint32Array, size: number, rng: Rng): StepValues {
  const length = size * size * 3;
  const data = new Float32Array(ROTATION_CLASSES * rows.length * length);
  for (const [at, row] of rows.entries()) {
    const source = pixels.subarray(row * length, (row + 1) * length);
    for (const [index, degrees] of drawAngles(rng).entries()) {
      const start = (index * rows.length + at) * length;
      turnImage(source, data.subarray(start, start + length), { height: size, width: size }, degrees);
    }
  }
  return { [IMAGES]: { shape: [ROTATION_CLASSES * rows.length, size, size, 3], data } };
}

/** The second move of a step. */
export function markUpdate(
  plan: EncoderStepPlan,
  { predictor, isTrained }: StepMark,
  state: Tensors,
  inputs: Tensors,
): { readonly state: Tensors; readonly loss: Scalar } {
  const images: Tensor4D = tf.div(tensorNamed(inputs, IMAGES), 255);
  return descend(plan, state, {
    images,
    layers: predictor,
    areLayersTrained: isTrained,
    loss: (embedding, layers) => rotationLoss(embedding, plan.batchSize, layers),
    networkInputs: networkScalars(inputs, 'second'),
    layerInputs: inputs,
  });
}
