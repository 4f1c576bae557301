import type { DefenseVerdict } from '../../audits/contract/result.ts';
import type { Policy } from '../../audits/contract/audit.ts';
import {
  acceptedGain,
  layoutPareto,
  paretoPoints,
  type ParetoFrame,
  type ParetoLayout,
} from './pareto-layout.ts';

/** Two Pareto plots over each other: where each defense stood, where it stands, and the front of either side. */

export interface ShiftSide {
  readonly verdicts: readonly DefenseVerdict[];
  readonly policy: Policy;
}

export interface ShiftLayout extends Pick<ParetoLayout, 'corner' | 'xTicks' | 'yTicks'> {
  readonly marks: readonly (ParetoLayout['points'][number] & {
    readonly side: 'before' | 'after';
    readonly defense: string;
  })[];
  /** From where a defense stood to where it stands. */
  readonly moves: readonly { readonly defense: string; readonly path: string }[];
  /** Steps along the defenses that none other is better than in both. */
  readonly fronts: { readonly before: string; readonly after: string };
}

export function layoutShift(before: ShiftSide, after: ShiftSide, frame: ParetoFrame): ShiftLayout {
  const order = [...new Set([...before.verdicts, ...after.verdicts].map(({ defense }) => defense))];
  const pointsOf = ({ verdicts }: ShiftSide, side: 'before' | 'after') =>
    paretoPoints(
      verdicts.map((verdict) => ({
        tag: `D${order.indexOf(verdict.defense) + (order.includes('none') ? 0 : 1)}`,
        label: verdict.defense,
        verdict,
      })),
    ).map((point) => ({ ...point, side }));
  const points = [...pointsOf(before, 'before'), ...pointsOf(after, 'after')];
  const undefended = after.verdicts.find(({ defense }) => defense === 'none')?.worstStolenGain ?? null;
  const limits = { loss: after.policy.maxHonestLoss, gain: acceptedGain(after.policy, undefended) };
  const layout = layoutPareto(points, limits, frame);
  const marks = layout.points.flatMap((placed, i) => {
    const point = points[i];
    return point === undefined ? [] : [{ ...placed, side: point.side, defense: point.label }];
  });
  const earlier = new Map(marks.filter(({ side }) => side === 'before').map((mark) => [mark.defense, mark]));
  const moves = marks.flatMap(({ side, defense, x, y }) => {
    const from = earlier.get(defense);
    return side === 'before' || from === undefined || Math.hypot(from.x - x, from.y - y) < 8
      ? []
      : [{ defense, path: `M${from.x} ${from.y}L${x} ${y}` }];
  });
  const front = (side: 'before' | 'after'): string => {
    const on = marks
      .filter((mark) => mark.side === side && !mark.point.isDominated)
      .toSorted((a, b) => a.x - b.x);
    return on.map(({ x, y }, i) => (i === 0 ? `M${x} ${y}` : `H${x}V${y}`)).join('');
  };
  return {
    corner: layout.corner,
    xTicks: layout.xTicks,
    yTicks: layout.yTicks,
    marks,
    moves,
    fronts: { before: front('before'), after: front('after') },
  };
}
