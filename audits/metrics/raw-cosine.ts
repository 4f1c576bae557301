import { matrixRow, type Matrix } from '../contract/data.ts';
import { itemwise, type ComparedView, type Metric } from './metric.ts';
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

/** Cosine of row `i` of `a` with row `i` of `b`; 0 where either is zero. @throws RangeError when the shapes differ */
export function rowCosines(a: Matrix, b: Matrix): Float32Array {
  if (a.rows !== b.rows || a.columns !== b.columns)
    throw new RangeError(`cosines of ${a.rows} x ${a.columns} with ${b.rows} x ${b.columns}`);
  return Float32Array.from({ length: a.rows }, (_, row) => {
    const [x, y] = [matrixRow(a, row), matrixRow(b, row)];
    let product = 0;
    let xx = 0;
    let yy = 0;
    for (let i = 0; i < x.length; i++) {
      const [p, q] = [x[i] ?? 0, y[i] ?? 0];
      product += p * q;
      xx += p * p;
      yy += q * q;
    }
    return xx > 0 && yy > 0 ? product / Math.sqrt(xx * yy) : 0;
  });
}
