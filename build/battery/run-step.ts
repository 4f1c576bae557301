import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AuditResult } from '../../audits/contract/result.ts';
import { openStore } from '../../audits/store/open.ts';
import { systemClock } from '../../audits/run/system-clock.ts';
import { residentBytes } from '../resident-bytes.ts';
import type { Step } from './step.ts';
import { viewOf, type StepView } from './view.ts';

const main = path.join(import.meta.dirname, '..', '..', 'audits', 'cli', 'main.ts');

/** What one step left behind. */
export interface StepRecord {
  readonly result: AuditResult;
  /** Wall clock of the runs that made it, in milliseconds. */
  readonly wallMs: number;
  /** Resident memory of all its processes together, in bytes: the peak of each tenth of the run that did most. */
  readonly peakBytes: readonly number[];
}

const TENTHS = 10;

/** The exit code of an audit that was stopped and can go on. */
export const STOPPED_EXIT = 5;

export class StoppedError extends Error {
  constructor(step: string) {
    super(`stopped in step ${step}; the same command goes on from here`);
  }
}

/** Two samples a second are enough for trainings that last seconds. */
const SAMPLE_MS = 500;

/**
 * Runs a step's audit in the folder's database; its progress goes to stderr.
 * @throws StoppedError when it was stopped by Ctrl-C; Error when the audit ended otherwise than with a result
 */
export async function runStep(
  step: Step,
  auditArguments: readonly string[],
  folder: string,
): Promise<StepRecord> {
  mkdirSync(folder, { recursive: true });
  const before = readRecord(step, folder);
  const started = performance.now();
  const args = ['audit', ...auditArguments, '--json', '--db', path.join(folder, 'battery.db')];
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', main, ...args, '--out', path.join(folder, step.id)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const samples: number[] = [];
  const sampling = setInterval(() => {
    samples.push(residentBytes(child.pid ?? 0));
  }, SAMPLE_MS);
  // Ctrl-C reaches the audit too, which stops at a safe point; it is waited for.
  const wait = (): void => undefined;
  const forward = (): void => void child.kill('SIGTERM');
  process.on('SIGINT', wait).on('SIGTERM', forward);
  const [code] = (await once(child, 'close')) as [number | null];
  process.off('SIGINT', wait).off('SIGTERM', forward);
  clearInterval(sampling);
  if (code === STOPPED_EXIT) throw new StoppedError(step.id);
  if (code !== 0) throw new Error(`step ${step.id} ended with ${code}: moat ${args.join(' ')}`);
  const wallMs = performance.now() - started;
  const run = { wallMs, peakBytes: tenths(samples) };
  // Asked for again, an audit that is whole costs seconds: what its making cost stays.
  const longest = before === undefined || before.wallMs < wallMs ? run : before;
  const record = {
    result: JSON.parse(stdout) as AuditResult,
    wallMs: longest.wallMs,
    peakBytes: longest.peakBytes,
  };
  const file = recordFile(step, folder);
  writeFileSync(`${file}.new`, JSON.stringify(record));
  renameSync(`${file}.new`, file);
  return record;
}

function tenths(samples: readonly number[]): readonly number[] {
  return Array.from({ length: TENTHS }, (_, tenth) =>
    Math.max(
      0,
      ...samples.slice(
        Math.floor((tenth * samples.length) / TENTHS),
        Math.ceil(((tenth + 1) * samples.length) / TENTHS),
      ),
    ),
  );
}

/** What an earlier run of this step left, if anything. */
export function readRecord(step: Step, folder: string): StepRecord | undefined {
  const file = recordFile(step, folder);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StepRecord) : undefined;
}

/** The record with the cells behind it. */
export function openView(record: StepRecord, folder: string): StepView {
  const store = openStore(path.join(folder, 'battery.db'), { mode: 'read', clock: systemClock });
  try {
    const id = record.result.auditId as Parameters<typeof store.cells.byAudit>[0];
    return viewOf(record, store.cells.byAudit(id), store.measurements.byAudit(id));
  } finally {
    store.close();
  }
}

function recordFile(step: Step, folder: string): string {
  return path.join(folder, `${step.id}.json`);
}
