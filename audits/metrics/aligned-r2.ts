import { matrix, type Matrix } from '../contract/data.ts';
import { fitRidge, type RidgeFit } from '../tensor/linear-algebra/ridge.ts';
import { explainedShare } from './held-out-r2.ts';
import type { ComparedView, Metric, MetricContext } from './metric.ts';

/**
 * How much of the victim's embedding is a linear map away from the copy's: ridge regression `g -> f` fitted on the
 * rows to fit, penalty by leave-one-out, judged by R² on the rows to score (landscape section 6, "aligned R²").
 */
export const alignedR2: Metric<ComparedView> = {
  meta: {
    id: 'aligned-r2',
    version: 1,
    title: 'Aligned R²',
    summary: "Variance of the victim's embeddings that the best linear map of the copy's explains, held out.",
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
    if (view.fit.embeddings.rows < 2) return undefined;
    const map = await fitRidge(engine, view.fit.embeddings, view.reference.fitEmbeddings);
    const predicted = await applyRidge(engine, map, view.score.embeddings);
    return {
      value: explainedShare(view.reference.scoreEmbeddings, predicted),
      n: view.score.embeddings.rows,
    };
  },
};

async function applyRidge(
  engine: MetricContext['engine'],
  { weights, bias }: RidgeFit,
  features: Matrix,
): Promise<Matrix> {
  const { data, rows, columns } = await engine.matmul(features, weights);
  return matrix(
    data.map((value, at) => value + (bias[at % columns] ?? 0)),
    rows,
    columns,
  );
}
