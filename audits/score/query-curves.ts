import type { CurvePoint, CurveCrossing, Estimate, QueryCurve, RaiseFactor } from '../contract/result.ts';
import type { Evidence, Gain } from './evidence.ts';
import { extremeEstimate } from './extremes.ts';
import { noDefense } from './groups.ts';
import { quantities } from './quantities.ts';
import { areaUnder, crossing, isBelow, quotientOf, type CurveSample } from './query-points.ts';

/**
 * Stolen gain over queries, worst over tasks (and over measures where an attack is judged by several): one curve for each
 * attack and number of accounts within the policy, and one for the strongest of them at each budget. The interval of a
 * crossing comes from the band around the curve: with 95 % confidence the curve is below the level wherever the band is and
 * above wherever the band is, so the true crossing lies between those of the band's upper and lower edge.
 */

/** Levels of stolen gain whose price is told: Q50, Q80 and Q90. */
export const LEVELS = [0.5, 0.8, 0.9] as const;

export function buildCurves(evidence: Evidence): readonly QueryCurve[] {
  const most = Math.max(...evidence.config.policy.accounts);
  return evidence.groups.defenses.flatMap(({ label }) => {
    const gains = evidence.gains.filter(
      ({ group }) => group.defense === label && (group.accounts <= most || !hasWithin(evidence, most)),
    );
    if (gains.length === 0) return [];
    const keys = [...new Set(gains.map(({ group }) => keyOf(group)))];
    const single = keys.map((key) => {
      const own = gains.filter(({ group }) => keyOf(group) === key);
      return curveOf(label, own[0]?.group ?? null, own);
    });
    return [curveOf(label, null, gains), ...single];
  });
}

function hasWithin({ config }: Evidence, most: number): boolean {
  return config.accounts.some((accounts) => accounts <= most);
}

function keyOf({ attack, accounts }: Gain['group']): string {
  return JSON.stringify([attack, accounts]);
}

function curveOf(
  defense: string,
  attack: { readonly attack: string; readonly accounts: number } | null,
  gains: readonly Gain[],
): QueryCurve {
  const budgets = [...new Set(gains.map(({ group }) => group.budget))].sort((a, b) => a - b);
  const points = budgets.flatMap((budget): CurvePoint[] => {
    const at = gains.filter(({ group }) => group.budget === budget);
    const parts = at.map(({ gain }) => gain);
    const bounded = parts.filter(({ draws }) => draws !== null);
    const stolenGain = extremeEstimate(bounded.length > 0 ? bounded : parts, quantities.ratio);
    return stolenGain === null ? [] : [{ budget, stolenGain }];
  });
  return {
    defense,
    attack: attack?.attack ?? null,
    accounts: attack?.accounts ?? null,
    points,
    area: areaOf(points),
    crossings: LEVELS.map((level) => crossingOf(points, level)),
  };
}

/** The curve of one end of the band; undefined as soon as one point has no interval. */
function edge(points: readonly CurvePoint[], end: 'low' | 'high'): readonly CurveSample[] | undefined {
  const samples = points.flatMap(({ budget, stolenGain }) => {
    const gain = stolenGain[end];
    return gain === null ? [] : [{ budget, gain }];
  });
  return samples.length === points.length ? samples : undefined;
}

function middle(points: readonly CurvePoint[]): readonly CurveSample[] {
  return points.map(({ budget, stolenGain }) => ({ budget, gain: stolenGain.value }));
}

function crossingOf(points: readonly CurvePoint[], level: number): CurveCrossing {
  const [low, high] = [edge(points, 'low'), edge(points, 'high')];
  return {
    level,
    value: crossing(middle(points), level),
    low: high === undefined ? null : crossing(high, level),
    high: low === undefined ? null : crossing(low, level),
  };
}

function areaOf(points: readonly CurvePoint[]): Estimate | null {
  const value = areaUnder(middle(points));
  const [first] = points;
  if (value === undefined || first === undefined) return null;
  const [low, high] = [edge(points, 'low'), edge(points, 'high')];
  return {
    ...first.stolenGain,
    value,
    low: (low === undefined ? undefined : areaUnder(low)) ?? null,
    high: (high === undefined ? undefined : areaUnder(high)) ?? null,
    method: `${first.stolenGain.method}; area under the band`,
  };
}

/**
 * How many times more queries a defense asks for: `Q(defended) / Q(undefended)` at each level, the smallest over the attacks
 * that ran both ways and over the strongest curve. Null where the level was not reached undefended.
 */
export function raiseFactors(curves: readonly QueryCurve[]): readonly RaiseFactor[] {
  const plain = curves.filter(({ defense }) => defense === noDefense);
  const defenses = [...new Set(curves.map(({ defense }) => defense))].filter((label) => label !== noDefense);
  return defenses.flatMap((defense) =>
    LEVELS.map((level): RaiseFactor => {
      let smallest: RaiseFactor = { defense, level, attack: null, factor: null };
      for (const curve of curves.filter((own) => own.defense === defense)) {
        const without = plain.find(
          ({ attack, accounts }) => attack === curve.attack && accounts === curve.accounts,
        );
        const [above, below] = [pointAt(curve, level), without && pointAt(without, level)];
        const factor = above === undefined || below === undefined ? undefined : quotientOf(above, below);
        if (factor !== undefined && (smallest.factor === null || isBelow(factor, smallest.factor)))
          smallest = { defense, level, attack: curve.attack, factor };
      }
      return smallest;
    }),
  );
}

function pointAt({ crossings }: QueryCurve, level: number): CurveCrossing['value'] | undefined {
  return crossings.find((crossed) => crossed.level === level)?.value;
}
