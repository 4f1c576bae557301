import { itemwise, type ComparedView, type Metric } from './metric.ts';
import { recallAt10 } from './shared-neighbors.ts';

/**
 * What a copy is worth for retrieval: of the ten gallery images nearest to a query by the victim, the share that a search
 * with the copy alone returns. Gallery: the rows to fit; queries: the rows to score.
 */
export const neighborRecall: Metric<ComparedView> = {
  meta: {
    id: 'neighbor-recall-10',
    version: 1,
    title: 'Recall@10 of the victim’s neighbors',
    summary: "Share of the victim's ten nearest gallery images that a search with the copy returns.",
    unit: 'fraction',
    higherIs: 'more stolen',
    reference: {
      authors: 'Jégou, Douze, Schmid',
      title: 'Product Quantization for Nearest Neighbor Search',
      venue: 'IEEE TPAMI',
      year: 2011,
    },
  },
  async measure(view, context) {
    const victim = { queries: view.reference.scoreEmbeddings, gallery: view.reference.fitEmbeddings };
    const copy = { queries: view.score.embeddings, gallery: view.fit.embeddings };
    return itemwise(await recallAt10(context, victim, copy));
  },
};
