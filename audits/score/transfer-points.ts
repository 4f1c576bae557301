import type { TransferPoint } from '../contract/result.ts';
import { accuracyMetric, epsilons, randomMetric, successMetric } from '../metrics/transfer.ts';
import type { Evidence } from './evidence.ts';
import type { AttackGroup } from './groups.ts';
import { combine, toEstimate } from './intervals.ts';
import { quantities } from './quantities.ts';

/** What adversarial examples made on the copies of a group do to the victim; undefined where it was not measured. */
export function transferPoints(
  evidence: Pick<Evidence, 'measure'>,
  group: AttackGroup,
  task: string,
): readonly TransferPoint[] | undefined {
  const points = epsilons.flatMap((epsilon): TransferPoint[] => {
    const success = evidence.measure(group, successMetric(epsilon), task);
    const random = evidence.measure(group, randomMetric(epsilon), task);
    if (success === undefined || random === undefined) return [];
    const accuracy = evidence.measure(group, accuracyMetric(epsilon), task);
    const excess = combine([success, random], ([a = Number.NaN, b = Number.NaN]) => a - b);
    return [
      {
        epsilon,
        success: toEstimate(success, quantities.share),
        random: toEstimate(random, quantities.share),
        excess: toEstimate(excess, quantities.difference),
        victimAccuracy: accuracy === undefined ? null : toEstimate(accuracy, quantities.share),
      },
    ];
  });
  return points.length === 0 ? undefined : points;
}
