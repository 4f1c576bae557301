import { selectRows } from '../contract/data.ts';
import { featureCurvature } from '../tensor/linear-algebra/logistic-curvature.ts';
import {
  fitLogisticRegression,
  predictClasses,
  type LogisticModel,
} from '../tensor/linear-algebra/logistic-regression.ts';
import { filterRows, type Rows } from '../tensor/linear-algebra/row-blocks.ts';
import {
  applyStandardizer,
  fitStandardizer,
  standardizedBlocks,
  type Standardizer,
} from '../tensor/linear-algebra/standardize.ts';
import { itemwise, matches } from './metric.ts';
import type { EncoderView, Metric, MetricContext } from './metric.ts';
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
/** Labelled rows, in memory or larger than it. */
export interface LabelledRows {
  readonly embeddings: Rows;
  readonly labels: Int32Array;
}

/**
 * Fits on `fit`, predicts `score`. Memory does not grow with the rows beyond what they are given in.
 * @throws RangeError when rows and labels differ
 */
export async function fitLinearProbe(
  context: MetricContext,
  fit: LabelledRows,
  score: LabelledRows,
  classes: number,
): Promise<ProbeResult> {
  const head = await fitProbeHead(context, fit, classes);
  const predictions = await classifyWithHead(context.engine, head, score.embeddings);
  const correct = matches(predictions, score.labels);
  return {
    accuracy: itemwise(correct).value,
    correct,
    predictions,
    l2: head.l2,
    converged: head.model.converged,
  };
}

/** The classifier of a linear probe: `argmax(standardised embedding @ weights + bias)`. */
export interface ProbeHead {
  readonly standardizer: Standardizer;
  readonly model: LogisticModel;
  readonly l2: number;
}

/** The probe's fit by itself. @throws RangeError when rows and labels differ */
export async function fitProbeHead(
  context: MetricContext,
  fit: LabelledRows,
  classes: number,
): Promise<ProbeHead> {
  const standardizer = await fitStandardizer(fit.embeddings);
  const features = standardized(standardizer, fit.embeddings);
  const l2 = await choosePenalty(context, features, fit.labels, classes);
  return { standardizer, model: await alongPath(context.engine, features, fit.labels, classes, l2), l2 };
}

/** @param embeddings `[rows, dimension]` @returns a class per row */
export async function classifyWithHead(
  engine: MetricContext['engine'],
  { standardizer, model }: ProbeHead,
  embeddings: Rows,
): Promise<Int32Array> {
  return predictClasses(engine, model, standardized(standardizer, embeddings));
}

/** A matrix is standardised once; rows in blocks anew on every pass. */
function standardized(standardizer: Standardizer, rows: Rows): Rows {
  return 'blocks' in rows ? standardizedBlocks(standardizer, rows) : applyStandardizer(standardizer, rows);
}

async function choosePenalty(
  { engine, rng }: MetricContext,
  features: Rows,
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
  const training = { features: pickRows(features, rest), labels: pick(labels, rest) };
  const validation = { features: pickRows(features, held), labels: pick(labels, held) };
  const curvature = await featureCurvature(engine, training.features);
  let bestRight = -1;
  let start: LogisticModel | undefined;
  for (const l2 of PENALTIES) {
    const options = { l2, start, curvature };
    start = await fitLogisticRegression(engine, training.features, training.labels, classes, options);
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

/** The final fit, warm-started through the next stronger penalty. */
async function alongPath(
  engine: MetricContext['engine'],
  features: Rows,
  labels: Int32Array,
  classes: number,
  l2: number,
): Promise<LogisticModel> {
  const curvature = await featureCurvature(engine, features);
  let start: LogisticModel | undefined;
  for (const stronger of PENALTIES.filter((penalty) => penalty > l2).slice(-1))
    start = await fitLogisticRegression(engine, features, labels, classes, {
      l2: stronger,
      tolerance: 1e-3,
      curvature,
    });
  return fitLogisticRegression(engine, features, labels, classes, { l2, start, curvature });
}

function pickRows(features: Rows, rows: Int32Array): Rows {
  if (!('blocks' in features)) return selectRows(features, rows);
  const keep = new Uint8Array(features.rows);
  for (const row of rows) keep[row] = 1;
  return filterRows(features, keep);
}

function pick(labels: Int32Array, rows: Int32Array): Int32Array {
  return Int32Array.from(rows, (row) => labels[row] ?? 0);
}

export const linearProbe: Metric<EncoderView> = {
  meta: {
    id: 'probe-accuracy',
    version: 2,
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
