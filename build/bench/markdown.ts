import {
  agrees,
  formatOthers,
  formatDifference,
  formatMemory,
  formatRate,
  formatRatio,
  SHARED_MACHINE,
} from '../../audits/bench/format.ts';
import { figures, type BenchmarkResult, type BenchReport } from '../../audits/bench/result.ts';

/** The measured part of docs/benchmarks.md. */

const groupTitles: Readonly<Record<BenchmarkResult['workload']['kind'], string>> = {
  training: 'Training',
  inference: 'Inference',
  'linear-algebra': 'Linear algebra',
};

const HEAD = [
  '| benchmark | side | per second | beside the reference | by processor time | peak memory | others | difference |',
  '|---|---|---|---|---|---|---|---|',
];

/** Machine, settings, one table per kind of work, notes. */
export function renderMarkdown(report: BenchReport): string {
  const { machine, settings, results, notes, startedAt } = report;
  const kinds = [...new Set(results.map(({ workload }) => workload.kind))];
  const versions = new Set(
    results.flatMap(({ sides }) =>
      sides.flatMap((side) => Object.entries(side.versions).map(([name, version]) => `${name} ${version}`)),
    ),
  );
  const isShared = results.flatMap(figures).some(({ others }) => others !== null && others > SHARED_MACHINE);
  return [
    `Measured ${startedAt.slice(0, 10)} on ${Object.entries(machine)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}.`,
    `${settings.threads} threads per side unless the row says otherwise, ${settings.rounds} rounds, blocks of ${settings.seconds} s (one run at least). Versions: ${[...versions].join(', ')}.`,
    ...kinds.flatMap((kind) => [
      '',
      `### ${groupTitles[kind]}`,
      '',
      ...HEAD,
      ...results.filter(({ workload }) => workload.kind === kind).flatMap(rows),
    ]),
    ...(isShared
      ? [
          '',
          `\\* Others kept more than ${SHARED_MACHINE} of the machine's processors busy meanwhile: the speed is not the machine's, and a ratio with several threads says more about who waits at barriers than about who computes faster.`,
        ]
      : []),
    ...(notes.length > 0 ? ['', ...notes.map((note) => `- ${escape(note)}`)] : []),
  ].join('\n');
}

function rows(result: BenchmarkResult): readonly string[] {
  return figures(result).map((side, at) => {
    const title = at === 0 ? escape(result.title) : '';
    const { rate, ratio, processorRatio, peakMemoryBytes, others, difference, failure } = side;
    if (rate === null)
      return `| ${title} | ${side.name} | failed: ${escape(failure ?? 'no blocks')} | | | | | |`;
    const compared = side.isReference ? '1' : ratio === null ? '' : formatRatio(ratio);
    const cells = [
      title,
      side.name,
      `${formatRate(rate)} ${result.unit}s`,
      compared,
      processorRatio === null ? '' : formatRatio(processorRatio),
      peakMemoryBytes === null ? '' : formatMemory(peakMemoryBytes),
      others === null ? '' : formatOthers(others).replace('*', '\\*'),
      difference === null
        ? ''
        : `${formatDifference(difference)}${agrees(side) === false ? ' **not the same computation**' : ''}`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
