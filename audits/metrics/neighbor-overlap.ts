import { topKCosine } from '../tensor/linear-algebra/cosine-neighbors.ts';
import { itemwise, type ComparedView, type Metric } from './metric.ts';
import { sharedShare } from './shared-neighbors.ts';

/** Neighborhood overlap@10: mean of `|N_victim(x) ∩ N_surrogate(x)| / 10` over the score rows, self left out. */

const NEIGHBORS = 10;

export const neighborOverlap: Metric<ComparedView> = {
  meta: {
    id: 'neighbor-overlap-10',
    version: 1,
    title: 'Neighborhood overlap@10',
    summary: "Share of an image's ten nearest neighbors that victim and surrogate have in common.",
    unit: 'fraction',
    higherIs: 'more stolen',
    reference: {
      authors: 'Klabunde, Schumacher, Strohmaier, Lemmerich',
      title: 'Similarity of Neural Network Models: A Survey of Functional and Representational Measures',
      venue: 'ACM Computing Surveys',
      year: 2025,
      url: 'https://arxiv.org/abs/2305.06329',
    },
  },
  async measure(view, { engine }) {
    const victim = view.reference.scoreEmbeddings;
    const surrogate = view.score.embeddings;
    const options = { excludeSelf: true };
    return itemwise(
      sharedShare(
        await topKCosine(engine, victim, victim, NEIGHBORS, options),
        await topKCosine(engine, surrogate, surrogate, NEIGHBORS, options),
      ),
    );
  },
};
