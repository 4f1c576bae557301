import { itemwise, type ComparedView, type Metric } from './metric.ts';
import { rowCosines } from './row-cosines.ts';
import { isSameSpace } from './same-space.ts';

/** Mean cosine of the copy's and the victim's vectors of the same images: not centred, not aligned. */
export const rawCosine: Metric<ComparedView> = {
  meta: {
    id: 'raw-cosine',
    version: 1,
    title: 'Raw cosine',
    summary: "Mean cosine between the copy's and the victim's vectors; only at equal width and scale.",
    unit: 'cosine',
    higherIs: 'more stolen',
    reference: {
      authors: 'Dubiński, Pawlak, Boenisch, Trzciński, Dziedzic',
      title: 'Bucks for Buckets (B4B): Active Defenses Against Stealing Encoders',
      venue: 'NeurIPS',
      year: 2023,
      url: 'https://arxiv.org/abs/2310.08571',
    },
  },
  async measure(view) {
    return isSameSpace(view)
      ? itemwise(rowCosines(view.score.embeddings, view.reference.scoreEmbeddings))
      : undefined;
  },
};
