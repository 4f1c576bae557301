import type { z } from 'zod';
import type { HostTensor, TensorSpec } from '../contract/engine.ts';
import type { Rng } from '../rng.ts';
import type { Tensor, Tensor4D, Tensors } from '../tensor/ops.ts';

/** The numbers drawn for one image, by name. */
export type ImageDraws = Readonly<Record<string, readonly number[]>>;

/**
 * Random changes to images in two halves. The host draws: chance stays seeded, and a step's graph stays the same. The
 * device applies: `apply` is a pure function over tensors and can be part of a training step on any engine.
 */
export interface Augmentation {
  /** Numbers drawn per image, by name. */
  readonly draws: Readonly<Record<string, number>>;
  /** The draws of one image of `size` x `size` pixels, each as long as `draws` says. */
  drawImage(rng: Rng, size: number): ImageDraws;
  /**
   * @param images `[batch, size, size, 3]` in [0, 1]
   * @param draw the draws of that name, `[batch, numbers]`
   * @returns `[batch, size, size, 3]` in [0, 1]; row by row, so batches do not matter
   */
  apply(images: Tensor4D, draw: (name: string) => Tensor): Tensor4D;
  /**
   * The same numbers computed here, from bytes of one image: there only where that is faster on a CPU than `apply`
   * (docs/augmentations.md), since it is one more thing to keep right.
   * @param target `[size, size, 3]` in [0, 1]
   */
  applyOnHost?(source: Uint8Array, target: Float32Array, size: number, draws: ImageDraws): void;
}

/** A family of augmentations with its parameters. */
export interface AugmentationSet<Parameters extends z.ZodObject = z.ZodObject> {
  readonly id: string;
  readonly summary: string;
  /** Where the steps and the defaults of the parameters come from. */
  readonly source: string;
  /** Every parameter has a default. */
  readonly parameters: Parameters;
  open(parameters: z.infer<Parameters>): Augmentation;
}

/** The draws as inputs of a step; `prefix` keeps several augmentations of one step apart. */
export function drawInputs(
  { draws }: Pick<Augmentation, 'draws'>,
  batch: number,
  prefix: string,
): Readonly<Record<string, TensorSpec>> {
  return Object.fromEntries(
    Object.entries(draws).map(([name, numbers]) => [
      prefix + name,
      { shape: [batch, numbers], dtype: 'float32' as const },
    ]),
  );
}

/** Draws for a batch, image after image. `streams` gives each image its stream, or one stream serves all in order. */
export function drawBatch(
  augmentation: Augmentation,
  batch: number,
  size: number,
  rng: Rng | ((image: number) => Rng),
  prefix: string,
): Readonly<Record<string, HostTensor>> {
  const inputs: Record<string, { readonly shape: readonly number[]; readonly data: Float32Array }> = {};
  for (const [name, numbers] of Object.entries(augmentation.draws))
    inputs[prefix + name] = { shape: [batch, numbers], data: new Float32Array(batch * numbers) };
  for (let image = 0; image < batch; image++) {
    const drawn = augmentation.drawImage(typeof rng === 'function' ? rng(image) : rng, size);
    for (const [name, values] of Object.entries(drawn))
      inputs[prefix + name]?.data.set(values, image * values.length);
  }
  return inputs;
}

/** `apply` with the draws among a step's inputs. */
export function augment(
  augmentation: Augmentation,
  images: Tensor4D,
  inputs: Tensors,
  prefix: string,
): Tensor4D {
  return augmentation.apply(images, (name) => {
    const tensor = inputs[prefix + name];
    if (tensor === undefined) throw new RangeError(`the step has no input "${prefix}${name}"`);
    return tensor;
  });
}
