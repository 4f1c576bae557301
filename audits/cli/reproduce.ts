import type { Command } from 'commander';
import { statSync } from 'node:fs';
import { MoatError } from '../contract/errors.ts';
import { datasetFacts, datasetIds, findData, missingData } from '../reproduce/data-at-hand.ts';
import { findTable, paperTables } from '../reproduce/registry.ts';
import { fullScale, reducedScale, scales } from '../reproduce/scale.ts';
import type { Means, PaperTable, Step } from '../reproduce/table.ts';
import { resolvePath, type CommandContext } from './context.ts';
import { addDeviceOptions, addExample, addJsonOption, readChoice, readWhole } from './flags.ts';
import { formatCount, formatEstimatedTime } from './render/numbers.ts';
import type { StepRecord } from './reproduction-records.ts';
import { tableNumbers } from './render/reproduction.ts';
import { wrapText } from './render/text.ts';

interface ReproduceFlags {
  readonly list?: boolean;
  readonly data?: string;
  readonly victim?: string;
  readonly projection?: string;
  readonly scale?: string;
  readonly seeds?: number;
  readonly folder?: string;
  readonly report?: boolean;
  readonly dryRun?: boolean;
  readonly write?: string;
  readonly engine?: string;
  readonly device?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const DEFAULT_DATA = 'data';
const DEFAULT_FOLDER = 'reproduction';
const MS_PER_MINUTE = 60_000;
const MINUTES_PER_HOUR = 60;
const SECONDS_PER_HOUR = 3600;
/** ResNet-34 at 32 x 32 pixels: 7 GFLOP an image, forward and backward, at 14 TFLOP/s of one GPU. */
const FULL_IMAGES_PER_SECOND = 2000;

export function registerReproduce(program: Command, context: CommandContext): void {
  const command = program
    .command('reproduce')
    .summary('a table of the paper beside what comes out here')
    .description(
      'Runs the audits, trainings and ownership tests behind a table of Dziedzic et al. (ICML 2022) and prints our values with intervals, the paper’s, the differences, and whether the paper’s orderings hold (docs/reproduction.md). Ctrl-C stops at a safe point; the same command goes on.',
    )
    .argument('[table]', 'table2, table13 …; --list names them')
    .option(
      '--list',
      'what can be reproduced, with what data, in what time: what the folder recorded, else an estimate',
    )
    .option(
      '--data <dir>',
      `folder with the data sets (default: ${DEFAULT_DATA}); --list says how they are named`,
    )
    .option('--victim <file>', 'ONNX file of a CIFAR-10 encoder to steal (default: one is trained)')
    .option('--projection <name>', 'output of that file’s projection head')
    .option(
      '--scale <name>',
      'reduced (two cores, minutes) or full (the paper’s settings, for a GPU); default: reduced',
      readChoice(
        '--scale',
        scales.map(({ id }) => id),
      ),
    )
    .option('--seeds <count>', 'repetitions (default: 3; fewer give no interval)', readWhole('--seeds'))
    .option('--folder <dir>', `where database, encoders and records go (default: ${DEFAULT_FOLDER})`)
    .option('--report', 'run nothing: show what the folder holds')
    .option('--dry-run', 'print the commands and run nothing')
    .option('--write <file>', 'write it into a Markdown file too, between the table’s markers')
    .option('--quiet', 'no progress');
  addJsonOption(addDeviceOptions(command));
  addExample(command, 'moat reproduce table2 --data data --victim encoder.onnx').action(
    async (name: string | undefined, flags: ReproduceFlags) => {
      const means = meansOf(context, flags);
      const folder = resolvePath(context, flags.folder ?? DEFAULT_FOLDER);
      if (flags.list === true) return printList(context, means, folder, flags);
      if (name === undefined)
        throw new MoatError('usage', 'Name a table: moat reproduce table2. --list names them.');
      const table = findTable(name);
      const { printCommands, runReproduction } = await import('./run-reproduction.ts');
      const request = {
        table,
        means,
        folder,
        device: { engine: flags.engine, device: flags.device },
        report: flags.report === true,
        write: flags.write,
        json: flags.json === true,
        quiet: flags.quiet === true,
      };
      if (flags.dryRun === true) printCommands(context, request);
      else await runReproduction(context, request);
    },
  );
}

function meansOf(context: CommandContext, flags: ReproduceFlags): Means {
  const folder = resolvePath(context, flags.data ?? DEFAULT_DATA);
  if (flags.data !== undefined && statSync(folder, { throwIfNoEntry: false }) === undefined)
    throw new MoatError('path-missing', `The folder ${flags.data} does not exist.`);
  const victim = flags.victim === undefined ? undefined : resolvePath(context, flags.victim);
  if (victim !== undefined && statSync(victim, { throwIfNoEntry: false })?.isFile() !== true)
    throw new MoatError('path-missing', `The encoder ${flags.victim} does not exist.`);
  if (flags.projection !== undefined && victim === undefined)
    throw new MoatError('usage', '--projection names an output of the file that --victim names.');
  const scale = scales.find(({ id }) => id === flags.scale) ?? reducedScale;
  return {
    scale,
    data: findData(folder),
    seeds: flags.seeds ?? scale.seeds,
    victim,
    projection: flags.projection,
  };
}

interface ListedTable {
  readonly id: string;
  readonly alsoCalled: readonly string[];
  readonly title: string;
  readonly setting: string;
  /** What its steps took, at the scale asked for, as the folder has it; null where one of them was not run there. */
  readonly recordedMinutes: number | null;
  /** Estimate on two cores with these means, trainings included; null where it was never run. */
  readonly reducedMinutes: number | null;
  /** Estimate for the full scale on one GPU, never timed. */
  readonly fullHours: number;
  readonly values: number;
  readonly valuesNotRun: number;
  readonly reasons: readonly string[];
}

/** What an earlier run of a step left. */
type FindRecord = (step: Step, table: string) => Pick<StepRecord, 'wallMs'> | undefined;

async function printList(
  context: CommandContext,
  means: Means,
  folder: string,
  { json }: ReproduceFlags,
): Promise<void> {
  const { terminal } = context;
  // Loaded when needed: the database behind it.
  const { readRecord } = await import('./reproduction-records.ts');
  const find: FindRecord = (step, table) => readRecord(step, table, folder);
  const tables = paperTables.map((table) => listed(table, means, find));
  if (json === true) {
    terminal.printJson({ data: means.data, tables });
    return;
  }
  const columns = terminal.output.columns;
  for (const { title, setting, values, valuesNotRun, reasons, ...entry } of tables) {
    const time = valuesNotRun === values ? 'nothing can be run' : timeOf(entry, means);
    terminal.print(terminal.output.paint('strong', `${entry.id}  ${tableNumbers(entry)}: ${title}`));
    for (const text of [
      setting,
      `${values - valuesNotRun} of ${values} values; ${time}`,
      ...reasons.map((reason) => `not run: ${reason}`),
    ])
      for (const line of wrapText(text, columns - 4)) terminal.print(`    ${line}`);
  }
  terminal.print('');
  for (const id of datasetIds) {
    const found = means.data[id];
    for (const line of wrapText(
      found === undefined ? `${missingData(id)}.` : `${datasetFacts[id].title}: ${found.whole}`,
      columns,
    ))
      terminal.print(line);
  }
}

function timeOf(
  {
    recordedMinutes,
    reducedMinutes,
    fullHours,
  }: Pick<ListedTable, 'recordedMinutes' | 'reducedMinutes' | 'fullHours'>,
  { scale }: Means,
): string {
  const spelled = (minutes: number): string => formatEstimatedTime(minutes * MS_PER_MINUTE);
  const recorded = recordedMinutes === null ? [] : [`${scale.id}: took ${spelled(recordedMinutes)} here`];
  const estimates = [
    reducedMinutes === null
      ? 'reduced: never timed'
      : `reduced: ${spelled(reducedMinutes)} on two cores, an estimate`,
    `full: ${spelled(fullHours * MINUTES_PER_HOUR)} at ${formatCount(FULL_IMAGES_PER_SECOND)} images a second, an estimate`,
  ];
  // What was measured here is better than what was guessed elsewhere.
  const isKnown = (line: string): boolean => recordedMinutes !== null && line.startsWith(`${scale.id}:`);
  return [...recorded, ...estimates.filter((line) => !isKnown(line))].join('; ');
}

function listed(table: PaperTable, means: Means, find: FindRecord): ListedTable {
  const reduced = table.plan({ ...means, scale: reducedScale });
  const full = table.plan({ ...means, scale: fullScale });
  const images = full.steps.reduce((sum, { trainedImages }) => sum + trainedImages, 0);
  const { sources } = means.scale.id === 'full' ? full : reduced;
  const reasons = [...sources.values()].flatMap((source) =>
    source.kind === 'not-run' ? [source.reason] : [],
  );
  const minutes = reduced.steps.map((step) => step.minutes);
  const { steps } = means.scale.id === 'full' ? full : reduced;
  const tookMs = steps.map((step) => find(step, `${table.id}-${means.scale.id}`)?.wallMs);
  return {
    id: table.id,
    alsoCalled: table.alsoCalled,
    title: table.title,
    setting: table.setting,
    recordedMinutes:
      steps.length > 0 && tookMs.every((one) => one !== undefined)
        ? tookMs.reduce((sum, one) => sum + one, 0) / MS_PER_MINUTE
        : null,
    reducedMinutes: minutes.every((one) => one !== null) ? minutes.reduce((sum, one) => sum + one, 0) : null,
    fullHours: images / FULL_IMAGES_PER_SECOND / SECONDS_PER_HOUR,
    values: table.values.length,
    valuesNotRun: reasons.length,
    reasons: [...new Set(reasons)],
  };
}
