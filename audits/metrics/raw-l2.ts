import { matrixRow } from '../contract/data.ts';
import { itemwise, type ComparedView, type Metric } from './metric.ts';
import { isSameSpace } from './same-space.ts';

/** Mean Euclidean distance of the copy's and the victim's vectors of the same images: not normalised, not aligned. */
export const rawL2: Metric<ComparedView> = {
  meta: {
    id: 'raw-l2',
    version: 1,
    title: 'Raw L2 distance',
    summary: "Mean distance between the copy's and the victim's vectors; only at equal width and scale.",
    unit: 'none',
    higherIs: 'better for users',
    reference: {
      authors: 'Dubiński, Pawlak, Boenisch, Trzciński, Dziedzic',
      title: 'Bucks for Buckets (B4B): Active Defenses Against Stealing Encoders',
      venue: 'NeurIPS',
      year: 2023,
      url: 'https://arxiv.org/abs/2310.08571',
    },
  },
  async measure(view) {
    if (!isSameSpace(view)) return undefined;
    const { embeddings } = view.score;
    const distances = Float32Array.from({ length: embeddings.rows }, (_, row) => {
      const own = matrixRow(embeddings, row);
      const victim = matrixRow(view.reference.scoreEmbeddings, row);
      let sum = 0;
      for (let i = 0; i < own.length; i++) sum += ((own[i] ?? 0) - (victim[i] ?? 0)) ** 2;
      return Math.sqrt(sum);
    });
    return itemwise(distances);
  },
};
