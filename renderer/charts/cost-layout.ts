import { scaleLog } from 'd3-scale';
import type { TheftCost } from '../../audits/contract/result.ts';

/** Geometry of the bill: one row a defense, dollars on a log axis, one mark a level of stolen gain. */

export interface CostRow {
  readonly tag: string;
  readonly label: string;
  readonly costs: readonly TheftCost[];
}

export interface CostLayout {
  readonly height: number;
  readonly rows: readonly {
    readonly row: CostRow;
    readonly y: number;
    readonly marks: readonly { readonly cost: TheftCost; readonly x: number; readonly isOpen: boolean }[];
    readonly from: number;
    readonly to: number;
  }[];
  readonly ticks: readonly { readonly value: number; readonly at: number }[];
}

const ROW_HEIGHT = 30;
/** A bill of nothing has no place on a log axis. */
const SMALLEST_BILL = 0.001;

export function layoutCosts(
  rows: readonly CostRow[],
  frame: {
    readonly width: number;
    readonly left: number;
    readonly right: number;
    readonly top: number;
    readonly bottom: number;
  },
): CostLayout {
  const bills = rows.flatMap(({ costs }) => costs.map(billOf));
  const [least, most] = [Math.min(...bills), Math.max(...bills)];
  const x = scaleLog()
    .domain([
      10 ** Math.floor(Math.log10(least)),
      10 ** Math.max(Math.floor(Math.log10(least)) + 1, Math.ceil(Math.log10(most))),
    ])
    .range([frame.left, frame.width - frame.right]);
  const placed = rows.map((row, i) => {
    const marks = row.costs.map((cost) => ({
      cost,
      x: Math.round(x(billOf(cost)) * 10) / 10,
      isOpen: cost.queries.relation === 'more-than',
    }));
    const places = marks.map((mark) => mark.x);
    return {
      row,
      y: frame.top + ROW_HEIGHT * (i + 0.5),
      marks,
      from: Math.min(...places),
      to: Math.max(...places),
    };
  });
  const decades = x.domain().map((end) => Math.round(Math.log10(end)));
  const [first = 0, last = 0] = decades;
  return {
    height: frame.top + ROW_HEIGHT * rows.length + frame.bottom,
    rows: placed,
    ticks: Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i)).map((value) => ({
      value,
      at: Math.round(x(value) * 10) / 10,
    })),
  };
}

function billOf({ dollars }: TheftCost): number {
  return Math.max(dollars, SMALLEST_BILL);
}
