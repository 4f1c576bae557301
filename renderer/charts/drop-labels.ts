/** Where the names of levels stand whose queries are dropped to the axis: each beside its own line, none on another. */

/** A line from `y` down to the axis. */
export interface Drop {
  readonly x: number;
  readonly y: number;
}

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Of a text: where it begins or ends, its baseline, and the ground it needs. */
export interface DropLabel {
  readonly x: number;
  readonly y: number;
  readonly anchor: 'start' | 'end';
  readonly box: Box;
}

/** Of `Q50` in 11 pixels, with air; a face that stands in for ours is no wider. */
const WIDTH = 25;
const ASCENT = 9;
const DESCENT = 3;
/** Between a label and its line, and below the lowest label. */
const GAP = 3;
/** A line through a label is as bad as two rows higher. */
const CROSSING = 2;

/**
 * In rows upwards from the floor, to the right of its line or to the left: as low as there is room, and off other lines.
 * @param taken what else is written there
 * @returns in the order of the lines; null for one that fits nowhere in the plot
 */
export function placeDropLabels(
  drops: readonly Drop[],
  plot: Box,
  taken: readonly Box[] = [],
): readonly (DropLabel | null)[] {
  const occupied = [...taken];
  const placed = new Map<Drop, DropLabel>();
  for (const drop of drops.toSorted((a, b) => a.x - b.x)) {
    const [best] = candidates(drop, plot)
      .filter(({ label: { box } }) => isInside(box, plot) && !occupied.some((other) => overlap(box, other)))
      .map(({ label, row }) => ({
        label,
        cost: row + CROSSING * drops.filter((other) => other !== drop && crosses(other, label.box)).length,
      }))
      .toSorted((a, b) => a.cost - b.cost);
    if (best === undefined) continue;
    occupied.push(best.label.box);
    placed.set(drop, best.label);
  }
  return drops.map((drop) => placed.get(drop) ?? null);
}

function candidates(
  { x }: Drop,
  { top, bottom }: Box,
): readonly { readonly label: DropLabel; readonly row: number }[] {
  const rows = Math.floor((bottom - GAP - top) / (ASCENT + DESCENT));
  return Array.from({ length: Math.max(0, rows) }, (_, row) => {
    const foot = bottom - GAP - row * (ASCENT + DESCENT);
    const y = foot - DESCENT;
    const [after, before] = [x + GAP, x - GAP];
    const box = (left: number): Box => ({ left, right: left + WIDTH, top: y - ASCENT, bottom: foot });
    return [
      { label: { x: after, y, anchor: 'start', box: box(after) }, row },
      { label: { x: before, y, anchor: 'end', box: box(before - WIDTH) }, row },
    ] as const;
  }).flat();
}

function isInside(box: Box, { left, right, top, bottom }: Box): boolean {
  return box.left >= left && box.right <= right && box.top >= top && box.bottom <= bottom;
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function crosses({ x, y }: Drop, { left, right, bottom }: Box): boolean {
  return x > left && x < right && y < bottom;
}
