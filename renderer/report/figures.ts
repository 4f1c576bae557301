import { render } from 'svelte/server';
import type { Estimate, QueryCurve } from '../../audits/contract/result.ts';
import type { ReportFigure, ReportInput } from '../../audits/contract/report.ts';
import Costs from '../charts/Costs.svelte';
import { countFlags } from '../charts/flag-layout.ts';
import FlagGrid from '../charts/FlagGrid.svelte';
import Gantt from '../charts/Gantt.svelte';
import MatrixFigure from '../charts/MatrixFigure.svelte';
import Pareto from '../charts/Pareto.svelte';
import QueryCurves from '../charts/QueryCurves.svelte';
import { matrixTitle } from '../charts/matrix-title.ts';
import { pageTexts } from '../text/page-text.ts';
import { hasChapter } from './chapters.ts';
import type { MatrixSlice, ReportFacts } from './facts.ts';
import { reportFacts } from './facts.ts';
import {
  costsFigure,
  curvesFigure,
  describeFlags,
  describeRun,
  paretoFigure,
  sheetFigure,
} from './figure-inputs.ts';
import { figureStyle } from './figure-style.ts';
import { runSummary } from './run-summary.ts';

/** Every figure of a report as a file of its own, with the numbers it draws; those without anything to draw are left out. */

type Table = ReportFigure['table'];

export function renderFigures(given: ReportInput): readonly ReportFigure[] {
  const facts = reportFacts(pageTexts(given));
  return [
    ...facts.slices.map((slice, i) => matrix(facts, slice, i)),
    ...curves(facts),
    ...pareto(facts),
    ...costs(facts),
    ...sheets(facts),
    ...flags(facts),
    // Where its chapter is left out, the picture of the run is too.
    ...(hasChapter(given.profile, 'manifest') ? run(facts) : []),
  ];
}

function matrix(facts: ReportFacts, slice: MatrixSlice, i: number): ReportFigure {
  const name = i === 0 ? 'matrix' : `matrix-${i + 1}`;
  return {
    name,
    title: matrixTitle(slice),
    svg: svgFile(render(MatrixFigure, { props: { facts, slice, id: name } })),
    table: [
      [
        'defense',
        'verdict',
        'attack',
        'state',
        ...estimateHeads('stolen_gain'),
        'must_face',
        'flags',
        'reason',
      ],
      ...slice.cells.map((cell) => [
        cell.defense,
        facts.defenseOf(cell.defense)?.verdict?.verdict ?? null,
        cell.attack,
        cell.state,
        ...estimateValues(cell.stolenGain),
        cell.adaptive,
        facts
          .flagsOn({ cellKeys: cell.cellKeys })
          .map(({ id }) => id)
          .join(' '),
        cell.reason,
      ]),
    ],
  };
}

function curveTable(entries: readonly { readonly label: string; readonly curve: QueryCurve }[]): Table {
  return [
    ['defense', 'queries', ...estimateHeads('stolen_gain')],
    ...entries.flatMap(({ label, curve }) =>
      curve.points.map(({ budget, stolenGain }) => [label, budget, ...estimateValues(stolenGain)]),
    ),
  ];
}

function curves(facts: ReportFacts): readonly ReportFigure[] {
  const { all, inputs, description } = curvesFigure(facts);
  const title = 'Stolen gain over the number of queries, for each defense';
  return inputs.length === 0
    ? []
    : [
        {
          name: 'query-curves',
          title,
          svg: svgFile(
            render(QueryCurves, { props: { curves: inputs, id: 'query-curves', title, description } }),
          ),
          table: curveTable(all.map(({ entry, curve }) => ({ label: entry.label, curve }))),
        },
      ];
}

function pareto(facts: ReportFacts): readonly ReportFigure[] {
  const figure = paretoFigure(facts);
  return figure.points.length === 0
    ? []
    : [
        {
          name: 'pareto',
          title: 'What honest users lose against what a thief is left with',
          svg: svgFile(render(Pareto, { props: { ...figure, id: 'pareto' } })),
          table: [
            ['tag', 'defense', ...estimateHeads('honest_loss'), ...estimateHeads('stolen_gain'), 'standing'],
            ...figure.points.map(({ tag, label, loss, gain, isDominated }) => [
              tag,
              label,
              ...estimateValues(loss),
              ...estimateValues(gain),
              label === figure.recommended ? 'recommended' : isDominated ? 'dominated' : 'on the front',
            ]),
          ],
        },
      ];
}

function costs(facts: ReportFacts): readonly ReportFigure[] {
  const figure = costsFigure(facts);
  return figure.rows.length === 0
    ? []
    : [
        {
          name: 'costs',
          title: 'Dollars to steal a share of the encoder’s advantage',
          svg: svgFile(render(Costs, { props: { ...figure, id: 'costs' } })),
          table: [
            [
              'defense',
              'level',
              'attack',
              'queries',
              'relation',
              'rows',
              'accounts',
              'labels',
              'hours',
              'dollars',
            ],
            ...figure.rows.flatMap(({ costs: own }) =>
              own.map((cost) => [
                cost.defense,
                cost.level,
                cost.attack,
                cost.queries.queries,
                cost.queries.relation,
                cost.rows,
                cost.accounts,
                cost.labels,
                cost.hours,
                cost.dollars,
              ]),
            ),
          ],
        },
      ];
}

function sheets(facts: ReportFacts): readonly ReportFigure[] {
  return facts.defenses.flatMap((entry) => {
    const figure = sheetFigure(facts, entry);
    const name = `defense-${entry.tag}`;
    return figure === undefined
      ? []
      : [
          {
            name,
            title: figure.title,
            svg: svgFile(
              render(QueryCurves, {
                props: {
                  curves: figure.inputs,
                  id: name,
                  isSmall: true,
                  title: figure.title,
                  description: figure.description,
                },
              }),
            ),
            table: curveTable(figure.inputs.map(({ curve }) => ({ label: curve.defense, curve }))),
          },
        ];
  });
}

function flags(facts: ReportFacts): readonly ReportFigure[] {
  const counts = countFlags(facts.flags, facts.result.matrix);
  if (counts.rows.length === 0) return [];
  return [
    {
      name: 'flags',
      title: 'Which flags weaken the numbers of which attacks and defenses',
      svg: svgFile(
        render(FlagGrid, {
          props: {
            counts,
            id: 'flags',
            description: describeFlags(counts),
            tagOf: (defense: string) => facts.defenseOf(defense)?.tag ?? '',
          },
        }),
      ),
      table: [
        ['flag', 'severity', 'of', 'name', 'weakened', 'comparisons'],
        ...counts.rows.flatMap((row) =>
          (['attacks', 'defenses'] as const).flatMap((of) =>
            counts[of].map(({ name, total }, i) => [
              row.id,
              row.severity,
              of,
              name ?? 'all others',
              row[of][i] ?? 0,
              total,
            ]),
          ),
        ),
      ],
    },
  ];
}

function run({ result: { timeline } }: ReportFacts): readonly ReportFigure[] {
  if (timeline === undefined || timeline.cells.length === 0) return [];
  return [
    {
      name: 'run',
      title: 'When each cell ran, by worker',
      svg: svgFile(
        render(Gantt, { props: { timeline, id: 'run', description: describeRun(runSummary(timeline)) } }),
      ),
      table: [
        [
          'cell',
          'kind',
          'attack',
          'defense',
          'budget',
          'seed',
          'state',
          'start_ms',
          'end_ms',
          'elapsed_ms',
          'worker',
        ],
        ...timeline.cells.map((cell) => [
          cell.key,
          cell.kind,
          cell.attack,
          cell.defense,
          cell.budget,
          cell.seed,
          cell.state,
          cell.startMs,
          cell.endMs,
          cell.elapsedMs,
          cell.worker,
        ]),
      ],
    },
  ];
}

function estimateHeads(name: string): readonly string[] {
  return [name, `${name}_low`, `${name}_high`, `${name}_seeds`, `${name}_n`];
}

function estimateValues(estimate: Estimate | null): readonly (number | null)[] {
  return [
    estimate?.value ?? null,
    estimate?.low ?? null,
    estimate?.high ?? null,
    estimate?.seeds ?? null,
    estimate?.items ?? null,
  ];
}

/** The drawing of a component as a whole file: its own size, ground and style. */
function svgFile(rendered: { readonly body: string }): string {
  const markup = rendered.body.replaceAll(/<!--[[\]!\d-]*-->/g, '');
  const opening = /<svg\b[^>]*\bviewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>/.exec(markup);
  const end = markup.lastIndexOf('</svg>');
  if (opening === null || end < 0) throw new Error('a figure draws no svg');
  const [tag, width = '0', height = '0'] = opening;
  const body = markup.slice(opening.index + tag.length, end);
  const labels = [...body.matchAll(/<(?:title|desc) [\s\S]*?<\/(?:title|desc)>/g)].map(([text]) => text);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    tag.replace('<svg', `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"`),
    ...labels,
    `<style>${figureStyle()}</style>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    labels.reduce((rest, label) => rest.replace(label, ''), body).trim(),
    '</svg>',
    '',
  ].join('\n');
}

/** All of them on one page with our own letters, for a browser that takes their pictures. */
export function figureSheet(figures: readonly ReportFigure[], fonts: string): string {
  const pictures = figures.map(({ name, svg }) => {
    const drawing = svg.slice(svg.indexOf('<svg'));
    return `<div id="figure-${name}">${drawing}</div>`;
  });
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<style>${fonts} body{margin:0;background:#fff}div{display:table}svg.chart{max-width:none;width:auto;display:block}</style>`,
    `</head><body>${pictures.join('\n')}</body></html>`,
  ].join('\n');
}
