import { place, type Place } from './table.ts';

/** What must be so in a table, as comparisons of its values: checked on the paper's own numbers, and on ours. */
export interface Ordering {
  /** One sentence. */
  readonly sentence: string;
  readonly comparisons: readonly Comparison[];
}

export type Comparison =
  /** `larger - smaller > by`, in the table's unit. A negative `by` bounds a loss. */
  | { readonly kind: 'above'; readonly larger: Place; readonly smaller: Place; readonly by: number }
  /** `|a - b| <= within` */
  | { readonly kind: 'near'; readonly a: Place; readonly b: Place; readonly within: number }
  | { readonly kind: 'between'; readonly value: Place; readonly low: number; readonly high: number };

/** A difference, or a value: by itself, and with the 95 % interval where there is one. */
export interface Compared {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** Where comparisons find their numbers; undefined where one was not measured. */
export interface ComparedValues {
  value(at: Place): Compared | undefined;
  /** `a - b`, paired over seeds and images where both have them. */
  difference(a: Place, b: Place): Compared | undefined;
}

/**
 * `holds`, `fails`: the whole interval says so, or there is none to doubt it (one printed number). `holds-in-the-mean`,
 * `fails-in-the-mean`: the interval also allows the opposite.
 */
export type Answer = 'holds' | 'holds-in-the-mean' | 'fails-in-the-mean' | 'fails' | 'not-measured';

export interface ComparisonFinding {
  readonly comparison: Comparison;
  readonly answer: Answer;
  readonly compared: Compared | undefined;
}

export interface OrderingFinding {
  readonly sentence: string;
  /** The worst of those that were measured. */
  readonly answer: Answer;
  readonly comparisons: readonly ComparisonFinding[];
}

const worstFirst: readonly Answer[] = ['fails', 'fails-in-the-mean', 'holds-in-the-mean', 'holds'];

export function judgeOrdering({ sentence, comparisons }: Ordering, values: ComparedValues): OrderingFinding {
  const found = comparisons.map((comparison) => judgeComparison(comparison, values));
  const answer = worstFirst.find((word) => found.some((finding) => finding.answer === word));
  return { sentence, answer: answer ?? 'not-measured', comparisons: found };
}

function judgeComparison(comparison: Comparison, values: ComparedValues): ComparisonFinding {
  const compared =
    comparison.kind === 'above'
      ? values.difference(comparison.larger, comparison.smaller)
      : comparison.kind === 'near'
        ? values.difference(comparison.a, comparison.b)
        : values.value(comparison.value);
  return {
    comparison,
    compared,
    answer: compared === undefined ? 'not-measured' : answerOf(comparison, compared),
  };
}

function answerOf(comparison: Comparison, { value, low, high }: Compared): Answer {
  const [from, to] = rangeOf(comparison);
  const isInside = (number: number): boolean =>
    comparison.kind === 'above' ? number > from : number >= from && number <= to;
  const holds = isInside(value);
  // Between both ends of an interval lie values of both kinds unless it is wholly inside or wholly outside.
  const isSettled =
    low === null || high === null || (holds ? isInside(low) && isInside(high) : high < from || low > to);
  if (holds) return isSettled ? 'holds' : 'holds-in-the-mean';
  return isSettled ? 'fails' : 'fails-in-the-mean';
}

function rangeOf(comparison: Comparison): readonly [number, number] {
  if (comparison.kind === 'above') return [comparison.by, Infinity];
  if (comparison.kind === 'near') return [-comparison.within, comparison.within];
  return [comparison.low, comparison.high];
}

/** Neighbors of a list of rows, each above the next one in a column. */
export function descending(column: string, rows: readonly string[], by = 0): readonly Comparison[] {
  return rows.slice(1).map((row, at) => above([rows[at] ?? '', column], [row, column], by));
}

export function above(
  larger: readonly [row: string, column: string],
  smaller: readonly [row: string, column: string],
  by = 0,
): Comparison {
  return { kind: 'above', larger: place(...larger), smaller: place(...smaller), by };
}

export function near(
  a: readonly [row: string, column: string],
  b: readonly [row: string, column: string],
  within = SAME,
): Comparison {
  return { kind: 'near', a: place(...a), b: place(...b), within };
}

export function between(at: readonly [row: string, column: string], low: number, high: number): Comparison {
  return { kind: 'between', value: place(...at), low, high };
}

/** Points within which two accuracies count as the same: the paper gives no repeats (paper-spec 5.3). */
const SAME = 3;
