import type { CostAssumptions } from '../contract/audit.ts';
import type { QueryCurve, QueryPoint, TheftCost } from '../contract/result.ts';
import type { Evidence } from './evidence.ts';
import type { AttackGroup } from './groups.ts';
import { LEVELS } from './query-curves.ts';
import { crossing, isBelow } from './query-points.ts';

/**
 * What stealing costs: rows sent at the API price, accounts, labels where the attack needs them, computing time as measured
 * on this machine at the rate of an hour, and what the defense makes its clients pay (work, a price for an account).
 * Queries are images; a denoiser sends each several times, and pays so.
 */

const MS_PER_HOUR = 3_600_000;
const SECONDS_PER_HOUR = 3600;

/**
 * The cheapest known way to each level through each defense: of the attacks that get there, the one with the smallest bill,
 * and among equal bills the one with fewer queries. Where none gets there, the one that came closest.
 */
export function theftCosts(
  evidence: Evidence,
  curves: readonly QueryCurve[],
  assumptions: CostAssumptions,
): readonly TheftCost[] {
  return evidence.groups.defenses.flatMap(({ label }) => {
    const own = curves.filter(({ defense, attack }) => defense === label && attack !== null);
    return LEVELS.flatMap((level): readonly TheftCost[] => {
      const [first] = own
        .map((curve): Way => {
          const cost = costOf(evidence, { curve, level, point: pointOf(curve, level) }, assumptions);
          return { cost, reached: curve.points.at(-1)?.stolenGain.value ?? -Infinity };
        })
        .toSorted((a, b) => (isCheaper(a, b) ? -1 : isCheaper(b, a) ? 1 : 0));
      return first === undefined ? [] : [first.cost];
    });
  });
}

interface Way {
  readonly cost: TheftCost;
  /** Stolen gain at the largest budget. */
  readonly reached: number;
}

/** The bill of one attack that goes on until `point`. */
function costOf(
  evidence: Evidence,
  way: { readonly curve: QueryCurve; readonly level: number; readonly point: QueryPoint },
  assumptions: CostAssumptions,
): TheftCost {
  const { curve, level, point } = way;
  const groups = evidence.groups.attacks
    .filter(
      (group) =>
        group.defense === curve.defense &&
        group.attack === curve.attack &&
        group.accounts === curve.accounts &&
        group.done.length > 0,
    )
    .toSorted((a, b) => a.budget - b.budget);
  const at = (figure: (group: AttackGroup) => number): number => interpolate(groups, point.queries, figure);
  const accounts = curve.accounts ?? 1;
  const rows = at(rowsSent);
  const computing = at(elapsed) / MS_PER_HOUR;
  const labels = groups[0] !== undefined && needsLabels(evidence, groups[0]) ? point.queries : 0;
  const charged = {
    dollars: at((group) => meanOver(evidence, group, 'defense-dollars')),
    hours: at((group) => meanOver(evidence, group, 'defense-seconds')) / SECONDS_PER_HOUR,
  };
  const dollars =
    rows * evidence.config.pricePerQuery +
    accounts * assumptions.perAccount +
    labels * assumptions.perLabel +
    computing * assumptions.perComputeHour +
    charged.dollars;
  const { training } = assumptions;
  return {
    defense: curve.defense,
    level,
    attack: curve.attack ?? '',
    accounts,
    queries: point,
    rows: Math.round(rows),
    labels,
    dollars,
    hours: computing + charged.hours,
    charged,
    shareOfTraining: training === null || training === 0 ? null : dollars / training,
  };
}

/** What the defense charged, over all accounts of a cell, mean over seeds; its dollars hold the price of its hours. */
function meanOver({ measurements }: Evidence, { done }: AttackGroup, metric: string): number {
  return mean(
    done.map(({ key }) => measurements.get(key)?.find((entry) => entry.metric === metric)?.value ?? 0),
  );
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

function isCheaper(a: Way, b: Way): boolean {
  const missed = ({ cost }: Way): boolean => cost.queries.relation === 'more-than';
  if (missed(a) !== missed(b)) return missed(b);
  if (missed(a)) return a.reached > b.reached;
  if (a.cost.dollars !== b.cost.dollars) return a.cost.dollars < b.cost.dollars;
  const valued = ({ cost: { queries } }: Way) => ({ value: queries.queries, relation: queries.relation });
  return isBelow(valued(a), valued(b));
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
