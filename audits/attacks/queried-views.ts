import type { Augmentation } from '../augment/augmentation.ts';
import { augmentImages } from '../augment/augment-images.ts';
import { imageBytes, type Images } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext } from '../contract/method.ts';

/**
 * Random versions of every image, at the size at which they are sent: one set per name, each its own draw.
 * @param report told the share of sets drawn
 * @throws MoatError `cancelled` between two sets; `not-applicable` for images that are not square
 */
export async function drawViews(
  { engine, rng, signal }: Pick<AttackContext, 'engine' | 'rng' | 'signal'>,
  images: Images,
  augmentation: Augmentation,
  names: readonly string[],
  report: (fraction: number) => void,
): Promise<readonly Images[]> {
  if (images.height !== images.width)
    throw new MoatError(
      'not-applicable',
      `Views are drawn as squares, and this encoder takes ${images.height} x ${images.width} images.`,
    );
  const drawn: Images[] = [];
  for (const name of names) {
    if (signal.aborted) throw new MoatError('cancelled', 'The audit was cancelled.');
    drawn.push(await augmentImages(engine, augmentation, images, rng.derive(`views/${name}`)));
    report(drawn.length / names.length);
  }
  return drawn;
}

/** All images of the first set, then all of the second: row `set * count + image`. */
export function stackSets(sets: readonly Images[]): Images {
  return arrange(sets, (set, image, count) => set * count + image);
}

/** All versions of the first image, then all of the second: row `image * sets.length + set`. */
export function interleaveSets(sets: readonly Images[]): Images {
  return arrange(sets, (set, image) => image * sets.length + set);
}

function arrange(
  sets: readonly Images[],
  place: (set: number, image: number, count: number) => number,
): Images {
  const [first] = sets;
  if (first === undefined) throw new RangeError('no set of images to arrange');
  const size = imageBytes(first);
  const count = sets.length * first.count;
  const data = new Uint8Array(count * size);
  const hashes = Array.from({ length: count }, () => '');
  for (const [set, images] of sets.entries()) {
    if (images.count !== first.count) throw new RangeError('the sets hold different numbers of images');
    for (let image = 0; image < images.count; image++) {
      const row = place(set, image, images.count);
      data.set(images.data.subarray(image * size, (image + 1) * size), row * size);
      hashes[row] = images.hashes[image] ?? '';
    }
  }
  return { data, count, height: first.height, width: first.width, hashes };
}
