import { selectRows, type Matrix } from '../contract/data.ts';
import {
  fitLogisticRegression,
  predictClasses,
  type LogisticModel,
} from '../tensor/linear-algebra/logistic-regression.ts';
import { fitPrincipalAxes, projectOnAxes } from '../tensor/linear-algebra/principal-axes.ts';
import { applyStandardizer, fitStandardizer } from '../tensor/linear-algebra/standardize.ts';
import { itemwise, matches } from './metric.ts';
import type { EncoderView, LabelledEmbeddings, Metric, MetricContext } from './metric.ts';
import { stratifiedDraw } from './split.ts';

/**
 * Linear probe: multinomial logistic regression on standardised embeddings, fitted to convergence, the penalty
 * chosen on a seeded split of the training rows. Its test accuracy is the currency of stolen gain.
 */

export interface ProbeResult {
  readonly accuracy: number;
  /** 1 where the prediction is right, per score row. */
  readonly correct: Float32Array;
  readonly predictions: Int32Array;
  readonly l2: number;
  readonly converged: boolean;
}

/** Strong to weak, so that each fit starts from the one before. At 4 000 rows: C of 0.0025 ... 2.5. */
const PENALTIES = [1e-1, 1e-2, 1e-3, 1e-4] as const;
/** Share of the training rows that choose the penalty. */
const VALIDATION_SHARE = 0.2;
/**
 * Up to this width the columns are first turned onto their principal axes, which changes nothing in the optimum
 * and makes L-BFGS converge in tens of steps; beyond it the decomposition costs more than it saves.
 */
const WIDEST_ROTATION = 768;

/**
 * Fits on `fit`, predicts `score`.
 * @throws RangeError when rows and labels differ
 */
export async function fitLinearProbe(
  context: MetricContext,
  fit: LabelledEmbeddings,
  score: LabelledEmbeddings,
  classes: number,
): Promise<ProbeResult> {
  const { engine } = context;
  const features = await probeFeatures(engine, fit.embeddings, score.embeddings);
  const l2 = await choosePenalty(context, features.fit, fit.labels, classes);
  const model = await alongPath(engine, features.fit, fit.labels, classes, l2);
  const predictions = await predictClasses(engine, model, features.score);
  const correct = matches(predictions, score.labels);
  return { accuracy: itemwise(correct).value, correct, predictions, l2, converged: model.converged };
}

/** Both sets standardised by the first (and turned onto its principal axes). */
export async function probeFeatures(
  engine: MetricContext['engine'],
  fit: Matrix,
  score: Matrix,
): Promise<{ readonly fit: Matrix; readonly score: Matrix }> {
  const standardizer = fitStandardizer(fit);
  const standardizedFit = applyStandardizer(standardizer, fit);
  const standardizedScore = applyStandardizer(standardizer, score);
  if (fit.columns > WIDEST_ROTATION) return { fit: standardizedFit, score: standardizedScore };
  const axes = await fitPrincipalAxes(engine, standardizedFit);
  return {
    fit: await projectOnAxes(engine, axes, standardizedFit),
    score: await projectOnAxes(engine, axes, standardizedScore),
  };
}

async function choosePenalty(
  { engine, rng }: MetricContext,
  features: Matrix,
  labels: Int32Array,
  classes: number,
): Promise<number> {
  const { drawn: held, rest } = stratifiedDraw(
    rng.derive('probe-validation'),
    labels,
    labels.length * VALIDATION_SHARE,
  );
  let bestPenalty: number = PENALTIES[0];
  if (rest.length === 0) return bestPenalty;
  const training = { features: selectRows(features, rest), labels: pick(labels, rest) };
  const validation = { features: selectRows(features, held), labels: pick(labels, held) };
  let bestRight = -1;
  let start: LogisticModel | undefined;
  for (const l2 of PENALTIES) {
    start = await fitLogisticRegression(engine, training.features, training.labels, classes, { l2, start });
    const predicted = await predictClasses(engine, start, validation.features);
    const right = matches(predicted, validation.labels).reduce((sum, value) => sum + value, 0);
    // On a tie the stronger penalty stays: it came first.
    if (right > bestRight) {
      bestRight = right;
      bestPenalty = l2;
    }
  }
  return bestPenalty;
}

/** The final fit, warm-started through the stronger penalties. */
async function alongPath(
  engine: MetricContext['engine'],
  features: Matrix,
  labels: Int32Array,
  classes: number,
  l2: number,
): Promise<LogisticModel> {
  let start: LogisticModel | undefined;
  for (const stronger of PENALTIES.filter((penalty) => penalty > l2).slice(-1))
    start = await fitLogisticRegression(engine, features, labels, classes, { l2: stronger, tolerance: 1e-3 });
  return fitLogisticRegression(engine, features, labels, classes, { l2, start });
}

function pick(labels: Int32Array, rows: Int32Array): Int32Array {
  return Int32Array.from(rows, (row) => labels[row] ?? 0);
}

export const linearProbe: Metric<EncoderView> = {
  meta: {
    id: 'probe-accuracy',
    version: 1,
    title: 'Linear probe accuracy',
    summary: 'Test accuracy of a converged logistic regression on the embeddings.',
    unit: 'fraction',
    higherIs: 'more stolen',
    reference: {
      authors: 'Chen, Kornblith, Norouzi, Hinton',
      title: 'A Simple Framework for Contrastive Learning of Visual Representations',
      venue: 'ICML',
      year: 2020,
      url: 'https://arxiv.org/abs/2002.05709',
    },
  },
  async measure(view) {
    return itemwise((await view.probe()).correct);
  },
};
