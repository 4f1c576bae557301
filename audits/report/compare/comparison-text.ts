import { defenseName } from '../../contract/defense-name.ts';
import type { Estimate } from '../../contract/result.ts';
import { fixedText, intervalText, type Rounding } from '../../contract/rounding.ts';
import { verdictText } from '../../score/gate.ts';
import { count } from '../../score/sentences.ts';
import type { MetricChange, SideSummary } from './compare-results.ts';
import type { ChangeWord } from './difference.ts';
import type { FindingChange, FindingStatus } from './finding-changes.ts';

/** Words and numbers of a comparison, the same on a terminal and in Markdown. */

export const changeWords = {
  better: 'better',
  worse: 'worse',
  'no-evidence': 'no evidence',
  'not-comparable': 'not comparable',
} as const satisfies Record<ChangeWord, string>;

export const statusWords = {
  new: 'new',
  unchanged: 'unchanged',
  accepted: 'accepted',
  fixed: 'fixed',
  'not-checked': 'not checked',
} as const satisfies Record<FindingStatus, string>;

/** `audit 1a2b3c4d (rounding), fail`. */
export function sideText({ auditId, defense, verdict, createdAt }: SideSummary): string {
  return `audit ${auditId}${defense === null ? '' : ` (${defenseName(defense)})`}, ${createdAt.slice(0, 10)}, ${verdictText(verdict)}`;
}

/** What a change is about: `worst-stolen-gain of rounding`. */
export function subjectOf({
  metric,
  kind,
  attack,
  defense,
  budget,
  accounts,
  task,
  user,
}: Pick<
  MetricChange,
  'metric' | 'kind' | 'attack' | 'defense' | 'budget' | 'accounts' | 'task' | 'user'
>): string {
  const parts = [
    (kind === 'attack' || kind === 'ownership') && attack !== null ? attack : null,
    defense === null ? null : `through ${defenseName(defense)}`,
    budget === null ? null : `${count(budget)} queries`,
    accounts === null || accounts === 1 ? null : `${accounts} accounts`,
    task === null ? null : `on ${task}`,
    user,
  ].filter((part) => part !== null);
  return parts.length === 0 ? metric : `${metric}: ${parts.join(', ')}`;
}

/** `0.82 [0.78, 0.86]`. */
export function estimateText(estimate: Estimate | null): string {
  if (estimate === null) return 'not measured';
  return `${fixed(estimate.value)} ${intervalText(estimate, fixed) ?? '(no interval)'}`;
}

/** `-0.11 [-0.15, -0.07]`; empty where there is nothing to subtract. */
export function deltaText(change: Pick<MetricChange, 'delta' | 'low' | 'high'>): string {
  const { delta } = change;
  if (delta === null) return '';
  return `${delta > 0 ? '+' : ''}${fixed(delta)} ${intervalText(change, fixed) ?? '(no interval)'}`;
}

/** A finding with what is said about it beside its status. */
export function findingText({ finding, acceptance, isExpired }: FindingChange): string {
  const accepted =
    acceptance === null
      ? ''
      : isExpired
        ? ` (its acceptance ended on ${acceptance.expires}: ${acceptance.reason})`
        : ` (until ${acceptance.expires}: ${acceptance.reason})`;
  return `${finding.severity}: ${finding.title}${accepted}`;
}

/**
 * Changes that a reader must see, in order: worse, better, and what cannot be said of a whole defense. Single cells that are
 * missing on one side are counted by `tally` and stand in the JSON.
 */
export function worthShowing(changes: readonly MetricChange[]): readonly MetricChange[] {
  const order: readonly ChangeWord[] = ['worse', 'better', 'not-comparable', 'no-evidence'];
  const kinds: readonly MetricChange['kind'][] = [
    'defense',
    'victim',
    'honest',
    'attack',
    'detection',
    'ownership',
  ];
  const shown = changes.filter(
    ({ word, kind }) =>
      word === 'worse' || word === 'better' || (word === 'not-comparable' && kind === 'defense'),
  );
  return shown.toSorted(
    (a, b) =>
      order.indexOf(a.word) - order.indexOf(b.word) ||
      kinds.indexOf(a.kind) - kinds.indexOf(b.kind) ||
      Math.abs(b.delta ?? 0) - Math.abs(a.delta ?? 0),
  );
}

/** `12 worse, 3 better, 40 no evidence`. */
export function tally(changes: readonly MetricChange[]): string {
  const words = Object.keys(changeWords) as ChangeWord[];
  return words
    .map((word) => [changes.filter((change) => change.word === word).length, changeWords[word]] as const)
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${number} ${word}`)
    .join(', ');
}

/** One figure more than a report has: differences decide here. */
function fixed(value: number, rounding?: Rounding): string {
  return fixedText(value, Math.abs(value) >= 1000 ? 0 : 3, rounding);
}
