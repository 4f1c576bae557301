import { setImmediate } from 'node:timers/promises';
import { matrixRow, type Matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { QueryPolicyContext } from './query-policy.ts';

/**
 * Candidates among which one greedy search chooses. Its cost grows with their number times the number chosen, so a larger
 * pool is searched in parts: its seeded shuffle is cut into runs of so many images, and a budget that one part satisfies
 * has looked at that part alone, which is a random subsample of the pool.
 */
export const SEARCHED_IMAGES = 10_000;
/** Steps between two looks at the signal. */
const STEPS_PER_TURN = 256;

/** `farthest`: the candidate farthest from all that were chosen; `nearest`: the one closest to any of them. */
export type Preference = 'farthest' | 'nearest';

/**
 * Orders a pool by greedy choices: begins at the first image of the seeded shuffle, then always takes the image whose
 * distance to the nearest one chosen is the largest (or the smallest). Images beyond `wanted` follow as shuffled.
 */
export async function greedyOrder(context: QueryPolicyContext, preference: Preference): Promise<Uint32Array> {
  const { count, wanted, rng } = context;
  const shuffled = rng.permutation(count);
  const order: number[] = [];
  for (let start = 0; start < count; start += SEARCHED_IMAGES) {
    const part = shuffled.subarray(start, start + SEARCHED_IMAGES);
    const steps = Math.min(part.length, Math.max(0, wanted - order.length));
    // One image is one image in any order.
    const chosen = steps < 2 ? [] : await chooseGreedily(context, part, { steps, preference });
    const taken = new Set(chosen);
    order.push(...Array.from(chosen, (at) => part[at] ?? 0));
    part.forEach((image, at) => {
      if (!taken.has(at)) order.push(image);
    });
  }
  return Uint32Array.from(order);
}

/** @returns positions in `part`, as many as `steps`, the first of them 0 */
async function chooseGreedily(
  context: QueryPolicyContext,
  part: Uint32Array,
  { steps, preference }: { readonly steps: number; readonly preference: Preference },
): Promise<Uint32Array> {
  const features = await context.features(part);
  if (features.rows !== part.length)
    throw new RangeError(`${features.rows} rows of features for ${part.length} images`);
  const chosen = new Uint32Array(steps);
  const open = Uint32Array.from({ length: part.length - 1 }, (_, i) => i + 1);
  /** Squared distance of each image to the nearest chosen one. */
  const nearest = new Float64Array(part.length).fill(Number.POSITIVE_INFINITY);
  let left = open.length;
  for (let step = 1; step < steps; step++) {
    if (step % STEPS_PER_TURN === 0) {
      await setImmediate();
      if (context.signal.aborted) throw new MoatError('cancelled', 'The audit was cancelled.');
      context.progress(step / steps);
    }
    updateNearest(features, chosen[step - 1] ?? 0, open.subarray(0, left), nearest);
    const at = bestOf(open.subarray(0, left), nearest, preference);
    chosen[step] = open[at] ?? 0;
    left--;
    open[at] = open[left] ?? 0;
  }
  return chosen;
}

function updateNearest(features: Matrix, center: number, open: Uint32Array, nearest: Float64Array): void {
  const { data, columns } = features;
  const at = matrixRow(features, center);
  for (const image of open) {
    const known = nearest[image] ?? 0;
    let squared = 0;
    const row = image * columns;
    for (let column = 0; column < columns; column++) {
      const difference = (data[row + column] ?? 0) - (at[column] ?? 0);
      squared += difference * difference;
    }
    if (squared < known) nearest[image] = squared;
  }
}

/** The place in `open` of the preferred image; of equals the one that stands first in the shuffle. */
function bestOf(open: Uint32Array, nearest: Float64Array, preference: Preference): number {
  const sign = preference === 'farthest' ? 1 : -1;
  let best = 0;
  for (let at = 1; at < open.length; at++) {
    const image = open[at] ?? 0;
    const held = open[best] ?? 0;
    const difference = sign * ((nearest[image] ?? 0) - (nearest[held] ?? 0));
    if (difference > 0 || (difference === 0 && image < held)) best = at;
  }
  return best;
}
