import { scaleLinear } from 'd3-scale';
import type { DefenseVerdict, Estimate } from '../../audits/contract/result.ts';
import type { Policy } from '../../audits/contract/audit.ts';

/** Geometry of the plot that a choice is made on: what honest users lose against what a thief is left with. */

export interface ParetoPoint {
  readonly tag: string;
  readonly label: string;
  readonly loss: Estimate;
  readonly gain: Estimate;
  /** Another defense is at least as good in both and better in one. */
  readonly isDominated: boolean;
}

/** Defenses with both numbers; no defense at all stands at a loss of nothing. */
export function paretoPoints(
  entries: readonly {
    readonly tag: string;
    readonly label: string;
    readonly verdict: DefenseVerdict | undefined;
  }[],
): readonly ParetoPoint[] {
  const known = entries.flatMap(({ tag, label, verdict }) => {
    const gain = verdict?.worstStolenGain ?? null;
    const loss = verdict?.worstHonestLoss ?? (label === 'none' ? NOTHING_LOST : null);
    return gain === null || loss === null ? [] : [{ tag, label, loss, gain }];
  });
  return known.map((point) => ({
    ...point,
    isDominated: known.some(
      (other) =>
        other.loss.value <= point.loss.value &&
        other.gain.value <= point.gain.value &&
        (other.loss.value < point.loss.value || other.gain.value < point.gain.value),
    ),
  }));
}

const NOTHING_LOST: Estimate = {
  value: 0,
  low: 0,
  high: 0,
  unit: 'fraction',
  seeds: 0,
  items: 0,
  method: 'by definition',
};

/** Largest stolen gain that the policy accepts, null where nothing undefended was measured. */
export function acceptedGain(policy: Policy, undefended: Estimate | null): number | null {
  const byProtection = undefended === null ? Infinity : (1 - policy.minProtection) * undefended.value;
  const accepted = Math.min(byProtection, policy.maxStolenGain ?? Infinity);
  return Number.isFinite(accepted) ? accepted : null;
}

export interface ParetoFrame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface ParetoLayout {
  readonly points: readonly {
    readonly point: ParetoPoint;
    readonly x: number;
    readonly y: number;
    readonly xLow: number;
    readonly xHigh: number;
    readonly yLow: number;
    readonly yHigh: number;
    readonly labelX: number;
    readonly labelY: number;
    readonly anchor: 'start' | 'end';
  }[];
  readonly corner: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  } | null;
  readonly xTicks: readonly { readonly value: number; readonly at: number }[];
  readonly yTicks: readonly { readonly value: number; readonly at: number }[];
}

const LABEL_HEIGHT = 14;
/** Width set aside in pixels for a tag with its name, and for a tag alone. */
const LABEL_WIDTHS = { named: 170, tag: 32 } as const;
/** More points than these have room for their tags only. */
export const MOST_NAMES = 8;

export function layoutPareto(
  points: readonly ParetoPoint[],
  limits: { readonly loss: number; readonly gain: number | null },
  frame: ParetoFrame,
): ParetoLayout {
  const losses = points.flatMap(({ loss }) => [loss.value, loss.low ?? loss.value, loss.high ?? loss.value]);
  const gains = points.flatMap(({ gain }) => [gain.value, gain.low ?? gain.value, gain.high ?? gain.value]);
  const x = scaleLinear()
    .domain([Math.min(0, ...losses), Math.max(limits.loss * 2, ...losses)])
    .nice()
    .range([frame.left, frame.width - frame.right]);
  const y = scaleLinear()
    .domain([Math.min(0, ...gains), Math.max(1, ...gains)])
    .range([frame.height - frame.bottom, frame.top]);
  const middle = (frame.left + frame.width - frame.right) / 2;
  const labelWidth = points.length <= MOST_NAMES ? LABEL_WIDTHS.named : LABEL_WIDTHS.tag;
  const taken: { readonly x: number; readonly y: number }[] = [];
  const placed = points.map((point) => {
    const [at, height] = [x(point.loss.value), y(point.gain.value)];
    const anchor = at > middle ? ('end' as const) : ('start' as const);
    const labelX = anchor === 'end' ? at - 8 : at + 8;
    let labelY = height - 7;
    // Each label takes the first free place above its point: labels never cover each other.
    while (
      taken.some(
        (other) => Math.abs(other.x - labelX) < labelWidth && Math.abs(other.y - labelY) < LABEL_HEIGHT,
      )
    )
      labelY -= LABEL_HEIGHT;
    taken.push({ x: labelX, y: labelY });
    return {
      point,
      x: rounded(at),
      y: rounded(height),
      xLow: rounded(x(point.loss.low ?? point.loss.value)),
      xHigh: rounded(x(point.loss.high ?? point.loss.value)),
      yLow: rounded(y(point.gain.low ?? point.gain.value)),
      yHigh: rounded(y(point.gain.high ?? point.gain.value)),
      labelX: rounded(labelX),
      labelY: rounded(labelY),
      anchor,
    };
  });
  return {
    points: placed,
    corner:
      limits.gain === null
        ? null
        : {
            x: frame.left,
            y: rounded(y(Math.max(limits.gain, y.domain()[0] ?? 0))),
            width: rounded(x(limits.loss) - frame.left),
            height: rounded(frame.height - frame.bottom - y(Math.max(limits.gain, y.domain()[0] ?? 0))),
          },
    xTicks: x.ticks(6).map((value) => ({ value, at: rounded(x(value)) })),
    yTicks: y.ticks(6).map((value) => ({ value, at: rounded(y(value)) })),
  };
}

function rounded(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
