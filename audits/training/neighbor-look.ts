import { type Images, type LabelledImages, type Matrix, matrixRow } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { FeatureEncoder } from '../contract/method.ts';
import { predictByNeighbors } from '../metrics/knn.ts';
import type { Rng } from '../rng.ts';
import type { Look } from './encoder-training.ts';

/** What a look at an encoder needs: labelled images on both sides, or any images for the spread alone. */
export type LookImages =
  | { readonly kind: 'labelled'; readonly fit: LabelledImages; readonly score: LabelledImages }
  | { readonly kind: 'unlabelled'; readonly images: Images };

/**
 * Accuracy of the nearest neighbors' weighted vote (the metric `knn-accuracy`) on images that are not trained on, and the
 * spread of their embeddings.
 */
export async function lookAt(
  encoder: FeatureEncoder,
  images: LookImages,
  { engine, rng }: { readonly engine: Engine; readonly rng: Rng },
): Promise<Look> {
  if (images.kind === 'unlabelled')
    return { neighborAccuracy: null, spread: spreadOf(await encoder.embed(images.images)) };
  const { fit, score } = images;
  const embeddings = await encoder.embed(score.images);
  const predicted = await predictByNeighbors(
    {
      task: 'held out',
      classes: fit.classes.length,
      fit: { embeddings: await encoder.embed(fit.images), labels: fit.labels },
      score: { embeddings, labels: score.labels },
      probe: () => Promise.reject(new RangeError('neighbors need no probe')),
    },
    { engine, rng },
  );
  const right = predicted.filter((label, row) => label === score.labels[row]).length;
  return { neighborAccuracy: right / predicted.length, spread: spreadOf(embeddings) };
}

/**
 * `sqrt(dimension)` times the mean deviation per dimension of rows scaled to length 1 (Chen and He, CVPR 2021, section 4.1):
 * 0 when every image has the same direction, as after a collapse; at most 1, for directions around 0 that use all dimensions
 * alike.
 */
export function spreadOf(embeddings: Matrix): number {
  const { rows, columns } = embeddings;
  if (rows === 0 || columns === 0) return 0;
  const sums = new Float64Array(columns);
  const squares = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    const values = matrixRow(embeddings, row);
    const length = Math.hypot(...values) || 1;
    for (let at = 0; at < columns; at++) {
      const value = (values[at] ?? 0) / length;
      sums[at] = (sums[at] ?? 0) + value;
      squares[at] = (squares[at] ?? 0) + value * value;
    }
  }
  let deviations = 0;
  for (let at = 0; at < columns; at++) {
    const mean = (sums[at] ?? 0) / rows;
    deviations += Math.sqrt(Math.max(0, (squares[at] ?? 0) / rows - mean * mean));
  }
  return Math.min(1, deviations / Math.sqrt(columns));
}
