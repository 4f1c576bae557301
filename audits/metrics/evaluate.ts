import { MoatError } from '../contract/errors.ts';
import type { Measurement } from '../contract/cell.ts';
import type { Matrix } from '../contract/data.ts';
import { fitLinearProbe, fitProbeHead, type ProbeHead, type ProbeResult } from './linear-probe.ts';
import { mutualInformation } from './mi-score.ts';
import type {
  ComparedView,
  EncoderView,
  InformationScale,
  LabelledEmbeddings,
  Metric,
  MetricContext,
} from './metric.ts';
import { encoderMetrics, fidelityMetrics } from './registry.ts';

/** One encoder's embeddings of one task's labelled images. */
export interface TaskEmbeddings {
  readonly name: string;
  readonly classes: number;
  readonly fit: LabelledEmbeddings;
  readonly score: LabelledEmbeddings;
}

/** The victim's clean embeddings of the same task, in the same order. */
export interface VictimEmbeddings extends TaskEmbeddings {
  /** Its probe's predictions for the score rows; fitted here when absent (worth caching: one probe per task). */
  readonly predictions?: Int32Array;
  /** The ends of the mutual-information score; without them that score is not measured. */
  readonly informationScale?: InformationScale;
}

/**
 * Measures a surrogate (or a no-victim control) on every task; `victim[i]` is the same task as `tasks[i]`.
 * @returns per task `probe-accuracy`, `knn-accuracy`, `few-label-probe-accuracy` and the fidelity metrics of the
 * registry, each where it can be measured; with per-item values where their mean is the value
 * @throws RangeError when tasks, rows and labels do not pair up
 */
export async function evaluateSurrogate(
  context: MetricContext,
  tasks: readonly TaskEmbeddings[],
  victim: readonly VictimEmbeddings[],
): Promise<readonly Measurement[]> {
  const measurements: Measurement[] = [];
  for (const [task, reference] of pairs(tasks, victim)) {
    const view = compareEncoders(context, task, reference);
    measurements.push(...(await measureAll(encoderMetrics, view, context)));
    measurements.push(...(await measureAll(fidelityMetrics, view, context)));
  }
  return measurements;
}

/** Measures the victim itself: `probe-accuracy`, `knn-accuracy`, `few-label-probe-accuracy` per task. */
export async function evaluateVictim(
  context: MetricContext,
  tasks: readonly TaskEmbeddings[],
): Promise<readonly Measurement[]> {
  const measurements: Measurement[] = [];
  for (const task of tasks)
    measurements.push(...(await measureAll(encoderMetrics, seeEncoder(context, task), context)));
  return measurements;
}

/** The victim's probe predictions for the score rows of one task, as `VictimEmbeddings.predictions` wants them. */
export async function predictWithVictim(context: MetricContext, task: TaskEmbeddings): Promise<Int32Array> {
  return (await seeEncoder(context, task).probe()).predictions;
}

/**
 * The ends of the mutual-information score on one task's score rows.
 * @param untrained embeddings of the same rows by a network that never saw an image `[rows, dimension]`
 */
export async function measureInformationScale(
  context: Pick<MetricContext, 'engine'>,
  task: TaskEmbeddings,
  untrained: Matrix,
): Promise<InformationScale> {
  const { embeddings } = task.score;
  return {
    random: await mutualInformation(context, embeddings, untrained),
    self: await mutualInformation(context, embeddings, embeddings),
  };
}

/**
 * Classes which the victim's probe of one task gives to further embeddings of the victim: a label service of the same
 * provider.
 * @param embeddings `[rows, victim dimension]`
 */
export async function classifyWithVictim(
  context: MetricContext,
  task: TaskEmbeddings,
  embeddings: Matrix,
): Promise<Int32Array> {
  const unlabelled = { embeddings, labels: new Int32Array(embeddings.rows) };
  return (await probe(context, { ...task, score: unlabelled })).predictions;
}

function pairs<A extends TaskEmbeddings, B extends TaskEmbeddings>(
  a: readonly A[],
  b: readonly B[],
): readonly (readonly [A, B])[] {
  if (a.length !== b.length) throw new RangeError(`${a.length} tasks against ${b.length}`);
  return a.flatMap((task, i) => {
    const other = b[i];
    if (other === undefined || other.name !== task.name)
      throw new RangeError(`task ${task.name} against ${other?.name ?? 'none'}`);
    return [[task, other] as const];
  });
}

/** Measures one after the other, each where it has a meaning. @throws MoatError `cancelled` */
export async function measureAll<View extends EncoderView>(
  metrics: readonly Metric<View>[],
  view: View,
  context: MetricContext,
  prefix = '',
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const metric of metrics) {
    if (context.signal?.aborted === true)
      throw new MoatError('cancelled', `The evaluation of ${view.task} was stopped.`);
    const reading = await metric.measure(view, context);
    if (reading === undefined) continue;
    measurements.push({
      metric: `${prefix}${metric.meta.id}`,
      task: view.task,
      unit: metric.meta.unit,
      ...reading,
    });
  }
  return measurements;
}

/** One encoder on one task. */
export function seeEncoder(context: MetricContext, task: TaskEmbeddings): EncoderView {
  return { task: task.name, ...task, probe: once(() => probe(context, task)) };
}

/** An encoder beside the victim on the same task. */
export function compareEncoders(
  context: MetricContext,
  task: TaskEmbeddings,
  reference: VictimEmbeddings,
): ComparedView {
  const { predictions, informationScale } = reference;
  return {
    ...seeEncoder(context, task),
    reference: {
      fitEmbeddings: reference.fit.embeddings,
      scoreEmbeddings: reference.score.embeddings,
      predictions: once(async () => predictions ?? (await probe(context, reference)).predictions),
      ...(informationScale === undefined ? {} : { informationScale: async () => informationScale }),
    },
  };
}

/** The classifier of one encoder's probe on a task: the one behind its `probe-accuracy`. */
export function fitHead(context: MetricContext, task: TaskEmbeddings): Promise<ProbeHead> {
  return fitProbeHead(ofTask(context, task), task.fit, task.classes);
}

function probe(context: MetricContext, task: TaskEmbeddings): Promise<ProbeResult> {
  return fitLinearProbe(ofTask(context, task), task.fit, task.score, task.classes);
}

/** The split is named by the task, so that every encoder is probed on the same one. */
function ofTask({ engine, rng }: MetricContext, { name }: TaskEmbeddings): MetricContext {
  return { engine, rng: rng.derive(`task/${name}`) };
}

function once<Value>(compute: () => Promise<Value>): () => Promise<Value> {
  let pending: Promise<Value> | undefined;
  return () => (pending ??= compute());
}
