/** Which part of a long list lies in a window: what a grid with thousands of cells draws. */

export interface Range {
  readonly from: number;
  /** Beyond the last. */
  readonly to: number;
}

/** Where each item begins, and at the end where the last one ends. */
export function offsetsOf(sizes: readonly number[]): readonly number[] {
  const offsets = [0];
  for (const size of sizes) offsets.push((offsets.at(-1) ?? 0) + size);
  return offsets;
}

/**
 * @param offsets from `offsetsOf`
 * @param overscan items drawn beyond either edge, so that scrolling shows no gap
 */
export function visibleRange(
  offsets: readonly number[],
  scrolled: number,
  extent: number,
  overscan = 2,
): Range {
  const count = offsets.length - 1;
  const first = lastAtOrBefore(offsets, scrolled);
  const last = lastAtOrBefore(offsets, scrolled + Math.max(0, extent - 1));
  return { from: Math.max(0, first - overscan), to: Math.min(count, last + 1 + overscan) };
}

/** The positions of a range, and one more that is kept wherever it lies: where the keyboard is. */
export function drawn({ from, to }: Range, kept: number): readonly number[] {
  const inside = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  if (kept < 0 || (kept >= from && kept < to)) return inside;
  return kept < from ? [kept, ...inside] : [...inside, kept];
}

/** Where to scroll so that an item lies whole in the window; the same place where it does already. */
export function scrolledTo(
  offsets: readonly number[],
  item: number,
  scrolled: number,
  extent: number,
): number {
  const begin = offsets[item] ?? 0;
  const end = offsets[item + 1] ?? begin;
  if (begin < scrolled) return begin;
  if (end > scrolled + extent) return Math.max(0, end - extent);
  return scrolled;
}

function lastAtOrBefore(offsets: readonly number[], position: number): number {
  let [low, high] = [0, Math.max(0, offsets.length - 2)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((offsets[middle] ?? Infinity) <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}
