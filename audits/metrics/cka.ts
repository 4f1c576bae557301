import type { Matrix } from '../contract/data.ts';
import { crossProduct } from '../tensor/linear-algebra/gram.ts';
import { centerColumns, columnMeans } from '../tensor/linear-algebra/standardize.ts';
import type { ComparedView, Metric, MetricContext } from './metric.ts';

/** Linear centred kernel alignment of two embeddings of the same rows (Kornblith et al. 2019, equation 5). */

/**
 * `‖AᵀB‖² / (‖AᵀA‖ ‖BᵀB‖)` for centred `a [n, p]`, `b [n, d]`; 1 for equal up to rotation and scale, 0 when either
 * is constant.
 * @throws RangeError when the rows differ
 */
export async function linearCka(
  { engine }: Pick<MetricContext, 'engine'>,
  a: Matrix,
  b: Matrix,
): Promise<number> {
  const x = centerColumns(a, await columnMeans(a));
  const y = centerColumns(b, await columnMeans(b));
  const cross = sumOfSquares(await crossProduct(engine, x, y));
  const self = Math.sqrt(
    sumOfSquares(await crossProduct(engine, x, x)) * sumOfSquares(await crossProduct(engine, y, y)),
  );
  return self > 0 ? cross / self : 0;
}

function sumOfSquares(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
}

export const cka: Metric<ComparedView> = {
  meta: {
    id: 'cka',
    version: 1,
    title: 'Linear CKA',
    summary: "Similarity of the surrogate's and the victim's embeddings, blind to rotation and scale.",
    unit: 'fraction',
    higherIs: 'more stolen',
    reference: {
      authors: 'Kornblith, Norouzi, Lee, Hinton',
      title: 'Similarity of Neural Network Representations Revisited',
      venue: 'ICML',
      year: 2019,
      url: 'https://arxiv.org/abs/1905.00414',
    },
  },
  async measure(view, context) {
    const value = await linearCka(context, view.reference.scoreEmbeddings, view.score.embeddings);
    return { value, n: view.score.embeddings.rows };
  },
};
