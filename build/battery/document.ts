import { replaceBetween } from '../../audits/report/markdown-markers.ts';
import type { StepRecord } from './run-step.ts';
import { extraSteps, schedule } from './schedule.ts';
import type { Expectation, Finding, Step, Table } from './step.ts';
import type { StepView } from './view.ts';

const MS_PER_MINUTE = 60_000;
const BYTES_PER_GIB = 2 ** 30;

export interface Answered {
  readonly step: Step;
  readonly record: StepRecord;
  readonly view: StepView;
}

/** Every step with what was expected and what came out, as Markdown. */
export function renderDocument(answered: readonly Answered[]): string {
  const scheduled = answered.filter(({ step }) => !extraSteps.includes(step));
  const beside = answered.filter(({ step }) => extraSteps.includes(step));
  const findings = answered.flatMap(({ step, view }) =>
    step.expectations.map((expectation) => ({ expectation, finding: expectation.check(view) })),
  );
  const count = (kind: Expectation['kind'], holds: boolean | undefined): number =>
    findings.filter(({ expectation, finding }) => expectation.kind === kind && finding.holds === holds)
      .length;
  const [environment] = answered.map(({ record }) => record.result.environment);
  return [
    `${scheduled.length} of ${schedule.length} steps, ${minutesOf(scheduled)} minutes${beside.map((one) => `; ${one.step.id}, ${minutesOf([one])} minutes`).join('')}${environment === undefined ? '' : ` on ${describe(environment)}`}. Identities: ${count('identity', true)} hold, ${count('identity', false)} do not, ${count('identity', undefined)} undecided. Outcomes: ${count('outcome', true)} as expected, ${count('outcome', false)} not, ${count('outcome', undefined)} undecided by the intervals.`,
    ...answered.map(renderStep),
  ].join('\n\n');
}

function minutesOf(answered: readonly Answered[]): string {
  return (answered.reduce((total, { record }) => total + record.wallMs, 0) / MS_PER_MINUTE).toFixed(0);
}

function describe(environment: Readonly<Record<string, string | number>>): string {
  const { cpu, cores } = environment;
  return [cpu, cores === undefined ? undefined : `${cores} cores`]
    .filter((part) => part !== undefined)
    .join(', ');
}

function renderStep({ step, record, view }: Answered): string {
  const { wallMs, peakBytes } = record;
  return [
    `### ${step.title}`,
    `\`moat audit … ${step.arguments.join(' ')}\``,
    `${(wallMs / MS_PER_MINUTE).toFixed(1)} minutes, ${(Math.max(...peakBytes) / BYTES_PER_GIB).toFixed(2)} GiB at most for all processes together.`,
    renderTable({
      head: ['expected', '', 'measured'],
      rows: step.expectations.map((expectation) => row(expectation, expectation.check(view))),
    }),
    ...(step.table === undefined ? [] : [renderTable(step.table(view))]),
  ].join('\n\n');
}

function row({ kind, sentence }: Expectation, { holds, measured }: Finding): readonly string[] {
  const word = holds === undefined ? 'undecided' : holds ? 'holds' : '**does not hold**';
  return [`${kind === 'identity' ? '= ' : ''}${sentence}`, word, measured];
}

function renderTable({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** @throws Error when the document has no battery markers */
export function writeInto(document: string, rendered: string): string {
  return replaceBetween(document, 'battery', rendered);
}
