import type { CostAssumptions } from '../contract/audit.ts';
import type { QueryCurve, QueryPoint, TheftCost } from '../contract/result.ts';
import type { Evidence } from './evidence.ts';
import type { AttackGroup } from './groups.ts';
import { LEVELS } from './query-curves.ts';
import { crossing, isBelow } from './query-points.ts';

/**
 * What stealing costs: rows sent at the API price, accounts, labels where the attack needs them, and computing time as
 * measured on this machine at the rate of an hour. Queries are images; a denoiser sends each several times, and pays so.
 */

const MS_PER_HOUR = 3_600_000;

/** The cheapest known way to each level through each defense: the attack whose own curve gets there first. */
export function theftCosts(
  evidence: Evidence,
  curves: readonly QueryCurve[],
  assumptions: CostAssumptions,
): readonly TheftCost[] {
  return evidence.groups.defenses.flatMap(({ label }) => {
    const own = curves.filter(({ defense, attack }) => defense === label && attack !== null);
    return LEVELS.flatMap((level): TheftCost[] => {
      const [first] = own
        .map((curve) => ({ curve, point: pointOf(curve, level) }))
        .toSorted((a, b) => (isEarlier(a, b) ? -1 : isEarlier(b, a) ? 1 : 0));
      if (first === undefined) return [];
      const { curve, point } = first;
      const groups = evidence.groups.attacks
        .filter(
          (group) =>
            group.defense === label &&
            group.attack === curve.attack &&
            group.accounts === curve.accounts &&
            group.done.length > 0,
        )
        .toSorted((a, b) => a.budget - b.budget);
      const accounts = curve.accounts ?? 1;
      const rows = interpolate(groups, point.queries, rowsSent);
      const hours = interpolate(groups, point.queries, elapsed) / MS_PER_HOUR;
      const labels = groups[0] !== undefined && needsLabels(evidence, groups[0]) ? point.queries : 0;
      const dollars =
        rows * evidence.config.pricePerQuery +
        accounts * assumptions.perAccount +
        labels * assumptions.perLabel +
        hours * assumptions.perComputeHour;
      const { training } = assumptions;
      return [
        {
          defense: label,
          level,
          attack: curve.attack ?? '',
          accounts,
          queries: point,
          rows: Math.round(rows),
          labels,
          dollars,
          hours,
          shareOfTraining: training === null || training === 0 ? null : dollars / training,
        },
      ];
    });
  });
}

function needsLabels({ facts }: Evidence, group: AttackGroup): boolean {
  const work = group.cells[0]?.work;
  return work?.kind === 'attack' && facts.needsLabels(work.attack);
}

function pointOf({ points }: QueryCurve, level: number): QueryPoint {
  return crossing(
    points.map(({ budget, stolenGain }) => ({ budget, gain: stolenGain.value })),
    level,
  );
}

/** Reached before not reached, then fewer queries; where none gets there, the one that came closest. */
function isEarlier(
  a: { readonly curve: QueryCurve; readonly point: QueryPoint },
  b: { readonly curve: QueryCurve; readonly point: QueryPoint },
): boolean {
  const missed = (point: QueryPoint): boolean => point.relation === 'more-than';
  if (missed(a.point) !== missed(b.point)) return missed(b.point);
  const last = ({ points }: QueryCurve): number => points.at(-1)?.stolenGain.value ?? -Infinity;
  if (missed(a.point)) return last(a.curve) > last(b.curve);
  const valued = ({ queries, relation }: QueryPoint) => ({ value: queries, relation });
  return isBelow(valued(a.point), valued(b.point));
}

/** A figure of the groups at `queries`, linear between their budgets and constant outside. */
function interpolate(
  groups: readonly AttackGroup[],
  queries: number,
  figure: (group: AttackGroup) => number,
): number {
  let before: AttackGroup | undefined;
  for (const group of groups) {
    if (group.budget >= queries) {
      if (before === undefined) return figure(group);
      const share = (queries - before.budget) / (group.budget - before.budget);
      return figure(before) + share * (figure(group) - figure(before));
    }
    before = group;
  }
  return before === undefined ? 0 : figure(before);
}

function rowsSent({ done }: AttackGroup): number {
  return mean(done.map(({ ledger }) => ledger.reduce((sum, { rows }) => sum + rows, 0)));
}

function elapsed({ done }: AttackGroup): number {
  return mean(done.map(({ elapsedMs }) => elapsedMs ?? 0));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
