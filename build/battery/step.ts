import type { Estimate } from '../../audits/contract/result.ts';
import type { EntryPlace, StepView } from './view.ts';

/** One question of the battery: an audit that answers it, and what was expected of the answer before it ran. */
export interface Step {
  /** kebab-case; names its files. */
  readonly id: string;
  readonly title: string;
  /** Arguments of `moat audit` beyond those that all steps share; `{encoders}` stands for the folder of encoders. */
  readonly arguments: readonly string[];
  readonly expectations: readonly Expectation[];
  /** Rows for the document besides the expectations. */
  readonly table?: (view: StepView) => Table;
}

export interface Expectation {
  /**
   * `identity`: true by construction, so that anything else is a bug. `outcome`: what its author thought would come out,
   * written down before the run; it may be wrong.
   */
  readonly kind: 'identity' | 'outcome';
  readonly sentence: string;
  check(view: StepView): Finding;
}

export interface Finding {
  /** Undefined where the numbers do not decide it. */
  readonly holds: boolean | undefined;
  /** The numbers behind it. */
  readonly measured: string;
}

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** `0.51 [0.45, 0.57]`, or a dash. */
export function spell(estimate: Estimate | null | undefined, digits = 2): string {
  if (estimate === null || estimate === undefined) return '–';
  const { value, low, high } = estimate;
  const interval = low === null || high === null ? '' : ` [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
  return `${value.toFixed(digits)}${interval}`;
}

/** Whether the whole interval lies above a number; undefined without an interval, or where it lies on both sides. */
export function isAbove(estimate: Estimate | null | undefined, bound: number): boolean | undefined {
  if (estimate?.low === null || estimate?.low === undefined || estimate.high === null) return undefined;
  if (estimate.low > bound) return true;
  return estimate.high < bound ? false : undefined;
}

/** Whether the interval holds a number; undefined without an interval. */
export function contains(estimate: Estimate | null | undefined, value: number): boolean | undefined {
  if (estimate?.low === null || estimate?.low === undefined || estimate.high === null) return undefined;
  return estimate.low <= value && value <= estimate.high;
}

/** Whether one entry has stolen more than another, paired over seeds, with both numbers and their difference. */
export function compare(
  view: StepView,
  left: EntryPlace,
  right: EntryPlace,
): { readonly isAhead: boolean | undefined; readonly text: string } {
  const difference = view.ahead(left, right);
  const [a, b] = [left, right].map((at) => spell(view.entry(at)?.stolenGain));
  return {
    isAhead: isAbove(difference, 0),
    text: `${a} against ${b} (paired difference ${spell(difference)})`,
  };
}
