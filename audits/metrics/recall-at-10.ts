import { itemwise, type ComparedView, type Metric } from './metric.ts';
import { recallAt10 } from './shared-neighbors.ts';

/**
 * What a retrieval user loses: of the ten nearest gallery images by clean embeddings, the share still among the
 * ten nearest when gallery and query vectors both passed the defense.
 */

export const recall: Metric<ComparedView> = {
  meta: {
    id: 'honest-recall-10',
    version: 1,
    title: 'Recall@10 against clean',
    summary: 'Share of the clean ten nearest gallery images that a retrieval user still gets.',
    unit: 'fraction',
    higherIs: 'better for users',
    reference: {
      authors: 'Jégou, Douze, Schmid',
      title: 'Product Quantization for Nearest Neighbor Search',
      venue: 'IEEE TPAMI',
      year: 2011,
    },
  },
  async measure(view, context) {
    return itemwise(
      await recallAt10(
        context,
        { queries: view.reference.scoreEmbeddings, gallery: view.reference.fitEmbeddings },
        { queries: view.score.embeddings, gallery: view.fit.embeddings },
      ),
    );
  },
};
