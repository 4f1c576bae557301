import type { DetectionByAttack, DetectorEvaluation, GainPoint } from '../../contract/result.ts';
import { formatCount, formatEstimate, formatFraction } from './numbers.ts';
import { renderTable } from './table.ts';
import { cleanText, wrapText } from './text.ts';
import type { View } from './view.ts';

/** How each defense that watches tells thieves from honest accounts: one row per kind of stream, thieves first. */
export function renderDetection(detectors: readonly DetectorEvaluation[], view: View): readonly string[] {
  if (detectors.length === 0) return [];
  const table = renderTable(
    {
      columns: [
        { title: 'accounts', align: 'left' },
        { title: 'streams', align: 'right' },
        { title: 'alarms', align: 'right' },
        { title: 'ROC area', align: 'right' },
        { title: 'TPR, 1 % FPR', align: 'right' },
        { title: 'alarm after', align: 'right' },
        { title: 'stolen by then', align: 'right' },
      ],
      rows: detectors.flatMap((detector) => [
        ...detector.attacks.map((attack) => attackRow(detector, attack)),
        ...detector.benign.map(({ kind, streams, alarmRate }) => [
          `${cleanText(detector.defense)}, honest ${kind}`,
          formatCount(streams),
          formatEstimate(alarmRate),
          '',
          '',
          '',
          '',
        ]),
      ]),
    },
    view,
  );
  return [...table, ...notes(detectors).flatMap((note) => quiet(note, view))];
}

function attackRow({ defense }: DetectorEvaluation, attack: DetectionByAttack): readonly string[] {
  const [strictest] = attack.truePositives;
  return [
    `${cleanText(defense)}, thief ${attack.kind}`,
    formatCount(attack.streams),
    formatEstimate(attack.alarmRate),
    formatEstimate(attack.area),
    strictest === undefined || strictest.rate === null ? 'not estimable' : formatEstimate(strictest.rate),
    attack.queriesUntilAlarm === null ? 'never' : formatCount(attack.queriesUntilAlarm.value),
    formatGainPoint(attack.stolenGainAtAlarm),
  ];
}

const relationSigns = { at: '', 'at-most': '≤ ', 'more-than': '> ' } as const;

function formatGainPoint(point: GainPoint | null): string {
  return point === null ? '' : `${relationSigns[point.relation]}${formatEstimate(point.stolenGain)}`;
}

function notes(detectors: readonly DetectorEvaluation[]): readonly string[] {
  const fewest = Math.min(...detectors.map(({ benignStreams }) => benignStreams));
  return [
    `Streams per seed; ${formatCount(fewest)} honest ones cannot resolve a false positive rate below ${formatFraction(100 / Math.max(1, fewest), 1)} %. Alarm after: median of queries an account had sent. Stolen by then: gain of the strongest attack after so many queries.`,
    ...detectors.flatMap(({ defense, nearDuplicates }) =>
      nearDuplicates === null
        ? []
        : [
            `${cleanText(defense)} on single rows (batches of 256 images in two views): false positives ${formatEstimate(nearDuplicates.falsePositives.rate)}, false negatives ${formatEstimate(nearDuplicates.falseNegatives.rate)}; between batches ± ${formatFraction(nearDuplicates.falsePositives.deviation, 3)} and ± ${formatFraction(nearDuplicates.falseNegatives.deviation, 3)}.`,
          ],
    ),
  ];
}

function quiet(text: string, view: View): readonly string[] {
  return wrapText(text, view.columns - 2).map((line) => view.paint('quiet', `  ${line}`));
}
