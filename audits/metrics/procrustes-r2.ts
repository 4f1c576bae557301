import { matrix, type Matrix } from '../contract/data.ts';
import { fitProcrustes, type Procrustes } from '../tensor/linear-algebra/procrustes.ts';
import { explainedShare, padColumns } from './held-out-r2.ts';
import type { ComparedView, Metric, MetricContext } from './metric.ts';

/**
 * Aligned R² where only turning, scaling and shifting are allowed: the same geometry, not just the same information. The
 * map is fitted on the rows to fit and judged on the rows to score; the narrower side is padded with zeros.
 */
export const procrustesR2: Metric<ComparedView> = {
  meta: {
    id: 'procrustes-r2',
    version: 1,
    title: 'Procrustes R²',
    summary:
      "Variance of the victim's embeddings that the copy's explain after the best rotation and scale, held out.",
    unit: 'fraction',
    higherIs: 'more stolen',
    reference: {
      authors: 'Schönemann',
      title: 'A Generalized Solution of the Orthogonal Procrustes Problem',
      venue: 'Psychometrika',
      year: 1966,
      url: 'https://doi.org/10.1007/BF02289451',
    },
  },
  async measure(view, { engine }) {
    if (view.fit.embeddings.rows < 2) return undefined;
    const width = Math.max(view.fit.embeddings.columns, view.reference.fitEmbeddings.columns);
    const map = await fitProcrustes(
      engine,
      padColumns(view.fit.embeddings, width),
      padColumns(view.reference.fitEmbeddings, width),
      { scale: true },
    );
    const predicted = await turn(engine, map, padColumns(view.score.embeddings, width));
    return {
      value: explainedShare(padColumns(view.reference.scoreEmbeddings, width), predicted),
      n: view.score.embeddings.rows,
    };
  },
};

/** `scale · (x - xMean) @ rotation + yMean`. */
async function turn(
  engine: MetricContext['engine'],
  { rotation, scale, xMean, yMean }: Procrustes,
  source: Matrix,
): Promise<Matrix> {
  const centred = source.data.map((value, at) => value - (xMean[at % source.columns] ?? 0));
  const { data, rows, columns } = await engine.matmul(matrix(centred, source.rows, source.columns), rotation);
  return matrix(
    data.map((value, at) => scale * value + (yMean[at % columns] ?? 0)),
    rows,
    columns,
  );
}
