import type { Measurement } from '../contract/cell.ts';
import { matrixRows, selectRows, type Matrix } from '../contract/data.ts';
import { compareEncoders, measureAll, seeEncoder, type TaskEmbeddings } from './evaluate.ts';
import type { HonestUser } from './honest-users.ts';
import { itemwise, type MetricContext } from './metric.ts';
import { honestFidelityMetrics, honestUtilityMetrics } from './registry.ts';
import { rowCosines } from './row-cosines.ts';
import { recallAt10 } from './shared-neighbors.ts';

/** What a defense answered to one user, in the order sent: all rows, or the first ones where it cut the user off. */
export interface DefendedReplies {
  readonly fit: Matrix;
  readonly score: Matrix;
}

/** Fewer own vectors than a top ten cannot be searched, and hardly trained on. */
const FEWEST_ROWS = 10;

/** One user's rows of a task, classes numbered anew. */
export function shareOf(task: TaskEmbeddings, user: HonestUser): TaskEmbeddings {
  const renumbered = new Map([...user.classes].map((label, i) => [label, i]));
  const part = ({ embeddings, labels }: TaskEmbeddings['fit'], rows: Int32Array): TaskEmbeddings['fit'] => ({
    embeddings: selectRows(embeddings, rows),
    labels: Int32Array.from(rows, (row) => renumbered.get(labels[row] ?? -1) ?? 0),
  });
  return {
    name: task.name,
    classes: user.classes.length,
    fit: part(task.fit, user.fit),
    score: part(task.score, user.score),
  };
}

/**
 * Measures what a defense costs one user whose training, gallery and query vectors all passed it. Refused rows are a total
 * loss: a query without a reply is a wrong answer and finds nothing, and of a training set only what was answered is left.
 * @param clean the user's share of the clean embeddings
 * @returns `clean-probe-accuracy`, `clean-knn-accuracy`, `honest-probe-accuracy`, `honest-knn-accuracy`,
 * `honest-recall-10` with items in one order, so that losses are paired, and `honest-refused-share`
 */
export async function evaluateHonestUser(
  context: MetricContext,
  clean: TaskEmbeddings,
  replies: DefendedReplies,
): Promise<readonly Measurement[]> {
  const { fit, score } = clean;
  const answered = { fit: replies.fit.rows, score: replies.score.rows };
  const refused = fit.embeddings.rows + score.embeddings.rows - answered.fit - answered.score;
  const cleanMeasured = await measureAll(honestUtilityMetrics, seeEncoder(context, clean), context, 'clean-');
  return [
    ...cleanMeasured,
    ...(answered.fit < FEWEST_ROWS || answered.score === 0
      ? lostMeasurements(clean)
      : await defendedMeasurements(context, clean, replies)),
    {
      metric: 'honest-refused-share',
      task: clean.name,
      unit: 'fraction',
      value: refused / (fit.embeddings.rows + score.embeddings.rows),
      n: fit.embeddings.rows + score.embeddings.rows,
    },
  ];
}

async function defendedMeasurements(
  context: MetricContext,
  clean: TaskEmbeddings,
  { fit, score }: DefendedReplies,
): Promise<readonly Measurement[]> {
  const queries = clean.score.embeddings.rows;
  const defended: TaskEmbeddings = {
    ...clean,
    fit: { embeddings: fit, labels: clean.fit.labels.slice(0, fit.rows) },
    score: { embeddings: score, labels: clean.score.labels.slice(0, score.rows) },
  };
  // The clean neighbors of all own images: those that were refused cannot be found any more.
  const reference: TaskEmbeddings = {
    ...clean,
    score: { ...defended.score, embeddings: matrixRows(clean.score.embeddings, 0, score.rows) },
  };
  const view = compareEncoders(context, defended, reference);
  const measured = [
    ...(await measureAll(honestUtilityMetrics, view, context, 'honest-')),
    ...(await measureAll(honestFidelityMetrics, view, context)),
  ];
  return measured.map((measurement) => ({
    ...measurement,
    ...itemwise(withZeros(measurement.items ?? new Float32Array(0), queries)),
  }));
}

function lostMeasurements(clean: TaskEmbeddings): readonly Measurement[] {
  return [
    ...honestUtilityMetrics.map(({ meta }) => ({ metric: `honest-${meta.id}`, unit: meta.unit })),
    ...honestFidelityMetrics.map(({ meta }) => ({ metric: meta.id, unit: meta.unit })),
  ].map(({ metric, unit }) => ({
    metric,
    unit,
    task: clean.name,
    ...itemwise(new Float32Array(clean.score.embeddings.rows)),
  }));
}

function withZeros(items: Float32Array, length: number): Float32Array {
  const all = new Float32Array(length);
  all.set(items);
  return all;
}

/**
 * What moves between two sessions of the same person: the same images sent again by another account.
 * @param first replies to gallery and queries in the first session @param second replies to the same queries in another
 * @returns `honest-drift-cosine` of the queries' vectors, and `honest-drift-recall-10`: the clean neighbors still found
 * when queries of one session search the gallery of the other
 */
export async function measureDrift(
  context: MetricContext,
  clean: TaskEmbeddings,
  first: DefendedReplies,
  second: Matrix,
): Promise<readonly Measurement[]> {
  const rows = Math.min(first.score.rows, second.rows);
  if (rows === 0 || first.fit.rows < FEWEST_ROWS || first.score.columns !== second.columns) return [];
  const again = matrixRows(second, 0, rows);
  const recall = await recallAt10(
    context,
    { queries: matrixRows(clean.score.embeddings, 0, rows), gallery: clean.fit.embeddings },
    { queries: again, gallery: first.fit },
  );
  return [
    {
      metric: 'honest-drift-cosine',
      task: clean.name,
      unit: 'cosine',
      ...itemwise(rowCosines(matrixRows(first.score, 0, rows), again)),
    },
    { metric: 'honest-drift-recall-10', task: clean.name, unit: 'fraction', ...itemwise(recall) },
  ];
}
