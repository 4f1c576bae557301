import type { Measurement } from '../contract/cell.ts';
import { selectRows } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { SurrogateModel } from '../contract/method.ts';
import { fitHead, type TaskEmbeddings } from '../metrics/evaluate.ts';
import { lossDirections } from '../metrics/head-gradient.ts';
import { classifyWithHead } from '../metrics/linear-probe.ts';
import { itemwise, matches, type MetricContext } from '../metrics/metric.ts';
import { accuracyMetric, epsilons, randomMetric, successMetric } from '../metrics/transfer.ts';
import { imageGradients } from '../surrogates/image-gradients.ts';
import { alongEpsilons, moveImages, type TransferTarget } from './transfer-target.ts';

/**
 * Do adversarial examples made on a copy mislead the victim? One step along the sign of the gradient (FGSM; Goodfellow, Shlens,
 * Szegedy, ICLR 2015) of the copy's cross-entropy, with a linear head of its own, against victim and head (paper-spec 2.7). The
 * thief asks nothing for it; that the victim is asked here is the provider's own measuring.
 *
 * Per epsilon `fgsm-success-E`: of the images that victim and head classify rightly, the share they no longer do;
 * `fgsm-random-success-E`: the same under random signs; `fgsm-victim-accuracy-E`: the paper's figure, the victim's accuracy on
 * the images that the copy classifies rightly (E = 0: undisturbed).
 */

/** @returns nothing for a copy that gives no gradients, or where the victim is right nowhere */
export async function measureTransfer(
  context: MetricContext & { readonly engine: Engine; readonly signal: AbortSignal },
  model: SurrogateModel,
  copy: TaskEmbeddings,
  target: TransferTarget,
): Promise<readonly Measurement[]> {
  const { engine, signal } = context;
  const { rows, images, labels, right, task } = target;
  if (!right.includes(1)) return [];
  const own = selectRows(copy.score.embeddings, rows);
  const head = await fitHead(context, copy);
  const directions = await lossDirections(engine, head, own, labels);
  const found = await imageGradients(engine, model, images, directions, signal);
  if (found === undefined) return [];
  const moved = await alongEpsilons((epsilon) =>
    target.stillRight(moveImages(images, found.gradients, found.size, epsilon)),
  );
  const noise = await target.underNoise(found.size);
  const copyRight = matches(await classifyWithHead(engine, head, own), labels);
  /** Shares of the images that victim and head got right, and no longer do. */
  const misled = (metric: string, after: Float32Array): Measurement => ({
    metric,
    task,
    unit: 'fraction',
    ...itemwise(where(right, after, (value) => 1 - value)),
  });
  const accuracy = (epsilon: number, after: Float32Array): readonly Measurement[] => {
    const { value, n } = itemwise(where(copyRight, after, (each) => each));
    return n === 0 ? [] : [{ metric: accuracyMetric(epsilon), task, unit: 'fraction' as const, value, n }];
  };
  return [
    ...accuracy(0, right),
    ...epsilons.flatMap((epsilon, i) => {
      const [after, control] = [moved[i], noise[i]];
      if (after === undefined || control === undefined) return [];
      return [
        misled(successMetric(epsilon), after),
        misled(randomMetric(epsilon), control),
        ...accuracy(epsilon, after),
      ];
    }),
  ];
}

/** The values where `chosen` is 1. */
function where(chosen: Float32Array, values: Float32Array, change: (value: number) => number): Float32Array {
  return Float32Array.from([...values].flatMap((value, i) => (chosen[i] === 1 ? [change(value)] : [])));
}
