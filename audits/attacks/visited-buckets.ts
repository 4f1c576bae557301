import { type Images, matrixRow, sliceImages } from '../contract/data.ts';
import type { FeatureEncoder } from '../contract/method.ts';
import type { Rng } from '../rng.ts';

/** Hyperplanes of the attacker's own buckets: B4B's 12. */
const BITS = 12;
/** Share of the budget that may go anywhere. */
const SEED_SHARE = 0.1;
/** Pool images looked at per query of the budget: a public encoder costs time only. */
const CANDIDATES_PER_QUERY = 8;
const IMAGES_PER_CALL = 512;

/**
 * Images of the pool, in its order, that add no bucket to those which the first tenth of the budget visits: buckets are sign
 * patterns of a public encoder's centred features under random hyperplanes.
 * @param budget queries to be filled; fewer images come back where the pool does not hold as many
 * @returns indices into the pool, at least two
 */
export async function visitedBuckets(
  encoder: FeatureEncoder,
  pool: Images,
  budget: number,
  rng: Rng,
  beforeCall: () => void,
): Promise<readonly number[]> {
  const looked = Math.min(pool.count, CANDIDATES_PER_QUERY * budget);
  const planes = Array.from({ length: BITS }, () =>
    Float64Array.from({ length: encoder.dimension }, () => rng.normal()),
  );
  const sides = new Float64Array(looked * BITS);
  for (let start = 0; start < looked; start += IMAGES_PER_CALL) {
    beforeCall();
    const features = await encoder.embed(sliceImages(pool, start, Math.min(start + IMAGES_PER_CALL, looked)));
    for (let row = 0; row < features.rows; row++)
      planes.forEach((plane, bit) => {
        const values = matrixRow(features, row);
        sides[(start + row) * BITS + bit] = values.reduce((sum, x, i) => sum + x * (plane[i] ?? 0), 0);
      });
  }
  const mean = Array.from({ length: BITS }, (_, bit) => {
    let sum = 0;
    for (let image = 0; image < looked; image++) sum += sides[image * BITS + bit] ?? 0;
    return sum / looked;
  });
  const bucketOf = (image: number): number =>
    mean.reduce((bucket, center, bit) => 2 * bucket + Number((sides[image * BITS + bit] ?? 0) >= center), 0);
  const seeds = Math.min(looked, Math.max(2, Math.round(SEED_SHARE * budget)));
  const visited = new Set(Array.from({ length: seeds }, (_, image) => bucketOf(image)));
  const chosen = Array.from({ length: looked }, (_, image) => image);
  return chosen
    .filter((image) => image < seeds || visited.has(bucketOf(image)))
    .slice(0, Math.max(2, budget));
}
