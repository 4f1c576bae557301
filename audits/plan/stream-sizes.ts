/**
 * How many images detectors are shown that no data set holds: two augmented views of each image, and synthetic queries. The
 * victim embeds them in the detection cells, so a plan has to know.
 */

/** Images per batch of the two-view protocol (Dziedzic et al. 2022, 4.3 and the released code). */
export const VIEW_BATCH = 256;
/** Batches: enough for a spread between them, and 2 048 images for the victim to embed. */
const VIEW_BATCHES = 4;
/** 25 images doubled three times are 200 queries: as many as the other streams have. */
export const SEEDS_PER_STREAM = 25;
export const SYNTHETIC_ROUNDS = 3;
/** Streams of synthetic queries: each costs the victim 200 images. */
const SYNTHETIC_STREAMS = 10;

/** Batches of two views that a pool is large enough for. */
export function viewBatches(poolImages: number): number {
  return Math.min(VIEW_BATCHES, Math.floor(poolImages / VIEW_BATCH));
}

/** Streams of synthetic queries that a pool is large enough for. */
export function syntheticStreams(poolImages: number): number {
  return Math.min(SYNTHETIC_STREAMS, Math.floor(poolImages / SEEDS_PER_STREAM));
}

/** Images beyond the pool's that the victim embeds once per seed and process, whatever the number of detectors. */
export function computedStreamImages(poolImages: number): number {
  const synthetic = syntheticStreams(poolImages) * SEEDS_PER_STREAM * (2 ** SYNTHETIC_ROUNDS - 1);
  return 2 * viewBatches(poolImages) * VIEW_BATCH + synthetic;
}
