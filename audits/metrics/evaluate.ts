import type { Measurement } from '../contract/cell.ts';
import type { Matrix } from '../contract/data.ts';
import { fitLinearProbe, type ProbeResult } from './linear-probe.ts';
import type {
  ComparedView,
  EncoderView,
  LabelledEmbeddings,
  Metric,
  MetricContext,
  MetricReading,
} from './metric.ts';
import { encoderMetrics, fidelityMetrics, honestFidelityMetrics, honestUtilityMetrics } from './registry.ts';

/** One encoder's embeddings of one task's labelled images. */
export interface TaskEmbeddings {
  readonly name: string;
  readonly classes: number;
  readonly fit: LabelledEmbeddings;
  readonly score: LabelledEmbeddings;
}

/** The victim's clean embeddings of the same task, in the same order. */
export interface VictimReference {
  readonly fitEmbeddings: Matrix;
  readonly scoreEmbeddings: Matrix;
  /** Its probe's predictions for the score rows; fitted here when absent (worth caching: one probe per task). */
  readonly predictions?: Int32Array;
}

/**
 * Measures a surrogate (or a no-victim control) on every task.
 * @returns per task `probe-accuracy`, `knn-accuracy`, `few-label-probe-accuracy`, `cka`, `neighbor-overlap-10`,
 * `agreement`; all but `cka` with per-item values
 * @throws RangeError when rows, labels and victim embeddings do not pair up
 */
export async function evaluateSurrogate(
  context: MetricContext & {
    readonly tasks: readonly (TaskEmbeddings & { readonly victim: VictimReference })[];
  },
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const task of context.tasks) {
    const view = compare(context, task, task.victim);
    measurements.push(...(await measureAll(encoderMetrics, view, context)));
    measurements.push(...(await measureAll(fidelityMetrics, view, context)));
  }
  return measurements;
}

/** Measures the victim itself: `probe-accuracy`, `knn-accuracy`, `few-label-probe-accuracy` per task. */
export async function evaluateVictim(
  context: MetricContext & { readonly tasks: readonly TaskEmbeddings[] },
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const task of context.tasks)
    measurements.push(...(await measureAll(encoderMetrics, see(context, task), context)));
  return measurements;
}

/** The victim's probe predictions per task name, as `VictimReference.predictions` wants them. */
export async function predictWithVictim(
  context: MetricContext & { readonly tasks: readonly TaskEmbeddings[] },
): Promise<ReadonlyMap<string, Int32Array>> {
  const predictions = new Map<string, Int32Array>();
  for (const task of context.tasks)
    predictions.set(task.name, (await see(context, task).probe()).predictions);
  return predictions;
}

/**
 * Measures what a defense costs honest users whose training, gallery and query vectors all passed it.
 * @returns per task `clean-probe-accuracy`, `clean-knn-accuracy`, `honest-probe-accuracy`, `honest-knn-accuracy`
 * and `honest-recall-10`, with per-item values in one order, so that losses are paired
 */
export async function evaluateHonestUsers(
  context: MetricContext & {
    readonly tasks: readonly {
      readonly name: string;
      readonly classes: number;
      readonly clean: { readonly fit: LabelledEmbeddings; readonly score: LabelledEmbeddings };
      readonly defended: { readonly fit: Matrix; readonly score: Matrix };
    }[];
  },
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const { name, classes, clean, defended } of context.tasks) {
    const cleanView = see(context, { name, classes, ...clean });
    const defendedView = compare(
      context,
      {
        name,
        classes,
        fit: { embeddings: defended.fit, labels: clean.fit.labels },
        score: { embeddings: defended.score, labels: clean.score.labels },
      },
      { fitEmbeddings: clean.fit.embeddings, scoreEmbeddings: clean.score.embeddings },
    );
    measurements.push(...(await measureAll(honestUtilityMetrics, cleanView, context, 'clean-')));
    measurements.push(...(await measureAll(honestUtilityMetrics, defendedView, context, 'honest-')));
    measurements.push(...(await measureAll(honestFidelityMetrics, defendedView, context)));
  }
  return measurements;
}

async function measureAll<View extends EncoderView>(
  metrics: readonly Metric<View>[],
  view: View,
  context: MetricContext,
  prefix = '',
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const { meta, measure } of metrics) {
    const reading: MetricReading = await measure(view, context);
    measurements.push({ metric: `${prefix}${meta.id}`, task: view.task, unit: meta.unit, ...reading });
  }
  return measurements;
}

function see(context: MetricContext, task: TaskEmbeddings): EncoderView {
  return { task: task.name, ...task, probe: once(() => probe(context, task)) };
}

function compare(context: MetricContext, task: TaskEmbeddings, victim: VictimReference): ComparedView {
  const { predictions } = victim;
  const reference: TaskEmbeddings = {
    ...task,
    fit: { embeddings: victim.fitEmbeddings, labels: task.fit.labels },
    score: { embeddings: victim.scoreEmbeddings, labels: task.score.labels },
  };
  return {
    ...see(context, task),
    reference: {
      fitEmbeddings: victim.fitEmbeddings,
      scoreEmbeddings: victim.scoreEmbeddings,
      predictions: once(async () => predictions ?? (await probe(context, reference)).predictions),
    },
  };
}

/** The split is named by the task, so that every encoder is probed on the same one. */
function probe({ engine, rng }: MetricContext, task: TaskEmbeddings): Promise<ProbeResult> {
  return fitLinearProbe({ engine, rng: rng.derive(`task/${task.name}`) }, task.fit, task.score, task.classes);
}

function once<Value>(compute: () => Promise<Value>): () => Promise<Value> {
  let pending: Promise<Value> | undefined;
  return () => (pending ??= compute());
}
