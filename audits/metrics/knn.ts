import { topKCosine } from '../tensor/linear-algebra/cosine-neighbors.ts';
import { itemwise, matches, type EncoderView, type Metric, type MetricContext } from './metric.ts';

/** Weighted k-nearest-neighbor classification by cosine (Wu et al. 2018): votes of `exp(cos / T)`. */

const MOST_NEIGHBORS = 200;
const LARGEST_SHARE = 0.1;
/** RDA's temperature (landscape section 6). */
const TEMPERATURE = 0.5;

/** Neighbors asked for a training set of `rows`. */
export function neighborCount(rows: number): number {
  return Math.max(1, Math.min(MOST_NEIGHBORS, Math.floor(rows * LARGEST_SHARE)));
}

/** Predicted class per score row; ties go to the lower class. */
export async function predictByNeighbors(view: EncoderView, context: MetricContext): Promise<Int32Array> {
  const { fit, score, classes } = view;
  const { indices, similarities, k } = await topKCosine(
    context.engine,
    score.embeddings,
    fit.embeddings,
    neighborCount(fit.embeddings.rows),
  );
  const votes = new Float64Array(classes);
  return Int32Array.from({ length: score.embeddings.rows }, (_, row) => {
    votes.fill(0);
    for (let at = row * k; at < (row + 1) * k; at++) {
      const label = fit.labels[indices[at] ?? 0] ?? 0;
      votes[label] = (votes[label] ?? 0) + Math.exp((similarities[at] ?? 0) / TEMPERATURE);
    }
    return votes.indexOf(Math.max(...votes));
  });
}

export const knn: Metric<EncoderView> = {
  meta: {
    id: 'knn-accuracy',
    version: 1,
    title: 'kNN accuracy',
    summary: 'Test accuracy of the weighted cosine vote of the nearest training rows.',
    unit: 'fraction',
    higherIs: 'more stolen',
    reference: {
      authors: 'Wu, Xiong, Yu, Lin',
      title: 'Unsupervised Feature Learning via Non-Parametric Instance Discrimination',
      venue: 'CVPR',
      year: 2018,
      url: 'https://arxiv.org/abs/1805.01978',
    },
  },
  async measure(view, context) {
    return itemwise(matches(await predictByNeighbors(view, context), view.score.labels));
  },
};
