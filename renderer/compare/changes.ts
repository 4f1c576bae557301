import { defenseName } from '../../audits/contract/defense-name.ts';
import type { MetricChange } from '../../audits/report/compare/compare-results.ts';
import type { ChangeWord } from '../../audits/report/compare/difference.ts';
import type { FindingChange, FindingStatus } from '../../audits/report/compare/finding-changes.ts';
import type { CurveInput } from '../charts/curve-layout.ts';
import type { QueryCurve } from '../../audits/contract/result.ts';
import type { Rounding } from '../../audits/contract/rounding.ts';
import { spellCount, spellFraction } from '../text/numbers.ts';

/** How a comparison is read: what comes first, and in which words. */

export const changeWords = {
  worse: 'worse',
  better: 'better',
  'no-evidence': 'without evidence of a change',
  'not-comparable': 'not comparable',
} as const satisfies Record<ChangeWord, string>;

export const findingWords = {
  new: 'New',
  unchanged: 'Unchanged',
  accepted: 'Accepted',
  fixed: 'Fixed',
  'not-checked': 'Not checked again',
} as const satisfies Record<FindingStatus, string>;

const wordOrder = Object.keys(changeWords) as readonly ChangeWord[];
const kindOrder: readonly MetricChange['kind'][] = [
  'defense',
  'victim',
  'honest',
  'attack',
  'detection',
  'ownership',
];

/** Worse before better before what says nothing; whole defenses before single cells; the largest difference first. */
export function orderedChanges(changes: readonly MetricChange[]): readonly MetricChange[] {
  const rank = (kind: MetricChange['kind']): number => {
    const at = kindOrder.indexOf(kind);
    return at === -1 ? kindOrder.length : at;
  };
  return changes.toSorted(
    (a, b) =>
      wordOrder.indexOf(a.word) - wordOrder.indexOf(b.word) ||
      rank(a.kind) - rank(b.kind) ||
      Math.abs(b.delta ?? 0) - Math.abs(a.delta ?? 0),
  );
}

/** What must be seen: every change, and whole defenses that cannot be compared. The rest is counted, and folded. */
export function isTelling({ word, kind }: Pick<MetricChange, 'word' | 'kind'>): boolean {
  return word === 'worse' || word === 'better' || (word === 'not-comparable' && kind === 'defense');
}

export function countWords(
  changes: readonly MetricChange[],
): readonly (readonly [word: ChangeWord, count: number])[] {
  return wordOrder
    .map((word) => [word, changes.filter((change) => change.word === word).length] as const)
    .filter(([, count]) => count > 0);
}

/** New first: what a launch meeting asks about. */
export function orderedFindings(findings: readonly FindingChange[]): readonly FindingChange[] {
  const order = ['new', 'unchanged', 'not-checked', 'accepted', 'fixed'] as const;
  return findings.toSorted((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
}

/** What a row is about, without its metric. */
export function subjectOf({
  attack,
  defense,
  budget,
  accounts,
  task,
  user,
}: Pick<MetricChange, 'attack' | 'defense' | 'budget' | 'accounts' | 'task' | 'user'>): string {
  return [
    attack,
    defense === null ? null : `on ${defenseName(defense)}`,
    budget === null ? null : `${spellCount(budget)} queries`,
    accounts === null || accounts === 1 ? null : `${spellCount(accounts)} accounts`,
    task === null ? null : `task ${task}`,
    user,
  ]
    .filter((part) => part !== null)
    .join(', ');
}

/** A number of any size, three decimals where it is a share. */
export function spellValue(value: number, rounding?: Rounding): string {
  return Math.abs(value) >= 1000 ? spellCount(value, rounding) : spellFraction(value, 3, rounding);
}

export function spellDelta(delta: number, rounding?: Rounding): string {
  return `${delta > 0 ? '+' : ''}${spellValue(delta, rounding)}`;
}

export interface CurvePair {
  readonly title: string;
  readonly curves: readonly CurveInput[];
}

/** Strongest-attack curves of both sides over each other, for every defense that both have; of two defenses, the one pair. */
export function pairCurves(
  before: readonly QueryCurve[],
  after: readonly QueryCurve[],
  sides: { readonly before: string | null; readonly after: string | null },
): readonly CurvePair[] {
  const strongest = (curves: readonly QueryCurve[]) =>
    new Map(
      curves
        .filter(({ attack, points }) => attack === null && points.length > 0)
        .map((curve) => [curve.defense, curve]),
    );
  const [earlier, later] = [strongest(before), strongest(after)];
  const pair = (title: string, a: QueryCurve | undefined, b: QueryCurve | undefined): readonly CurvePair[] =>
    a === undefined || b === undefined
      ? []
      : [
          {
            title,
            curves: [
              { label: 'before', series: null, curve: a },
              { label: 'after', series: 0, curve: b },
            ],
          },
        ];
  if (sides.before !== null && sides.after !== null)
    return pair(
      `${defenseName(sides.before)} and ${defenseName(sides.after)}`,
      earlier.get(sides.before),
      later.get(sides.after),
    );
  return [...later.keys()].flatMap((defense) =>
    pair(defenseName(defense), earlier.get(defense), later.get(defense)),
  );
}
