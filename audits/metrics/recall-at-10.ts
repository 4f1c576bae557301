import type { Matrix } from '../contract/data.ts';
import { topKCosine } from '../tensor/linear-algebra/cosine-neighbors.ts';
import { itemwise, type ComparedView, type Metric, type MetricContext } from './metric.ts';
import { sharedShare } from './shared-neighbors.ts';

/**
 * What a retrieval user loses: of the ten nearest gallery images by clean embeddings, the share still among the
 * ten nearest when gallery and query vectors both passed the defense.
 */

const NEIGHBORS = 10;

/** Per-query recall `[queries]` of the clean top ten. Clean and defended may differ in width. */
export async function recallAt10(
  { engine }: Pick<MetricContext, 'engine'>,
  clean: { readonly queries: Matrix; readonly gallery: Matrix },
  defended: { readonly queries: Matrix; readonly gallery: Matrix },
): Promise<Float32Array> {
  return sharedShare(
    await topKCosine(engine, clean.queries, clean.gallery, NEIGHBORS),
    await topKCosine(engine, defended.queries, defended.gallery, NEIGHBORS),
  );
}

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
