import type { VictimCost } from './cost.ts';

/** A first guess, as of a cell's time (`cost.ts`): medians on a 2-core server CPU, rounded. */

/** Starting the process that prepares, opening the encoder, listing folders. */
const PREPARE_START_MS = 1500;
/** From a JPEG file to pixels, while the victim embeds others. */
const READ_MS_PER_IMAGE = 3;
/** A pool image beside one to score: is it nearly the same? */
const DUPLICATE_MS_PER_PAIR = 5e-5;
/** Of the images of the preflight; it embeds them twice, and a few one by one. */
const PREFLIGHT_IMAGES = 64;
const PREFLIGHT_PASSES = 2;

/** What is done before the first cell. */
export interface PreparationWork {
  /** Of pool and tasks, each of which is read and embedded once. */
  readonly images: number;
  readonly poolImages: number;
  /** With which the pool must share none. */
  readonly scoredImages: number;
  /** Encoders that embed each image: the victim, its projection head, a public encoder. */
  readonly encoders: number;
}

/** Milliseconds until the first cell can begin, where nothing was prepared before. */
export function preparationMs(work: PreparationWork, { embedMs }: VictimCost): number {
  const { images, poolImages, scoredImages, encoders } = work;
  const preflight = Math.min(images, PREFLIGHT_IMAGES) * PREFLIGHT_PASSES * embedMs;
  return (
    PREPARE_START_MS +
    preflight +
    images * Math.max(READ_MS_PER_IMAGE, encoders * embedMs) +
    poolImages * scoredImages * DUPLICATE_MS_PER_PAIR
  );
}
