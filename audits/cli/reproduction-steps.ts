import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { exitCode, MoatError } from '../contract/errors.ts';
import type { AuditId } from '../contract/cell.ts';
import type { OwnershipJudgement } from '../contract/ownership.ts';
import { digestOf } from '../plan/key.ts';
import {
  SOFTNN_TEMPERATURE,
  type EncoderSource,
  type Means,
  type Step,
  type TrainStep,
} from '../reproduce/table.ts';
import { systemClock } from '../run/system-clock.ts';
import {
  copyFile,
  databaseOf,
  readRecord,
  writeRecord,
  type StepAnswer,
  type StepRecord,
} from './reproduction-records.ts';

/** Turns a table's steps into commands of this program and runs them, each in a process of its own. */

const main = path.join(import.meta.dirname, 'main.ts');
/** What `moat train --watermark` adds to the encoder's name for the key. */
const KEY_ENDING = '.mark';

export interface StepSettings {
  readonly means: Means;
  /** Names the folder of its reports and records. */
  readonly table: string;
  /** Database, encoders, records. */
  readonly folder: string;
  /** `--engine`, `--device`, as given. */
  readonly device: readonly string[];
  readonly quiet: boolean;
  /** Of SoftNN on the victim's scale; known before a step that needs it. */
  readonly temperature: string | undefined;
  /** All of the table's, for encoders that later ones take from earlier ones. */
  readonly steps: readonly Step[];
}

/** The words after `moat`, without those that say only how to print. @throws MoatError `path-missing` for a copy not made yet */
export function commandOf(step: Step, settings: StepSettings): readonly string[] {
  const { means, folder, table } = settings;
  if (step.kind === 'train')
    return ['train', step.images, ...step.arguments, '--out', trainedFile(step, folder)];
  if (step.kind === 'own')
    return [
      'own',
      '--victim',
      encoderFile(step.victim, settings),
      '--suspect',
      encoderFile(step.suspect, settings),
      ...(step.mark === undefined ? [] : ['--mark', encoderFile(step.mark, settings) + KEY_ENDING]),
      ...(step.independent === undefined ? [] : ['--zoo', independentFolder(step, settings)]),
      ...step.arguments,
    ];
  const isOwn = step.encoder.kind === 'file' && means.projection !== undefined;
  return [
    'audit',
    encoderFile(step.encoder, settings),
    ...(isOwn ? ['--projection', means.projection ?? ''] : []),
    ...means.scale.audit,
    ...step.arguments.map((argument) => withTemperature(argument, settings)),
    '--db',
    databaseOf(folder),
    '--out',
    path.join(folder, `${table}-${step.id}`),
  ];
}

/** @throws MoatError `internal` where nobody measured it */
export function withTemperature(text: string, { temperature }: Pick<StepSettings, 'temperature'>): string {
  if (!text.includes(SOFTNN_TEMPERATURE)) return text;
  if (temperature === undefined) throw new MoatError('internal', 'SoftNN’s temperature is not known yet.');
  return text.replaceAll(SOFTNN_TEMPERATURE, temperature);
}

/** `--zoo` takes a folder: one with the independent encoder alone. */
function independentFolder({ id }: Step, { folder, table }: StepSettings): string {
  return path.join(folder, `${table}-${id}-independent`);
}

/** Named by all that it depends on: it exists when that training is done, and serves every table. */
function trainedFile({ id, images, arguments: words }: TrainStep, folder: string): string {
  return path.join(folder, 'encoders', `${id}-${digestOf({ images, words }).slice(0, 8)}.onnx`);
}

/** @throws MoatError `path-missing` for a copy that was not made */
export function encoderFile(source: EncoderSource, settings: StepSettings): string {
  const { folder, steps, table } = settings;
  if (source.kind === 'file') return source.file;
  const step = steps.find(({ id }) => id === source.step);
  if (source.kind === 'trained') {
    if (step?.kind !== 'train') throw new MoatError('internal', `No step trains ${source.step}.`);
    return trainedFile(step, folder);
  }
  const record = step === undefined ? undefined : readRecord(step, table, folder);
  const attack = withTemperature(source.attack, settings);
  const file =
    record?.answer.kind === 'audit'
      ? copyFile(folder, record.answer.auditId, attack, source.budget)
      : undefined;
  if (file === undefined)
    throw new MoatError('path-missing', `The copy by ${attack} with ${source.budget} queries was not made.`);
  return file;
}

/**
 * Runs one step, or takes over what it left before. Audits are always asked again: finished cells cost nothing there.
 * @param signal its reason is the signal that stopped this process: a terminal's Ctrl-C reaches every command by itself, SIGTERM
 * is passed on
 * @throws MoatError `cancelled` when it was stopped and can go on; `reproduction-step-failed`
 */
export async function runStep(step: Step, settings: StepSettings, signal: AbortSignal): Promise<StepRecord> {
  if (signal.aborted) throw stopped(step);
  const { table, folder } = settings;
  const command = commandOf(step, settings);
  const key = digestOf({ command, files: command.map(identityOf) });
  const before = readRecord(step, table, folder);
  if (step.kind === 'train' && existsSync(trainedFile(step, folder)))
    return before ?? { key, command, wallMs: 0, answer: { kind: 'train' } };
  if (step.kind === 'own' && before?.key === key) return before;
  mkdirSync(path.join(folder, 'encoders'), { recursive: true });
  if (step.kind === 'own' && step.independent !== undefined) {
    const file = encoderFile(step.independent, settings);
    const alone = independentFolder(step, settings);
    mkdirSync(alone, { recursive: true });
    copyFileSync(file, path.join(alone, path.basename(file)));
  }
  const { wallMs, answer } = await ask(step, command, settings, signal);
  const record: StepRecord = {
    key,
    command,
    // Asked for again, an audit that is whole costs seconds: what its making took stays.
    wallMs: before?.key === key ? Math.max(before.wallMs, wallMs) : wallMs,
    answer,
  };
  writeRecord(step, table, folder, record);
  // Done before the stop reached it; the next one is not begun.
  if (signal.aborted) throw stopped(step);
  return record;
}

async function ask(
  step: Step,
  command: readonly string[],
  { device, quiet, folder }: StepSettings,
  signal: AbortSignal,
): Promise<{ readonly wallMs: number; readonly answer: StepAnswer }> {
  const startedAtMs = systemClock.monotonicMs();
  const words = [...command, ...device, '--json', ...(quiet && step.kind !== 'own' ? ['--quiet'] : [])];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...words], {
    // No settings file of the user's has a say; every path is absolute.
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const forward = (): void => {
    if (signal.reason === 'SIGTERM') child.kill('SIGTERM');
  };
  signal.addEventListener('abort', forward);
  const [code] = (await once(child, 'close')) as [number | null];
  signal.removeEventListener('abort', forward);
  const wallMs = systemClock.monotonicMs() - startedAtMs;
  if (code === exitCode.cancelled || code === exitCode.interrupted || code === null) throw stopped(step);
  const answer = readAnswer(step, stdout);
  // An audit with a failed cell ends with 2 and has a result all the same.
  if (answer === undefined || (code !== exitCode.ok && step.kind !== 'audit'))
    throw new MoatError(
      'reproduction-step-failed',
      `The step ${step.id} ended with ${code}: moat ${command.join(' ')}`,
    );
  return { wallMs, answer };
}

function stopped({ id }: Step): MoatError {
  return new MoatError('cancelled', `Stopped in the step ${id}.`);
}

function readAnswer(step: Step, stdout: string): StepAnswer | undefined {
  if (step.kind === 'train') return { kind: 'train' };
  let printed: unknown;
  try {
    printed = JSON.parse(stdout);
  } catch {
    return undefined;
  }
  if (typeof printed !== 'object' || printed === null) return undefined;
  if (step.kind === 'audit')
    return 'auditId' in printed ? { kind: 'audit', auditId: printed.auditId as AuditId } : undefined;
  return 'judgement' in printed
    ? { kind: 'own', judgement: printed.judgement as OwnershipJudgement }
    : undefined;
}

/** An encoder is the same while its file's size and time are; null for words that name none. */
export function identityOf(word: string): readonly number[] | null {
  const found = word.endsWith('.onnx') ? statSync(word, { throwIfNoEntry: false }) : undefined;
  return found === undefined ? null : [found.size, found.mtimeMs];
}
