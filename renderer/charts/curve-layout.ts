import { scaleLinear, scaleLog } from 'd3-scale';
import { area, line } from 'd3-shape';
import type { CurvePoint, QueryCurve } from '../../audits/contract/result.ts';
import { placeDropLabels, type Box, type DropLabel } from './drop-labels.ts';

/** Geometry of the query curves, in pixels of a fixed frame: the picture scales as a whole. */

export interface CurveInput {
  readonly label: string;
  readonly curve: QueryCurve;
  /** Position in the series colours; null for the grey of what is only there to compare with. */
  readonly series: number | null;
}

export interface CurveShape {
  readonly label: string;
  readonly series: number | null;
  /** Empty for a single budget: a point has no line. */
  readonly line: string;
  readonly band: string;
  readonly points: readonly {
    readonly x: number;
    readonly y: number;
    readonly low: number | null;
    readonly high: number | null;
  }[];
  readonly end: { readonly x: number; readonly y: number };
  readonly labelY: number;
  readonly drops: readonly LevelDrop[];
}

export interface LevelDrop {
  readonly level: number;
  readonly x: number;
  readonly y: number;
}

export interface Tick {
  readonly value: number;
  readonly at: number;
}

export interface CurveFrame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface CurveLayout extends CurveFrame {
  readonly shapes: readonly CurveShape[];
  readonly xTicks: readonly Tick[];
  readonly yTicks: readonly Tick[];
  readonly zero: Reference;
  readonly one: Reference;
  readonly dropLabels: readonly (DropLabel & { readonly level: number })[];
}

/** A line across the plot, and where it is named. */
export interface Reference {
  readonly at: number;
  readonly label: { readonly x: number; readonly y: number };
}

/** Between direct labels, so that they do not lie on each other. */
const LABEL_HEIGHT = 15;
/** Of what the two lines of reference are called, in 11 pixels. */
const REFERENCE_LABEL = { width: 108, ascent: 9, descent: 3 };
/** Levels whose queries are dropped to the axis. */
const DROPPED_LEVELS: readonly number[] = [0.5, 0.9];

export function layoutCurves(inputs: readonly CurveInput[], frame: CurveFrame): CurveLayout {
  const points = inputs.flatMap(({ curve }) => curve.points);
  const budgets = points.map(({ budget }) => Math.max(budget, 1));
  const [least, most] = [Math.min(...budgets), Math.max(...budgets)];
  const x = scaleLog()
    .domain(least === most ? [least / 3, most * 3] : [least, most])
    .range([frame.left, frame.width - frame.right]);
  const values = points.flatMap(({ stolenGain: { value, low, high } }) => [
    value,
    low ?? value,
    high ?? value,
  ]);
  const y = scaleLinear()
    .domain([Math.min(0, ...values), Math.max(1, ...values)])
    .range([frame.height - frame.bottom, frame.top]);
  const place = (point: CurvePoint) => ({
    x: rounded(x(Math.max(point.budget, 1))),
    y: rounded(y(point.stolenGain.value)),
  });
  const shapes = inputs.map(({ label, series, curve }): CurveShape => {
    const drawn = curve.points;
    const last = drawn.at(-1);
    const end = last === undefined ? { x: frame.left, y: y(0) } : place(last);
    return {
      label,
      series,
      line: drawn.length < 2 ? '' : (linePath(drawn.map(place)) ?? ''),
      band: drawn.length < 2 ? '' : bandPath(drawn, x, y),
      points: drawn.map((point) => ({
        ...place(point),
        low: point.stolenGain.low === null ? null : rounded(y(point.stolenGain.low)),
        high: point.stolenGain.high === null ? null : rounded(y(point.stolenGain.high)),
      })),
      end,
      labelY: end.y,
      drops: curve.crossings
        .filter(({ level, value }) => value.relation === 'at' && DROPPED_LEVELS.includes(level))
        .map(({ level, value }) => ({ level, x: rounded(x(value.queries)), y: rounded(y(level)) })),
    };
  });
  const reference = (value: number): Reference => {
    const at = rounded(y(value));
    return { at, label: { x: frame.left + 4, y: at - 5 } };
  };
  const [zero, one] = [reference(0), reference(1)];
  return {
    ...frame,
    shapes: apart(shapes, frame),
    xTicks: budgetTicks(budgets).map((value) => ({ value, at: rounded(x(value)) })),
    yTicks: y.ticks(6).map((value) => ({ value, at: rounded(y(value)) })),
    zero,
    one,
    dropLabels: labelled(
      shapes.flatMap(({ drops }) => drops),
      frame,
      [zero, one],
    ),
  };
}

const linePath = line<{ readonly x: number; readonly y: number }>(
  (point) => point.x,
  (point) => point.y,
);

function bandPath(
  points: readonly CurvePoint[],
  x: (queries: number) => number,
  y: (gain: number) => number,
): string {
  const known = points.flatMap(({ budget, stolenGain: { low, high } }) =>
    low === null || high === null
      ? []
      : [{ x: rounded(x(Math.max(budget, 1))), low: rounded(y(low)), high: rounded(y(high)) }],
  );
  if (known.length < 2) return '';
  const shape = area<(typeof known)[number]>(
    (point) => point.x,
    (point) => point.low,
    (point) => point.high,
  );
  return shape(known) ?? '';
}

function labelled(
  drops: readonly LevelDrop[],
  frame: CurveFrame,
  references: readonly Reference[],
): CurveLayout['dropLabels'] {
  const plot = {
    left: frame.left,
    right: frame.width - frame.right,
    top: frame.top,
    bottom: frame.height - frame.bottom,
  };
  const names = references.map(({ label: { x, y } }): Box => ({
    left: x,
    right: x + REFERENCE_LABEL.width,
    top: y - REFERENCE_LABEL.ascent,
    bottom: y + REFERENCE_LABEL.descent,
  }));
  return placeDropLabels(drops, plot, names).flatMap((label, i) => {
    const level = drops[i]?.level;
    return label === null || level === undefined
      ? []
      : [{ ...label, x: rounded(label.x), y: rounded(label.y), box: roundedBox(label.box), level }];
  });
}

/** The budgets themselves, as far as their numbers fit beside each other. */
function budgetTicks(budgets: readonly number[]): readonly number[] {
  const all = [...new Set(budgets)].sort((a, b) => a - b);
  return all.filter((value, i) => i === 0 || value / (all[i - 1] ?? value) >= 1.3);
}

/** Moves labels down until none covers another; what leaves the frame at the bottom moves all of them up. */
function apart(shapes: readonly CurveShape[], frame: CurveFrame): readonly CurveShape[] {
  const places = new Map<CurveShape, number>();
  let next = frame.top;
  for (const shape of shapes.toSorted((a, b) => a.end.y - b.end.y)) {
    const at = Math.max(shape.end.y, next);
    places.set(shape, at);
    next = at + LABEL_HEIGHT;
  }
  const over = Math.max(0, next - LABEL_HEIGHT - (frame.height - frame.bottom));
  return shapes.map((shape) => ({ ...shape, labelY: rounded((places.get(shape) ?? shape.end.y) - over) }));
}

function roundedBox({ left, right, top, bottom }: Box): Box {
  return { left: rounded(left), right: rounded(right), top: rounded(top), bottom: rounded(bottom) };
}

function rounded(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
