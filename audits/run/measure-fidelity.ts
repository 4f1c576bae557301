import { selectRows, type Matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { FidelityId, OwnershipContext } from '../contract/ownership.ts';
import { fidelityMetrics } from '../metrics/registry.ts';
import { mutualInformation } from '../metrics/mi-score.ts';
import type { ComparedView, InformationScale, MetricContext } from '../metrics/metric.ts';

/** Measures that fit a map first, and so need rows of their own to be judged on. */
const fitted: ReadonlySet<FidelityId> = new Set(['procrustes-r2']);

/**
 * The audit's fidelity metrics between two encoders without a task, for ownership tests.
 * @param untrained embeddings of the same images by a network that never saw one: the zero of the mutual-information score
 */
export function createFidelity(context: MetricContext, untrained: Matrix): OwnershipContext['fidelity'] {
  // What belongs to the victim alone is computed once.
  const scales = new WeakMap<Matrix, Promise<InformationScale>>();
  const scaleOf = async (victim: Matrix): Promise<InformationScale> => ({
    random: await mutualInformation(context, victim, untrained),
    self: await mutualInformation(context, victim, victim),
  });
  return async (id, victim, suspect) => {
    const metric = fidelityMetrics.find(({ meta }) => meta.id === id);
    if (metric === undefined) throw new RangeError(`no fidelity metric ${id}`);
    const scale = (): Promise<InformationScale> => {
      const pending = scales.get(victim) ?? scaleOf(victim);
      scales.set(victim, pending);
      return pending;
    };
    return (await metric.measure(viewOf(victim, suspect, fitted.has(id), scale), context))?.value;
  };
}

/** A view without labels. Even rows fit and odd rows score where a map is fitted; else all rows do both. */
function viewOf(
  victim: Matrix,
  suspect: Matrix,
  isFitted: boolean,
  informationScale: () => Promise<InformationScale>,
): ComparedView {
  const half = (source: Matrix, first: number): Matrix =>
    selectRows(
      source,
      Array.from({ length: Math.ceil((source.rows - first) / 2) }, (_, i) => first + 2 * i),
    );
  const split = (source: Matrix): { readonly fit: Matrix; readonly score: Matrix } =>
    isFitted ? { fit: half(source, 0), score: half(source, 1) } : { fit: source, score: source };
  const [own, others] = [split(suspect), split(victim)];
  const unlabelled = (embeddings: Matrix): ComparedView['fit'] => ({
    embeddings,
    labels: new Int32Array(embeddings.rows),
  });
  const noTask = (): never => {
    throw new MoatError('internal', 'Ownership tests have no task.');
  };
  return {
    task: 'ownership',
    classes: 0,
    fit: unlabelled(own.fit),
    score: unlabelled(own.score),
    probe: noTask,
    reference: {
      fitEmbeddings: others.fit,
      scoreEmbeddings: others.score,
      predictions: noTask,
      informationScale,
    },
  };
}
