import { type Matrix, matrix } from '../contract/data.ts';
import type { Multiplier } from '../tensor/linear-algebra/multiplier.ts';
import { singularValues } from '../tensor/linear-algebra/spectrum.ts';

/** What a matrix of replies says about the service that gave them. Counts are of coordinates. */
export interface ReplyStructure {
  /** That never change: padding. */
  readonly constant: number;
  /** That repeat another one value by value. */
  readonly duplicated: number;
  /** Directions in which replies vary: singular values before the largest logarithmic gap, the floor being the last. */
  readonly rank: number;
  /** That gap, natural logarithm of the quotient. */
  readonly gap: number;
  /** Where the gap is largest among the values themselves: the rank behind noise, which fills every direction. */
  readonly rankAboveNoise: number;
  readonly gapAboveNoise: number;
  /** False where fewer replies than directions were seen: the rank is then only a lower bound. */
  readonly isRankKnown: boolean;
  /** Singular value below which rounding alone explains what is there. */
  readonly floor: number;
  /** Distance of the grid on which all values lie; 0 where there is none. */
  readonly step: number;
  /** Two values only. */
  readonly isBinary: boolean;
  /** Deviation of the replies' lengths over their mean: 0 for normalised replies, which only a rotation keeps so. */
  readonly lengthSpread: number;
  /**
   * Mean share of a coordinate's replies at one of its ends. A ReLU leaves such an atom, maps of single coordinates keep it, mixing
   * coordinates dissolves it.
   */
  readonly atomShare: number;
  /** Mean absolute correlation of the coordinates: near 0 behind a projection on principal axes. */
  readonly correlation: number;
}

/** Relative spacing of float32 numbers. */
const FLOAT32_EPSILON = 2 ** -23;
/** More different values than that are no grid anybody would send. */
const LARGEST_GRID = 65_536;
/** How far from a place of the grid a value may lie, in steps: float32 stands far nearer. */
const GRID_TOLERANCE = 0.01;
/** The edge of a noise spectrum fluctuates by a few percent (Tracy and Widom): not to be taken for a direction. */
const FLOOR_MARGIN = 1.1;

/**
 * Reads the structure of replies `[rows, dimension]` (Carlini et al., ICML 2024, section 4: the width of a linear image
 * shows in its singular values). The floor of rounding to a grid of step `q` is `q / sqrt(12) (sqrt(n) + sqrt(d))`, the
 * largest singular value of as many independent rounding errors.
 */
export async function readStructure(multiplier: Multiplier, replies: Matrix): Promise<ReplyStructure> {
  const columns = columnsOf(replies);
  const varying = columns.filter((column) => column.some((value) => value !== column[0]));
  const distinct = [
    ...new Map(varying.map((column) => [Buffer.from(column.buffer).toString('latin1'), column])).values(),
  ];
  const shape = { rows: replies.rows, columns: distinct.length };
  const { step, isBinary } = gridOf(distinct);
  const values =
    distinct.length === 0
      ? new Float64Array(0)
      : await singularValues(multiplier, joined(distinct, replies.rows), { centred: true });
  const numeric = (values[0] ?? 0) * Math.max(shape.rows, shape.columns) * FLOAT32_EPSILON;
  const rounding =
    ((FLOOR_MARGIN * step) / Math.sqrt(12)) * (Math.sqrt(shape.rows) + Math.sqrt(shape.columns));
  // Two values are what the replies are, not an error in them.
  const floor = Math.max(numeric, isBinary ? 0 : rounding);
  const above = [...values].map((value) => Math.max(value, floor));
  const { at: rank, gap } = largestGap([...above, floor]);
  const { at: rankAboveNoise, gap: gapAboveNoise } = largestGap(above);
  return {
    constant: columns.length - varying.length,
    duplicated: varying.length - distinct.length,
    rank,
    gap,
    rankAboveNoise,
    gapAboveNoise,
    // Centring takes one direction of as many as there are rows.
    isRankKnown: rank < replies.rows - 1,
    floor,
    step,
    isBinary,
    lengthSpread: lengthSpread(replies),
    atomShare: mean(distinct.map(shareAtAnEnd)),
    correlation: await meanCorrelation(multiplier, distinct, replies.rows),
  };
}

/** Values before the largest quotient of two neighbors. */
function largestGap(values: readonly number[]): { readonly at: number; readonly gap: number } {
  let found = { at: 0, gap: 0 };
  for (let at = 1; at < values.length; at++) {
    const [before, after] = [values[at - 1] ?? 0, values[at] ?? 0];
    const gap = before > 0 && after > 0 ? Math.log(before / after) : 0;
    if (gap > found.gap) found = { at, gap };
  }
  return found;
}

function gridOf(columns: readonly Float32Array[]): { readonly step: number; readonly isBinary: boolean } {
  const seen = new Set<number>();
  for (const column of columns)
    for (const value of column) {
      seen.add(value);
      if (seen.size > LARGEST_GRID) return { step: 0, isBinary: false };
    }
  const values = [...seen].toSorted((a, b) => a - b);
  const origin = values[0] ?? 0;
  const gaps = values.slice(1).map((value, at) => value - (values[at] ?? 0));
  const narrowest = gaps.reduce((least, gap) => Math.min(least, gap), Infinity);
  if (!Number.isFinite(narrowest)) return { step: 0, isBinary: false };
  // The narrowest gap carries the rounding of two float32 numbers; a wider span carries it once, over many steps.
  const step = values.reduce((known, value) => {
    const places = Math.round((value - origin) / known);
    return places === 0 ? known : (value - origin) / places;
  }, narrowest);
  const isGrid = values.every((value) => {
    const place = (value - origin) / step;
    return Math.abs(place - Math.round(place)) < GRID_TOLERANCE;
  });
  // Fewer replies than a grid has places always lie on one; a real grid is met again and again.
  const entries = columns.reduce((sum, column) => sum + column.length, 0);
  return { step: isGrid && values.length < entries / 2 ? step : 0, isBinary: values.length === 2 };
}

function columnsOf({ data, rows, columns }: Matrix): readonly Float32Array[] {
  return Array.from({ length: columns }, (_, column) =>
    Float32Array.from({ length: rows }, (__, row) => data[row * columns + column] ?? 0),
  );
}

function joined(columns: readonly Float32Array[], rows: number): Matrix {
  const data = new Float32Array(rows * columns.length);
  for (const [at, column] of columns.entries())
    for (const [row, value] of column.entries()) data[row * columns.length + at] = value;
  return matrix(data, rows, columns.length);
}

function lengthSpread({ data, rows, columns }: Matrix): number {
  const lengths = Array.from({ length: rows }, (_, row) =>
    Math.hypot(...data.subarray(row * columns, (row + 1) * columns)),
  );
  const center = mean(lengths);
  return center > 0 ? Math.sqrt(mean(lengths.map((length) => (length - center) ** 2))) / center : 0;
}

function shareAtAnEnd(column: Float32Array): number {
  const ends = [column.reduce((a, b) => Math.min(a, b)), column.reduce((a, b) => Math.max(a, b))];
  // One row is always at an end.
  const shares = ends.map((end) => (column.filter((value) => value === end).length - 1) / column.length);
  return Math.max(...shares);
}

async function meanCorrelation(
  multiplier: Multiplier,
  columns: readonly Float32Array[],
  rows: number,
): Promise<number> {
  const count = columns.length;
  if (count < 2) return 0;
  const standard = columns.map((column) => {
    const center = mean([...column]);
    const length = Math.hypot(...column.map((value) => value - center)) || 1;
    return column.map((value) => (value - center) / length);
  });
  const rowsOfUnits = joined(standard, rows);
  const products = await multiplier.matmul(rowsOfUnits, rowsOfUnits, { transposeA: true });
  const total = products.data.reduce((sum, value) => sum + Math.abs(value), 0);
  return Math.max(0, total - count) / (count * (count - 1));
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
