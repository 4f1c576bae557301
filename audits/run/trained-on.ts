import type { ImagesTrainedOn } from '../contract/ownership.ts';
import { readImages } from '../datasets/read.ts';
import { trainingGeometry } from '../training/training-images.ts';
import type { ImageSource, OwnershipImages } from './observe-encoder.ts';
import { recordedImages, type ZooEntry } from './zoo-manifest.ts';

/**
 * Counts how many images of each side an encoder was trained on, by the identities that its zoo wrote down. Images are
 * identified by their pixels at the side of the training, so a copy of a file counts and a file compressed anew does not.
 * @returns undefined where the zoo's list of images is gone or changed
 */
export function createTrainedOn(
  folder: string,
  images: OwnershipImages,
): (entry: ZooEntry) => Promise<ImagesTrainedOn | undefined> {
  const sides = new Map<
    number,
    Promise<{ readonly private: readonly string[]; readonly public: readonly string[] }>
  >();
  const identities = async (
    source: ImageSource | undefined,
    resolution: number,
  ): Promise<readonly string[]> =>
    source === undefined
      ? []
      : (await readImages(source.dataset, source.split, source.indices, trainingGeometry(resolution))).images
          .hashes;
  const at = async (
    resolution: number,
  ): Promise<{ readonly private: readonly string[]; readonly public: readonly string[] }> => ({
    private: await identities(images.private, resolution),
    public: await identities(images.public, resolution),
  });
  return async ({ resolution, images: set }) => {
    const seen = recordedImages(folder, set);
    if (seen === undefined) return undefined;
    const pending = sides.get(resolution) ?? at(resolution);
    sides.set(resolution, pending);
    const own = await pending;
    const count = (hashes: readonly string[]): number => hashes.filter((hash) => seen.has(hash)).length;
    return { private: count(own.private), public: count(own.public) };
  };
}
