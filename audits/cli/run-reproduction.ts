import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { exitCode, MoatError } from '../contract/errors.ts';
import { chooseDevice } from '../devices/choose.ts';
import { cachedTrials } from '../devices/trial-cache.ts';
import { digestOf } from '../plan/key.ts';
import { replaceBetween } from '../report/markdown-markers.ts';
import { readTable, type StepResult } from '../reproduce/read-table.ts';
import {
  SOFTNN_TEMPERATURE,
  type AuditStep,
  type Means,
  type PaperTable,
  type Source,
  type Step,
} from '../reproduce/table.ts';
import { writeFileAtomic } from '../run/files.ts';
import { embeddingSpread } from '../run/embedding-spread.ts';
import { createEngine } from '../tensor/engine.ts';
import { commandName } from './command-name.ts';
import { displayPath, resolvePath, type CommandContext } from './context.ts';
import { formatDuration, formatEstimatedTime } from './render/numbers.ts';
import {
  renderReproduction,
  renderReproductionMarkdown,
  tableNumbers,
  type Reproduction,
} from './render/reproduction.ts';
import { cleanText } from './render/text.ts';
import { readRecord, resultOf } from './reproduction-records.ts';
import {
  commandOf,
  encoderFile,
  identityOf,
  runStep,
  withTemperature,
  type StepSettings,
} from './reproduction-steps.ts';

export interface ReproductionRequest {
  readonly table: PaperTable;
  readonly means: Means;
  readonly folder: string;
  readonly device: { readonly engine?: string | undefined; readonly device?: string | undefined };
  /** Runs nothing; shows what the folder holds. */
  readonly report: boolean;
  readonly write: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
}

/**
 * The paper's T = 100 against its victims' mean squared distance, taken as that of two independent encoders, 34.1 squared
 * (Table 18): SoftNN's distances are not normalised, so its temperature is a squared distance too.
 */
const TEMPERATURE_SHARE = 100 / 34.1 ** 2;
const MS_PER_MINUTE = 60_000;

/** Runs what a table needs, one ordinary command after the other, and prints what came out beside the paper's numbers. */
export async function runReproduction(context: CommandContext, request: ReproductionRequest): Promise<void> {
  const { table, means } = request;
  const { steps, sources } = table.plan(means);
  let settings = settingsOf(request, steps);
  const note = (line: string): void => {
    if (!request.quiet) context.terminal.note(line);
  };
  if (!request.report) {
    const stop = listenForSignals();
    try {
      for (const [at, step] of steps.entries()) {
        note(progressLine(at, steps));
        settings = await withVictimScale(step, settings, request);
        const { wallMs } = await runStep(step, settings, stop.signal);
        note(`${step.id}: ${formatDuration(wallMs)}`);
      }
    } catch (error) {
      if (!(error instanceof MoatError) || error.code !== 'cancelled') throw error;
      context.exitCode = exitCode.cancelled;
      context.terminal.note(`stopped: ${error.message} The same command goes on from here.`);
      if (request.json) context.terminal.printJson({ stopped: true });
      return;
    } finally {
      stop.end();
    }
  }
  const reproduction = readReproduction(request, settings, sources);
  if (request.write !== undefined) {
    const file = resolvePath(context, request.write);
    if (!existsSync(file))
      throw new MoatError('path-missing', `The document ${request.write} does not exist.`);
    writeFileSync(
      file,
      replaceBetween(readFileSync(file, 'utf8'), table.id, renderReproductionMarkdown(reproduction)),
    );
    note(`${displayPath(context, file)}: ${tableNumbers(table)} written`);
  }
  if (request.json) context.terminal.printJson(reproduction);
  else
    for (const line of renderReproduction(reproduction, context.terminal.output))
      context.terminal.print(line);
}

/** From here to `end` this process survives what stops the command it waits for. */
function listenForSignals(): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM'] as const;
  const listener = (name: NodeJS.Signals): void => controller.abort(name);
  for (const name of names) process.on(name, listener);
  return {
    signal: controller.signal,
    end() {
      for (const name of names) process.off(name, listener);
    },
  };
}

/** The commands, as they would be typed; copies that audits make first have no names yet. */
export function printCommands(context: CommandContext, request: ReproductionRequest): void {
  const { steps } = request.table.plan(request.means);
  const known = settingsOf(request, steps);
  const settings = { ...known, temperature: known.temperature ?? SOFTNN_TEMPERATURE };
  for (const step of steps) {
    let words: readonly string[];
    try {
      words = commandOf(step, settings);
    } catch (error) {
      if (!(error instanceof MoatError) || error.code !== 'path-missing') throw error;
      words = ['own', '…', ...step.arguments];
    }
    context.terminal.print(cleanText([commandName, ...words, ...settings.device].join(' ')));
  }
}

function readReproduction(
  { table, means, folder }: ReproductionRequest,
  settings: StepSettings,
  sources: ReadonlyMap<string, Source>,
): Reproduction {
  const results = new Map<string, StepResult>();
  const ran: Reproduction['steps'][number][] = [];
  for (const step of settings.steps) {
    const record = readRecord(step, settings.table, folder);
    if (record === undefined) continue;
    ran.push({ command: record.command.join(' '), wallMs: record.wallMs });
    const result = step.kind === 'train' ? undefined : resultOf(step, record, folder);
    if (result !== undefined) results.set(step.id, result);
  }
  const { id, alsoCalled, title, setting, unit, differences } = table;
  return {
    table: { id, alsoCalled, title, setting, unit, differences },
    scale: { id: means.scale.id, sentence: means.scale.sentence },
    seeds: means.seeds,
    reading: readTable(table, spelledSources(sources, settings), results),
    steps: ran,
  };
}

/** Attacks as their cells are spelled; before the victim's scale is known there are no such cells. */
function spelledSources(
  sources: ReadonlyMap<string, Source>,
  { temperature }: StepSettings,
): ReadonlyMap<string, Source> {
  return new Map(
    [...sources].map(([at, source]) => [
      at,
      source.kind === 'cells' && source.attack !== undefined && temperature !== undefined
        ? { ...source, attack: withTemperature(source.attack, { temperature }) }
        : source,
    ]),
  );
}

function progressLine(at: number, steps: readonly Step[]): string {
  const step = steps[at];
  const left = steps.slice(at).map(({ minutes }) => minutes);
  const minutes = left.every((one) => one !== null) ? left.reduce((sum, one) => sum + one, 0) : null;
  const estimate =
    minutes === null ? '' : `; all that is left: ${formatEstimatedTime(minutes * MS_PER_MINUTE)}`;
  return `[${at + 1}/${steps.length}] ${step?.kind === 'train' ? 'training' : step?.kind === 'own' ? 'testing' : 'auditing'}: ${step?.title ?? ''}${estimate}`;
}

function deviceWords({ device }: ReproductionRequest): readonly string[] {
  return [
    ...(device.engine === undefined ? [] : ['--engine', device.engine]),
    ...(device.device === undefined ? [] : ['--device', device.device]),
  ];
}

function settingsOf(request: ReproductionRequest, steps: readonly Step[]): StepSettings {
  const { table, means, folder, quiet } = request;
  const settings: StepSettings = {
    means,
    table: `${table.id}-${means.scale.id}`,
    folder,
    device: deviceWords(request),
    quiet,
    temperature: undefined,
    steps,
  };
  const needing = steps.find(needsTemperature);
  const file = needing === undefined ? undefined : temperatureFile(needing, settings);
  return file !== undefined && existsSync(file)
    ? { ...settings, temperature: readFileSync(file, 'utf8').trim() }
    : settings;
}

function needsTemperature(step: Step): step is AuditStep {
  return step.kind === 'audit' && step.arguments.some((word) => word.includes(SOFTNN_TEMPERATURE));
}

/** Measures the victim's scale once, before the first step that needs it. */
async function withVictimScale(
  step: Step,
  settings: StepSettings,
  request: ReproductionRequest,
): Promise<StepSettings> {
  if (!needsTemperature(step) || settings.temperature !== undefined) return settings;
  const temperature = await measureTemperature(step, settings, request);
  writeFileAtomic(temperatureFile(step, settings), [temperature]);
  return { ...settings, temperature };
}

async function measureTemperature(
  step: AuditStep,
  settings: StepSettings,
  { device: { engine: engineId = 'auto', device = 'auto' } }: ReproductionRequest,
): Promise<string> {
  const choice = await chooseDevice({ engine: engineId, device, workers: 1 }, cachedTrials());
  const engine = await createEngine(choice.engine, { threads: 1, device: choice.device });
  try {
    const images = step.arguments[step.arguments.indexOf('--pool') + 1] ?? '';
    const spread = await embeddingSpread(engine, encoderFile(step.encoder, settings), images);
    // Two digits: it is part of the attack's spelling.
    return String(Number((TEMPERATURE_SHARE * spread).toPrecision(2)));
  } finally {
    await engine.dispose();
  }
}

/** One per victim and pool, whatever the table. */
function temperatureFile(step: AuditStep, settings: StepSettings): string {
  const encoder = encoderFile(step.encoder, settings);
  const images = step.arguments[step.arguments.indexOf('--pool') + 1];
  const name = digestOf({ encoder, identity: identityOf(encoder), images }).slice(0, 8);
  return path.join(settings.folder, `softnn-temperature-${name}`);
}
