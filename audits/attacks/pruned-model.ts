import { matrix } from '../contract/data.ts';
import type { SurrogateModel } from '../contract/method.ts';

/**
 * A surrogate whose every kernel has lost its smallest weights (magnitude pruning, layer by layer). Biases, batch norm and frozen
 * features stay. The running statistics of a network are those of before: settle them again.
 * @param share of each kernel's weights that become 0
 */
export function prunedModel(
  model: SurrogateModel,
  share: number,
): { readonly model: SurrogateModel; readonly zeros: number } {
  if (model.kind === 'backbone') return { model, zeros: 0 };
  if (model.kind === 'linear-on-features') {
    const { rows, columns, data } = model.weights;
    const weights = matrix(withoutSmallest(data, share), rows, columns);
    return { model: { ...model, weights }, zeros: countOf(data, share) };
  }
  let zeros = 0;
  const weights = Object.fromEntries(
    Object.entries(model.weights).map(([name, array]) => {
      if (array.shape.length < 2) return [name, array];
      zeros += countOf(array.data, share);
      return [name, { shape: array.shape, data: withoutSmallest(array.data, share) }];
    }),
  );
  return { model: { ...model, weights }, zeros };
}

function countOf(weights: Float32Array, share: number): number {
  return Math.floor(share * weights.length);
}

/** Equal magnitudes go first to last. */
function withoutSmallest(weights: Float32Array, share: number): Float32Array {
  const zeros = countOf(weights, share);
  const sorted = weights.map(Math.abs).sort();
  const threshold = sorted[zeros - 1] ?? -1;
  // Those below the threshold all go; of those at it, as many as are still missing.
  let atThreshold = zeros - sorted.findIndex((value) => value === threshold);
  return weights.map((value) => {
    const size = Math.abs(value);
    if (size < threshold) return 0;
    return size === threshold && atThreshold-- > 0 ? 0 : value;
  });
}
