import { matrix, selectRows, type Matrix } from '../contract/data.ts';
import { normalizeRows } from '../tensor/linear-algebra/cosine-neighbors.ts';
import type { ComparedView, Metric, MetricContext } from './metric.ts';
import { nearestSquaredDistances } from './nearest-distances.ts';

/**
 * Mutual information `I(v, s) = H(v) + H(s) - H(v, s)` of the victim's and the copy's embeddings, each entropy by the
 * nearest-neighbor estimate (Kozachenko and Leonenko 1987), rescaled so that an untrained network scores 0 and the
 * victim itself 1. Both sides are centred and scaled to length 1 first, which makes the score blind to scale.
 */

/** Rows compared, evenly spaced: all pairs of 2 000 rows are 4 M distances; the estimate changes little beyond. */
const MOST_ROWS = 2000;
/** Squared distance below which two unit vectors in float32 are equal; copies of an image must not count as -∞. */
const SMALLEST_SQUARE = 1e-6;
const EULER = 0.577_215_664_901_532_9;

/**
 * Entropy in nats of `d`-dimensional points from the squared distances of each to its nearest other:
 * `mean(log(N - 1) + d log R) + (d/2) log π - log Γ(d/2 + 1) + γ`.
 */
export function nearestNeighborEntropy(squaredDistances: Float64Array, dimension: number): number {
  let logs = 0;
  for (const square of squaredDistances) logs += Math.log(Math.max(SMALLEST_SQUARE, square)) / 2;
  const points = squaredDistances.length;
  return (
    Math.log(points - 1) +
    (dimension * logs) / points +
    (dimension / 2) * Math.log(Math.PI) -
    logGammaHalf(dimension + 2) +
    EULER
  );
}

/** `log Γ(n / 2)` for a whole number `n >= 1`, from `Γ(1/2) = √π`, `Γ(1) = 1` and `Γ(x + 1) = x Γ(x)`. */
function logGammaHalf(n: number): number {
  let at = n % 2 === 0 ? 1 : 0.5;
  let value = n % 2 === 0 ? 0 : Math.log(Math.PI) / 2;
  for (; at < n / 2; at++) value += Math.log(at);
  return value;
}

/** `I(a, b)` in nats for paired rows; may be negative, being an estimate. */
export async function mutualInformation(
  context: Pick<MetricContext, 'engine'>,
  a: Matrix,
  b: Matrix,
): Promise<number> {
  const [x, y] = [prepared(a), prepared(b)];
  const { first, second, joint } = await nearestSquaredDistances(context, x, y);
  return (
    nearestNeighborEntropy(first, x.columns) +
    nearestNeighborEntropy(second, y.columns) -
    nearestNeighborEntropy(joint, x.columns + y.columns)
  );
}

/** Evenly spaced rows, centred on their mean, each of length 1. */
function prepared(source: Matrix): Matrix {
  const stride = Math.ceil(source.rows / MOST_ROWS);
  const rows = Int32Array.from({ length: Math.ceil(source.rows / stride) }, (_, i) => i * stride);
  const chosen = selectRows(source, rows);
  const means = new Float64Array(chosen.columns);
  chosen.data.forEach((value, at) => {
    means[at % chosen.columns] = (means[at % chosen.columns] ?? 0) + value / chosen.rows;
  });
  const centred = chosen.data.map((value, at) => value - (means[at % chosen.columns] ?? 0));
  return normalizeRows(matrix(centred, chosen.rows, chosen.columns));
}

export const miScore: Metric<ComparedView> = {
  meta: {
    id: 'mi-score',
    version: 1,
    title: 'Mutual-information score',
    summary: "Information the copy's embeddings hold about the victim's: 0 untrained network, 1 the victim.",
    unit: 'fraction',
    higherIs: 'more stolen',
    reference: {
      authors: 'Dziedzic, Duan, Kaleem, Dhawan, Guan, Cattan, Boenisch, Papernot',
      title: 'Dataset Inference for Self-Supervised Models',
      venue: 'NeurIPS',
      year: 2022,
      url: 'https://arxiv.org/abs/2209.09024',
    },
  },
  async measure(view, context) {
    const scale = await view.reference.informationScale?.();
    if (scale === undefined || !(scale.self > scale.random)) return undefined;
    const value = await mutualInformation(context, view.reference.scoreEmbeddings, view.score.embeddings);
    return {
      value: (value - scale.random) / (scale.self - scale.random),
      n: Math.min(MOST_ROWS, view.score.embeddings.rows),
    };
  },
};
