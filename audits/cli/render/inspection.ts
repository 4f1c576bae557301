import type {
  ExpectationReport,
  PreflightStatus,
  Preprocessing,
  PreprocessingSource,
} from '../../contract/encoder.ts';
import type { ModelPort } from '../../contract/engine.ts';
import type { InspectReport } from '../../run/inspect-report.ts';
import { renderPairs, renderTable } from './table.ts';
import { cleanText, hangingText } from './text.ts';
import type { Tone, View } from './view.ts';

/** An inspected encoder as lines for people: the file, its preprocessing, what running it showed. */
export function renderInspection(report: InspectReport, view: View): readonly string[] {
  const blocks = [
    file(report, view),
    preprocessing(report, view),
    sentences('Notes', [...report.encoder.notes, ...report.notes], view),
    checks(report, view),
    report.expectation === null ? [] : expectation(report.expectation, view),
    verdict(report, view),
  ];
  return blocks.filter((block) => block.length > 0).flatMap((block, i) => (i === 0 ? block : ['', ...block]));
}

function file({ encoder, projection }: InspectReport, view: View): readonly string[] {
  const megabytes = (encoder.sizeBytes / 1e6).toFixed(1);
  const pairs: [string, string][] = [
    [
      'file',
      `${megabytes} MB, opset ${encoder.opset}${encoder.producer === '' ? '' : `, written by ${encoder.producer}`}`,
    ],
    ['sha256', encoder.digest],
    ...encoder.inputs.map((port): [string, string] => [
      'input',
      portText(port, port.name === encoder.input, ''),
    ]),
    ...encoder.outputs.map((port): [string, string] => [
      'output',
      port.name === projection?.output && port.name !== encoder.output
        ? `${portText(port, false, '')}  (projection head, ${projection.dimension} numbers)`
        : portText(
            port,
            port.name === encoder.output,
            encoder.pooling === 'none' ? '' : `, pooled: ${encoder.pooling}`,
          ),
    ]),
  ];
  return [
    view.paint('strong', cleanText(encoder.path)),
    ...renderPairs(
      pairs.map(([label, value]) => [label, cleanText(value)] as const),
      view,
    ),
  ];
}

function portText(port: ModelPort, used: boolean, more: string): string {
  const text = `${port.name}  ${port.elementType} [${port.shape.join(', ')}]`;
  return used ? `${text}  (used${more})` : text;
}

const sourceWords: Readonly<Record<PreprocessingSource, string>> = {
  flag: 'a flag',
  preprocessor_config: 'preprocessor_config.json',
  model: 'the model file',
  guess: 'a guess',
};

function preprocessing({ encoder }: InspectReport, view: View): readonly string[] {
  const { preprocessing: values, preprocessingSources: sources } = encoder;
  const row = (label: string, key: keyof Preprocessing, text: string): string[] => [
    label,
    text,
    sourceWords[sources[key]],
  ];
  const resizing =
    values.resize === 'crop'
      ? `shorter side to ${values.resizeTo}, then the center`
      : 'stretched to the size';
  return renderTable(
    {
      columns: [
        { title: 'preprocessing', align: 'left' },
        { title: 'value', align: 'left' },
        { title: 'from', align: 'left' },
      ],
      rows: [
        row('size', 'height', `${values.height} x ${values.width}`),
        row('resize', 'resize', resizing),
        row('interpolation', 'interpolation', values.interpolation),
        row('channels', 'channels', values.channels),
        row('layout', 'layout', values.layout),
        row('range', 'range', values.range),
        row('mean', 'mean', numbers(values.mean)),
        row('std', 'std', numbers(values.std)),
      ],
    },
    view,
  );
}

function numbers(values: readonly number[]): string {
  return values.map((value) => Number(value.toPrecision(5))).join(', ');
}

function sentences(title: string, lines: readonly string[], view: View): readonly string[] {
  if (lines.length === 0) return [];
  return [
    view.paint('strong', title),
    ...lines.flatMap((line) => hangingText('  - ', cleanText(line), view.columns)),
  ];
}

const statusWords: Readonly<Record<PreflightStatus, { readonly word: string; readonly tone: Tone }>> = {
  ok: { word: 'ok       ', tone: 'good' },
  warning: { word: 'warning  ', tone: 'doubtful' },
  problem: { word: 'problem  ', tone: 'bad' },
};

function checks({ preflight }: InspectReport, view: View): readonly string[] {
  return [
    view.paint('strong', 'Preflight'),
    ...preflight.checks.flatMap(({ status, sentence }) => {
      const { word, tone } = statusWords[status];
      const [first = '', ...rest] = hangingText(`  ${word}`, cleanText(sentence), view.columns);
      return [first.replace(word, view.paint(tone, word)), ...rest];
    }),
  ];
}

function expectation({ candidates, sentence }: ExpectationReport, view: View): readonly string[] {
  const table =
    candidates.length === 0
      ? []
      : renderTable(
          {
            columns: [
              { title: 'against production', align: 'left' },
              { title: 'error', align: 'right' },
              { title: 'mean cosine', align: 'right' },
              { title: 'least cosine', align: 'right' },
            ],
            rows: candidates.map((match) => [
              match.label,
              match.meanRelativeError > 1e6 ? '-' : `${(100 * match.meanRelativeError).toFixed(2)} %`,
              match.meanCosine.toFixed(4),
              match.minCosine.toFixed(4),
            ]),
          },
          view,
        );
  return [
    ...table,
    ...(table.length === 0 ? [] : ['']),
    ...hangingText('', cleanText(sentence), view.columns),
  ];
}

function verdict({ auditable, expectation: compared }: InspectReport, view: View): readonly string[] {
  if (!auditable)
    return [view.paint('bad', 'This encoder cannot be audited as it is: see the problems above.')];
  return compared === null || compared.proven
    ? [view.paint('good', 'This encoder can be audited.')]
    : [view.paint('doubtful', 'This encoder can be audited, but not yet as production runs it.')];
}
