import { scaleLinear } from 'd3-scale';
import type { RunCell, RunTimeline } from '../../audits/contract/result.ts';

/** Geometry of the run: one lane a worker, one bar a cell, pauses cut out. */

export interface GanttFrame {
  readonly width: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface GanttBar {
  readonly x: number;
  readonly width: number;
  readonly kind: RunCell['kind'];
  readonly state: RunCell['state'];
  /** More than one where they are too short to be told apart. */
  readonly cells: number;
}

export interface GanttLayout {
  readonly height: number;
  readonly lanes: readonly {
    readonly worker: number;
    readonly y: number;
    readonly bars: readonly GanttBar[];
  }[];
  /** Times at which nothing ran for long, cut to a fixed width. */
  readonly pauses: readonly { readonly x: number; readonly width: number; readonly ms: number }[];
  readonly ticks: readonly { readonly ms: number; readonly at: number }[];
  /** Milliseconds that the axis shows, pauses left out. */
  readonly busyMs: number;
}

export const LANE_HEIGHT = 26;
export const BAR_HEIGHT = 18;
/** A standstill of more than this share of the time at work is cut. */
const LONGEST_GAP = 0.05;
const PAUSE_WIDTH = 26;
/** Bars narrower than this, side by side and alike, become one. */
const NARROWEST_BAR = 2;
const STEPS_MS = [1, 2, 5, 10, 15, 30].flatMap((step) => [step * 1000, step * 60_000, step * 3_600_000]);

export function layoutGantt({ cells }: RunTimeline, frame: GanttFrame): GanttLayout {
  const ends = cells.map((cell) => endOf(cell, cells));
  const lanes = lanesOf(cells, ends);
  const stretches = stretchesOf(cells, ends);
  const busyMs = stretches.reduce((sum, { from, to }) => sum + to - from, 0);
  const pauses = Math.max(0, stretches.length - 1);
  const right = frame.width - frame.right;
  const scale = scaleLinear()
    .domain([0, Math.max(busyMs, 1)])
    .range([0, Math.max(1, right - frame.left - pauses * PAUSE_WIDTH)]);
  const starts: number[] = [];
  let before = 0;
  for (const { from, to } of stretches) {
    starts.push(before);
    before += to - from;
  }
  const at = (ms: number): number => {
    const i = Math.max(
      0,
      stretches.findLastIndex(({ from }) => from <= ms),
    );
    const stretch = stretches[i] ?? { from: 0, to: 0 };
    return frame.left + scale((starts[i] ?? 0) + Math.min(ms, stretch.to) - stretch.from) + i * PAUSE_WIDTH;
  };
  const workers = [...new Set(lanes)].toSorted((a, b) => a - b);
  return {
    height: frame.top + workers.length * LANE_HEIGHT + frame.bottom,
    lanes: workers.map((worker, i) => ({
      worker,
      y: frame.top + i * LANE_HEIGHT + (LANE_HEIGHT - BAR_HEIGHT) / 2,
      bars: merged(
        cells.flatMap((cell, c) => {
          if (lanes[c] !== worker) return [];
          const x = at(cell.startMs);
          return [
            { x, width: at(ends[c] ?? cell.startMs) - x, kind: cell.kind, state: cell.state, cells: 1 },
          ];
        }),
      ),
    })),
    pauses: stretches.slice(1).map(({ from }, i) => ({
      x: rounded(at(from) - PAUSE_WIDTH),
      width: PAUSE_WIDTH,
      ms: from - (stretches[i]?.to ?? from),
    })),
    ticks: ticksOf(busyMs).map((ms) => {
      const i = Math.max(
        0,
        starts.findLastIndex((start) => start <= ms),
      );
      return { ms, at: rounded(frame.left + scale(ms) + i * PAUSE_WIDTH) };
    }),
    busyMs,
  };
}

/** One that still runs is drawn as far as the last one that is known. */
function endOf(cell: RunCell, cells: readonly RunCell[]): number {
  if (cell.endMs !== null) return Math.max(cell.endMs, cell.startMs);
  return cells.reduce((last, { startMs, endMs }) => Math.max(last, endMs ?? startMs), cell.startMs);
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** The worker where it is known, else the first that was idle from start to end. Cells are in the order of their starts. */
function lanesOf(cells: readonly RunCell[], ends: readonly number[]): readonly number[] {
  const spans = cells.map(({ startMs }, i): Span => ({ from: startMs, to: ends[i] ?? startMs }));
  const known = Map.groupBy(
    cells.flatMap(({ worker }, i) => (worker === null ? [] : [{ worker, span: spans[i] }])),
    ({ worker }) => worker,
  );
  const freeFrom = new Map<number, number>();
  return cells.map(({ worker }, i) => {
    const span = spans[i];
    if (worker !== null || span === undefined) return worker ?? 1;
    for (let lane = 1; ; lane += 1) {
      const own = known.get(lane) ?? [];
      const before = own[lastIndex(own.length, (k) => (own[k]?.span?.from ?? 0) < span.to)]?.span;
      if (
        (freeFrom.get(lane) ?? -Infinity) <= span.from &&
        (before === undefined || before.to <= span.from)
      ) {
        freeFrom.set(lane, span.to);
        return lane;
      }
    }
  });
}

/** Last of `count` sorted places for which it holds; -1 where it holds for none. */
function lastIndex(count: number, holds: (place: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** When anything ran, as stretches without a long standstill. */
function stretchesOf(cells: readonly RunCell[], ends: readonly number[]): readonly Span[] {
  const spans = cells
    .map(({ startMs }, i) => ({ from: startMs, to: ends[i] ?? startMs }))
    .toSorted((a, b) => a.from - b.from);
  const join = (longest: number): { from: number; to: number }[] => {
    const joined: { from: number; to: number }[] = [];
    for (const { from, to } of spans) {
      const last = joined.at(-1);
      if (last !== undefined && from - last.to <= longest) last.to = Math.max(last.to, to);
      else joined.push({ from, to });
    }
    return joined;
  };
  const atWork = join(0).reduce((sum, { from, to }) => sum + to - from, 0);
  return join(Math.max(1000, atWork * LONGEST_GAP));
}

/** Thousands of short cells are a band that says how many they are, not thousands of marks. */
function merged(bars: readonly GanttBar[]): readonly GanttBar[] {
  const result: GanttBar[] = [];
  for (const bar of bars) {
    const last = result.at(-1);
    const isAlike =
      last !== undefined &&
      last.kind === bar.kind &&
      last.state === bar.state &&
      bar.width < NARROWEST_BAR &&
      last.width / last.cells < NARROWEST_BAR &&
      bar.x - (last.x + last.width) < 1;
    if (isAlike)
      result[result.length - 1] = {
        ...last,
        width: bar.x + bar.width - last.x,
        cells: last.cells + bar.cells,
      };
    else result.push(bar);
  }
  return result.map((bar) => ({ ...bar, x: rounded(bar.x), width: Math.max(1, rounded(bar.width)) }));
}

/** Five to ten round times at work. */
function ticksOf(busyMs: number): readonly number[] {
  const step = STEPS_MS.toSorted((a, b) => a - b).find((candidate) => busyMs / candidate <= 8) ?? busyMs / 5;
  if (!(step > 0)) return [0];
  return Array.from({ length: Math.floor(busyMs / step) + 1 }, (_, i) => i * step);
}

function rounded(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
