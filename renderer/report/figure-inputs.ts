import { defenseName, UNDEFENDED } from '../../audits/contract/defense-name.ts';
import type { QueryCurve } from '../../audits/contract/result.ts';
import type { CostRow } from '../charts/cost-layout.ts';
import type { CurveInput } from '../charts/curve-layout.ts';
import type { FlagCounts } from '../charts/flag-layout.ts';
import { acceptedGain, paretoPoints, type ParetoPoint } from '../charts/pareto-layout.ts';
import {
  plural,
  spellCount,
  spellDollars,
  spellDuration,
  spellEstimate,
  spellFraction,
} from '../text/numbers.ts';
import { shortenMiddle } from '../text/shorten.ts';
import type { DefenseEntry, ReportFacts } from './facts.ts';
import { kindWords, type RunKindSummary } from './run-summary.ts';

/** What each figure draws and says in words, for the page and for files of figures. */

/** Lines that can still be told apart. */
const MOST_LINES = 6;

export interface CurvesFigure {
  /** Every defense with a curve. */
  readonly all: readonly { readonly entry: DefenseEntry; readonly curve: QueryCurve }[];
  /** Those that are drawn. */
  readonly inputs: readonly CurveInput[];
  readonly description: string;
}

export function curvesFigure(facts: ReportFacts): CurvesFigure {
  const { result } = facts;
  const all = facts.defenses.flatMap((entry) => {
    const curve = facts.curveOf(entry.label);
    return curve === undefined || curve.points.length === 0 ? [] : [{ entry, curve }];
  });
  // Undefended and the recommendation first, then those that leave a thief least.
  const importance = (entry: DefenseEntry): number =>
    entry.label === UNDEFENDED
      ? -2
      : entry.label === result.recommendation.defense
        ? -1
        : (entry.verdict?.worstStolenGain?.value ?? Infinity);
  const inputs = all
    .toSorted((a, b) => importance(a.entry) - importance(b.entry))
    .slice(0, MOST_LINES)
    .map(({ entry, curve }, series) => ({
      label: entry.label === UNDEFENDED ? entry.name : `${entry.tag} ${shortenMiddle(entry.label, 23)}`,
      curve,
      series,
    }));
  return {
    all,
    inputs,
    description: inputs
      .map(describeCurve)
      .filter((text) => text !== '')
      .join(' '),
  };
}

function describeCurve({ label, curve }: CurveInput): string {
  const last = curve.points.at(-1);
  return last === undefined
    ? ''
    : `${label}: ${spellEstimate(last.stolenGain)} at ${spellCount(last.budget)} queries.`;
}

/** The small curve on a defense's sheet, with the undefended one in grey; undefined where there is none. */
export function sheetFigure(
  facts: ReportFacts,
  { label, tag }: DefenseEntry,
):
  | { readonly inputs: readonly CurveInput[]; readonly title: string; readonly description: string }
  | undefined {
  const curve = facts.curveOf(label);
  const last = curve?.points.at(-1);
  if (curve === undefined || last === undefined) return undefined;
  const undefended = label === UNDEFENDED ? undefined : facts.curveOf(UNDEFENDED);
  return {
    inputs: [
      ...(undefended === undefined
        ? []
        : [{ label: defenseName(UNDEFENDED), curve: undefended, series: null }]),
      { label: tag, curve, series: 0 },
    ],
    title: `Stolen gain over queries through ${defenseName(label)}`,
    description: `${spellEstimate(last.stolenGain)} at ${spellCount(last.budget)} queries.`,
  };
}

export interface ParetoFigure {
  readonly points: readonly ParetoPoint[];
  readonly limits: { readonly loss: number; readonly gain: number | null };
  readonly recommended: string | null;
  readonly description: string;
}

export function paretoFigure(facts: ReportFacts): ParetoFigure {
  const { config, recommendation } = facts.result;
  const points = paretoPoints(facts.defenses);
  return {
    points,
    limits: {
      loss: config.policy.maxHonestLoss,
      gain: acceptedGain(config.policy, facts.undefended?.worstStolenGain ?? null),
    },
    recommended: recommendation.defense,
    description: points
      .map(
        ({ tag, label, loss, gain }) =>
          `${tag} ${label}: loss ${spellFraction(loss.value * 100, 1)} points, stolen gain ${spellFraction(gain.value)}.`,
      )
      .join(' '),
  };
}

export interface CostsFigure {
  readonly rows: readonly CostRow[];
  readonly description: string;
}

export function costsFigure({ defenses, result }: ReportFacts): CostsFigure {
  const { costs } = result.theft;
  return {
    rows: defenses.flatMap(({ tag, label, name }) => {
      const own = costs.filter(({ defense }) => defense === label);
      return own.length === 0 ? [] : [{ tag, label: name, costs: own }];
    }),
    description: costs
      .map(
        (cost) =>
          `${defenseName(cost.defense)}, ${Math.round(cost.level * 100)} %: ${cost.queries.relation === 'more-than' ? 'more than ' : ''}${spellDollars(cost.dollars)}.`,
      )
      .join(' '),
  };
}

export function describeRun(summary: readonly RunKindSummary[]): string {
  return summary
    .map(
      ({ kind, cells, failed, totalMs }) =>
        `${kindWords[kind]}: ${plural(cells, 'cell')}, ${spellCount(failed)} failed, ${spellDuration(totalMs)}.`,
    )
    .join(' ');
}

export function describeFlags({ rows }: FlagCounts): string {
  return rows.map(({ id, total }) => `${id}: ${plural(total, 'comparison')}.`).join(' ');
}
