import { formatMemory, formatRate, SHARED_MACHINE } from '../../bench/format.ts';
import { figures, type BenchReport } from '../../bench/result.ts';
import type { CellTime } from '../../bench/short-list.ts';
import { formatCount, formatDuration } from './numbers.ts';
import { renderTable } from './table.ts';
import { cleanText, wrapText } from './text.ts';
import type { View } from './view.ts';

/** The table of `moat bench` and what it means for an audit. */
export function renderBench(report: BenchReport, cell: CellTime | null, view: View): readonly string[] {
  const measured = report.results.map((result) => ({ result, sides: figures(result) }));
  const rows = measured.flatMap(({ result, sides }) =>
    sides.map((side) => [
      cleanText(result.title),
      side.name,
      String(side.threads),
      side.rate === null ? 'failed' : `${formatRate(side.rate)} ${result.unit}s/s`,
      side.peakMemoryBytes === null ? '' : formatMemory(side.peakMemoryBytes),
    ]),
  );
  const sides = measured.flatMap((entry) => entry.sides);
  const sentences = [
    ...(cell === null ? [] : [cellSentence(cell)]),
    ...(sides.some(({ others }) => others !== null && others > SHARED_MACHINE)
      ? ['Something else was using the processor meanwhile: an idle machine is faster than this.']
      : []),
    ...sides.flatMap(({ name, failure }) => (failure === null ? [] : [`${name} failed: ${failure}`])),
  ];
  const table = renderTable(
    {
      columns: [
        { title: 'what', align: 'left' },
        { title: 'engine', align: 'left' },
        { title: 'threads', align: 'right' },
        { title: 'speed', align: 'right' },
        { title: 'memory', align: 'right' },
      ],
      rows,
    },
    view,
  );
  return [...table, '', ...sentences.flatMap((sentence) => wrapText(cleanText(sentence), view.columns))];
}

function cellSentence({ seconds, engine, queries, epochs }: CellTime): string {
  return `One trained cell of --preset quick (${formatCount(queries)} queries, ${epochs} epochs) takes about ${formatDuration(1000 * seconds)} on one core (${engine}), besides its evaluation; as many run at once as there are workers.`;
}
