import type { Engine, StepDefinition } from '../contract/engine.ts';
import type { Images } from '../contract/data.ts';
import { imageBytes } from '../contract/data.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import type { Rng } from '../rng.ts';
import { tf } from '../tensor/ops.ts';
import type { Tensor, Tensor4D } from '../tensor/ops.ts';
import { augment, drawBatch, drawInputs } from './augmentation.ts';
import type { Augmentation } from './augmentation.ts';

/** Images per run of the step; the last one is filled up, since a step's shapes are fixed. */
const BATCH = 64;

/**
 * One random version of every image, as bytes: what can be sent to a victim like any image.
 * A version depends on the stream and on its image alone, so batches and their order do not matter; two versions are
 * two streams.
 * @param images square
 */
export async function augmentImages(
  engine: Engine,
  augmentation: Augmentation,
  images: Images,
  rng: Rng,
): Promise<Images> {
  const size = images.width;
  if (images.height !== size) throw new RangeError(`${images.height} x ${size} images are not square`);
  const length = imageBytes(images);
  const data = new Uint8Array(images.count * length);
  const compiled = await engine.compile(augmentationStep(augmentation, size));
  try {
    for (let start = 0; start < images.count; start += BATCH) {
      const count = Math.min(BATCH, images.count - start);
      const pixels = new Float32Array(BATCH * length);
      pixels.set(images.data.subarray(start * length, (start + count) * length));
      const stream = (image: number): Rng =>
        rng.derive(images.hashes[start + image] ?? `beyond the last image`);
      const { augmented } = await compiled.run({
        images: { shape: [BATCH, size, size, 3], data: pixels },
        ...drawBatch(augmentation, BATCH, size, stream, DRAWS),
      });
      const values = augmented?.data.subarray(0, count * length) ?? [];
      for (const [at, value] of values.entries()) data[start * length + at] = Math.round(value * 255);
    }
  } finally {
    await compiled.dispose();
  }
  return hashedImages(data, images.count, size, size);
}

const DRAWS = 'draws/';

function augmentationStep(augmentation: Augmentation, size: number): StepDefinition<Tensor> {
  return {
    name: 'augment images',
    state: {},
    inputs: {
      images: { shape: [BATCH, size, size, 3], dtype: 'float32' },
      ...drawInputs(augmentation, BATCH, DRAWS),
    },
    step(_, inputs) {
      const images: Tensor4D = tf.div(inputs['images'] as Tensor4D, 255);
      return { state: {}, outputs: { augmented: augment(augmentation, images, inputs, DRAWS) } };
    },
  };
}
