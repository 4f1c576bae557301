import type { Images } from '../contract/data.ts';
import { COARSE, describeImages, DIMENSIONS, type Descriptors } from './duplicate-descriptor.ts';

/**
 * Finds pool images that are, or nearly are, images a task is scored on: an attacker who trains on the test set would be
 * scored too well. "Nearly" means re-encoded, shifted by at most a pixel, or brightened a little.
 *
 * Thresholds are measured on CIFAR-10: of copies re-encoded as JPEG at quality 70 or shifted all
 * but a few in a thousand are found; of 2 000 x 2 000 pairs of a train and a test image none was taken for a copy.
 */

/** Cosine of the blurred thumbnails: 99 % of the copies shifted by a pixel both ways are above 0.89. */
const CANDIDATE = 0.86;
/** Correlation over every fourth pixel below which the whole grid is not looked at. */
const WORTH_A_LOOK = 0.92;
/** Correlation of luminance at the best shift: re-encoded copies 0.996 and more, other images 0.96 and less. */
const SAME = 0.975;
/** Two images without texture are the same when their mean colors differ by no more in any channel. */
const SAME_COLOR = 4;

export interface DuplicateReport {
  /** Indices into the pool, ascending: equal pixels. */
  readonly exact: readonly number[];
  /** Indices into the pool, ascending: nearly equal pixels, `exact` not among them. */
  readonly near: readonly number[];
}

/** Evaluation images, of which only what the comparison looks at is kept: 4 kB each, whatever their size. */
export class EvaluationImages {
  readonly #hashes = new Set<string>();
  readonly #descriptors: Descriptors[] = [];
  #size: Pick<Images, 'height' | 'width'> | undefined;

  /** @throws RangeError when sizes differ: all images must be read at one geometry */
  add(images: Images): void {
    this.#expectSize(images);
    for (const hash of images.hashes) this.#hashes.add(hash);
    this.#descriptors.push(describeImages(images));
  }

  /**
   * Pool images that occur among the evaluation images.
   * @throws RangeError when sizes differ
   */
  duplicatesIn(pool: Images): DuplicateReport {
    this.#expectSize(pool);
    const exact: number[] = [];
    const rest: number[] = [];
    pool.hashes.forEach((hash, i) => (this.#hashes.has(hash) ? exact : rest).push(i));
    const described = describeImages(pool);
    const near = rest.filter((i) =>
      this.#descriptors.some((other) => isNearAny(described, i, other, 0, other.count)),
    );
    return { exact, near };
  }

  #expectSize({ height, width }: Images): void {
    this.#size ??= { height, width };
    if (height !== this.#size.height || width !== this.#size.width)
      throw new RangeError('duplicates are searched among images of one size');
  }
}

/** Pool images that repeat an earlier one of the same pool. */
export function duplicatesWithin(pool: Images): DuplicateReport {
  const seen = new Set<string>();
  const exact: number[] = [];
  const near: number[] = [];
  const descriptors = describeImages(pool);
  pool.hashes.forEach((hash, i) => {
    if (seen.has(hash)) exact.push(i);
    else if (isNearAny(descriptors, i, descriptors, 0, i)) near.push(i);
    seen.add(hash);
  });
  return { exact, near };
}

/** Is image `i` of `a` nearly one of the images `start` (inclusive) to `end` (exclusive) of `b`? */
function isNearAny(a: Descriptors, i: number, b: Descriptors, start: number, end: number): boolean {
  if (a.flat[i]) return isSameColorAny(a, i, b, start, end);
  const u = a.vectors.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS);
  const tail = a.tails[i] ?? 0;
  for (let j = start; j < end; j++) {
    const at = j * DIMENSIONS;
    let cosine = 0;
    for (let k = 0; k < COARSE; k++) cosine += (u[k] ?? 0) * (b.vectors[at + k] ?? 0);
    // Cauchy-Schwarz: the other coordinates add no more than the product of their lengths.
    if (cosine + tail * (b.tails[j] ?? 0) < CANDIDATE) continue;
    for (let k = COARSE; k < DIMENSIONS; k++) cosine += (u[k] ?? 0) * (b.vectors[at + k] ?? 0);
    if (cosine >= CANDIDATE && isSame(a, i, b, j)) return true;
  }
  return false;
}

function isSameColorAny(a: Descriptors, i: number, b: Descriptors, start: number, end: number): boolean {
  for (let j = start; j < end; j++) {
    if (!b.flat[j]) continue;
    let difference = 0;
    for (let channel = 0; channel < 3; channel++)
      difference = Math.max(
        difference,
        Math.abs((a.colors[i * 3 + channel] ?? 0) - (b.colors[j * 3 + channel] ?? 0)),
      );
    if (difference <= SAME_COLOR) return true;
  }
  return false;
}

/** Correlates luminance at shifts of -1, 0 and 1: blind to brightness and contrast. */
function isSame(a: Descriptors, i: number, b: Descriptors, j: number): boolean {
  for (let down = -1; down <= 1; down++)
    for (let right = -1; right <= 1; right++)
      if (
        correlation(a, i, b, j, down, right, 2) >= WORTH_A_LOOK &&
        correlation(a, i, b, j, down, right, 1) >= SAME
      )
        return true;
  return false;
}

/** Pearson correlation over the inner pixels of both grids, every `stride`-th of them each way. */
function correlation(
  a: Descriptors,
  i: number,
  b: Descriptors,
  j: number,
  down: number,
  right: number,
  stride: number,
): number {
  const { gridHeight: height, gridWidth: width } = a;
  const offset = i * height * width;
  const otherOffset = j * height * width + down * width + right;
  let [count, sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0, 0];
  for (let y = 1; y < height - 1; y += stride)
    for (let x = 1; x < width - 1; x += stride) {
      const u = a.grids[offset + y * width + x] ?? 0;
      const v = b.grids[otherOffset + y * width + x] ?? 0;
      count += 1;
      sumA += u;
      sumB += v;
      sumAA += u * u;
      sumBB += v * v;
      sumAB += u * v;
    }
  const varianceA = sumAA - (sumA * sumA) / count;
  const varianceB = sumBB - (sumB * sumB) / count;
  return varianceA <= 0 || varianceB <= 0
    ? 0
    : (sumAB - (sumA * sumB) / count) / Math.sqrt(varianceA * varianceB);
}
