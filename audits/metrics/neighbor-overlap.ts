import { topKCosine, type Neighbors } from '../tensor/linear-algebra/cosine-neighbors.ts';
import { itemwise, type ComparedView, type Metric } from './metric.ts';

/** Neighbourhood overlap@10: mean of `|N_victim(x) ∩ N_surrogate(x)| / 10` over the score rows, self left out. */

const NEIGHBORS = 10;

/** Per query, the share of the first list's neighbours that are in the second list. */
export function sharedShare(a: Neighbors, b: Neighbors): Float32Array {
  const queries = a.k > 0 ? a.indices.length / a.k : 0;
  if (b.k !== a.k || b.indices.length !== a.indices.length)
    throw new RangeError(`neighbours of ${queries} x ${a.k} against ${b.indices.length} entries`);
  return Float32Array.from({ length: queries }, (_, query) => {
    const known = new Set(a.indices.subarray(query * a.k, (query + 1) * a.k));
    let shared = 0;
    for (const index of b.indices.subarray(query * b.k, (query + 1) * b.k)) if (known.has(index)) shared++;
    return shared / a.k;
  });
}

export const neighborOverlap: Metric<ComparedView> = {
  meta: {
    id: 'neighbor-overlap-10',
    version: 1,
    title: 'Neighbourhood overlap@10',
    summary: "Share of an image's ten nearest neighbours that victim and surrogate have in common.",
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
