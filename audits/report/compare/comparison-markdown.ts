import { markdownRow, markdownTableCode, markdownText } from '../formats/markdown-text.ts';
import type { Comparison } from './compare-results.ts';
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
} from './comparison-text.ts';

/** A comment on a pull request shows what changed; the rest stands in the JSON. */
const MOST_CHANGES = 40;
const MOST_DIFFERENCES = 30;

export function comparisonMarkdown(comparison: Comparison): string {
  const { before, after, configuration, changes, findings, notes } = comparison;
  const shown = worthShowing(changes).slice(0, MOST_CHANGES);
  const lines = [
    '## What changed',
    '',
    `Before: ${markdownText(sideText(before))}  `,
    `After: ${markdownText(sideText(after))}`,
    '',
    `${tally(changes) || 'Nothing in common to compare'} (95 % intervals; “no evidence” is not “the same”).`,
    '',
    ...notes.flatMap((note) => [markdownText(note), '']),
    ...(findings.length === 0
      ? []
      : [
          '**Findings**',
          '',
          ...findings.map(
            (change) => `- ${statusWords[change.status]}: ${markdownText(findingText(change))}`,
          ),
          '',
        ]),
    ...(shown.length === 0
      ? []
      : [
          markdownRow(['what', 'before', 'after', 'difference', '']),
          markdownRow(['---', '---:', '---:', '---:', '---']),
          ...shown.map((change) =>
            markdownRow([
              markdownTableCode(subjectOf(change)),
              markdownText(estimateText(change.before)),
              markdownText(estimateText(change.after)),
              markdownText(deltaText(change)),
              changeWords[change.word] + (change.reason === null ? '' : ` (${markdownText(change.reason)})`),
            ]),
          ),
          '',
        ]),
    ...(configuration.length === 0
      ? []
      : [
          '**Set up differently**',
          '',
          markdownRow(['entry', 'before', 'after']),
          markdownRow(['---', '---', '---']),
          ...configuration
            .slice(0, MOST_DIFFERENCES)
            .map(({ entry, before: a, after: b }) =>
              markdownRow([entry, a ?? 'absent', b ?? 'absent'].map((text) => markdownTableCode(text))),
            ),
          ...(configuration.length > MOST_DIFFERENCES
            ? ['', `${configuration.length - MOST_DIFFERENCES} more stand in the JSON.`]
            : []),
          '',
        ]),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}
