import type { Engine } from '../../audits/contract/engine.ts';
import { MoatError } from '../../audits/contract/errors.ts';
import { countedSlot, rowsSpent, steal, type Run, type StealOptions, type Subject } from './attack-runs.ts';

/**
 * What must hold of every attack, as functions that answer with complaints: the table asks for none, and planted faults show
 * that each complaint is raised.
 */

export interface Case {
  readonly engine: Engine;
  readonly subject: Subject;
  readonly options: StealOptions;
}

/** Epochs of the runs that are compared: a checkpoint is written after each. */
const EPOCHS = 3;
/** Share of an attack after which it is stopped. */
const HALF = 0.5;

/** An uninterrupted run, or the complaint that there was none. */
export async function runWhole({ engine, subject, options }: Case): Promise<Run | string> {
  return attempt(() => steal(engine, subject, { epochs: EPOCHS, ...options }));
}

/** Spends exactly what its row says, whatever it asks for. */
export function spendingComplaints(run: Run | string, rows: number, unique: number): readonly string[] {
  if (typeof run === 'string') return [run];
  const inputs = run.oracle.ledger().reduce((total, entry) => total + entry.uniqueInputs, 0);
  return [
    ...(rowsSpent(run) === rows ? [] : [`spent ${rowsSpent(run)} rows instead of ${rows}`]),
    ...(inputs === unique ? [] : [`sent ${inputs} different images instead of ${unique}`]),
    ...(isAscending(run.progress) ? [] : ['told of progress that went back']),
  ];
}

/** The same seed gives the same surrogate, figures and ledger, bit by bit. */
export async function determinismComplaints(subject: Case, first: Run | string): Promise<readonly string[]> {
  if (typeof first === 'string') return [first];
  const again = await runWhole(subject);
  return typeof again === 'string' ? [again] : differences(first, again, 'a second run');
}

/** A cancelled audit stops it before its first query, and it says so. */
export async function cancellationComplaints({ engine, subject, options }: Case): Promise<readonly string[]> {
  const control = new AbortController();
  control.abort();
  const slot = countedSlot();
  const context = { ...options.context, signal: control.signal };
  const code = await codeOf(() => steal(engine, subject, { ...options, slot, context }));
  return code === 'cancelled' ? [] : [`ended with ${code} after it was cancelled`];
}

/**
 * Stopped once its progress has passed a half, its checkpoint kept, and started again: it ends bitwise as it does in one go,
 * and does nothing again that its checkpoint held.
 * @param mayEnd true for what takes no time after its queries: it may come to its end before it looks at the signal again
 */
export async function resumeComplaints(
  { engine, subject, options }: Case,
  whole: Run | string,
  mayEnd: boolean,
): Promise<readonly string[]> {
  if (typeof whole === 'string') return [whole];
  if (whole.saves === 0 && !mayEnd) return ['keeps no checkpoint'];
  const control = new AbortController();
  const slot = countedSlot();
  const progress = (fraction: number): void => {
    if (fraction > HALF) control.abort();
  };
  const context = { ...options.context, signal: control.signal, progress };
  const code = await codeOf(() => steal(engine, subject, { epochs: EPOCHS, ...options, slot, context }));
  if (!control.signal.aborted && !mayEnd) return ['never told of progress beyond a half'];
  if (code === 'nothing' && !mayEnd) return ['went on after it was cancelled'];
  if (code !== 'cancelled' && code !== 'nothing') return [`ended with ${code} after it was cancelled`];
  const resumed = await attempt(() => steal(engine, subject, { epochs: EPOCHS, ...options, slot }));
  if (typeof resumed === 'string') return [resumed];
  const isRepeated = code === 'cancelled' && slot.saves() > whole.saves;
  return [
    ...differences(whole, resumed, 'the resumed run'),
    ...(isRepeated ? ['did again what its checkpoint held'] : []),
  ];
}

function differences(first: Run, other: Run, name: string): readonly string[] {
  return [
    ...(isEqual(first.surrogate, other.surrogate) ? [] : [`${name} has another surrogate`]),
    ...(isEqual(first.diagnostics, other.diagnostics) ? [] : [`${name} has other figures`]),
    ...(isEqual(first.oracle.ledger(), other.oracle.ledger()) ? [] : [`${name} has another ledger`]),
  ];
}

/** Deep and bit by bit: plain values, and arrays of numbers, where -0 is not 0. */
function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Float32Array && b instanceof Float32Array)
    return a.length === b.length && a.every((value, at) => Object.is(value, b[at]));
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return left.length === right.size && left.every(([key, value]) => isEqual(value, right.get(key)));
}

function isAscending(values: readonly number[]): boolean {
  return values.every((value, at) => at === 0 || value >= (values[at - 1] ?? 0));
}

async function attempt(run: () => Promise<Run>): Promise<Run | string> {
  try {
    return await run();
  } catch (thrown) {
    const { code, message } = MoatError.from(thrown);
    return `failed with ${code}: ${message}`;
  }
}

async function codeOf(run: () => Promise<Run>): Promise<string> {
  try {
    await run();
    return 'nothing';
  } catch (thrown) {
    return MoatError.from(thrown).code;
  }
}
