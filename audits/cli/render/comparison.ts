import type { Comparison } from '../../report/compare/compare-results.ts';
import {
  changeWords,
  deltaText,
  estimateText,
  findingText,
  sideText,
  statusWords,
  subjectOf,
  tally,
  worthShowing,
} from '../../report/compare/comparison-text.ts';
import type { ChangeWord } from '../../report/compare/difference.ts';
import type { FindingChange } from '../../report/compare/finding-changes.ts';
import { renderTable } from './table.ts';
import { cleanText, hangingText, wrapText } from './text.ts';
import type { Tone, View } from './view.ts';

/** A screen or two: the JSON has all of them. */
const MOST_CHANGES = 40;
const MOST_WIDTH = 60;

const tones = {
  better: 'good',
  worse: 'bad',
  'no-evidence': 'quiet',
  'not-comparable': 'doubtful',
} as const satisfies Record<ChangeWord, Tone>;

/** Two audits on a terminal: what changed, how sure, and what was set up differently. */
export function renderComparison(comparison: Comparison, view: View): readonly string[] {
  const { before, after, changes, configuration, findings, notes } = comparison;
  const shown = worthShowing(changes).slice(0, MOST_CHANGES);
  const table =
    shown.length === 0
      ? []
      : renderTable(
          {
            columns: [
              { title: '', align: 'left' },
              { title: 'what', align: 'left' },
              { title: 'before', align: 'right' },
              { title: 'after', align: 'right' },
              { title: 'difference', align: 'right' },
            ],
            rows: shown.map((change) => [
              view.paint(tones[change.word], changeWords[change.word]),
              cleanText(subjectOf(change)),
              estimateText(change.before),
              estimateText(change.after),
              deltaText(change),
            ]),
          },
          view,
        );
  return [
    ...wrapText(`before  ${cleanText(sideText(before))}`, view.columns),
    ...wrapText(`after   ${cleanText(sideText(after))}`, view.columns),
    '',
    ...wrapText(
      `${tally(changes) || 'nothing in common to compare'} (95 % intervals; no evidence of a change is not the same as none)`,
      view.columns,
    ),
    ...notes.flatMap((note) => wrapText(cleanText(note), view.columns)),
    ...table,
    ...renderFindingChanges(findings, view),
    ...(configuration.length === 0
      ? ['', 'Set up alike.']
      : [
          '',
          view.paint('strong', 'Set up differently'),
          ...configuration.flatMap(({ entry, before: a, after: b }) =>
            hangingText(`  ${cleanText(entry)}  `, `${shortened(a)} -> ${shortened(b)}`, view.columns),
          ),
        ]),
  ];
}

export function renderFindingChanges(findings: readonly FindingChange[], view: View): readonly string[] {
  if (findings.length === 0) return [];
  return [
    '',
    view.paint('strong', 'Findings'),
    ...findings.flatMap((change) =>
      hangingText(`  ${statusWords[change.status].padEnd(12)}`, cleanText(findingText(change)), view.columns),
    ),
  ];
}

function shortened(text: string | null): string {
  if (text === null) return 'absent';
  const clean = cleanText(text);
  return clean.length > MOST_WIDTH ? `${clean.slice(0, MOST_WIDTH - 1)}…` : clean;
}
