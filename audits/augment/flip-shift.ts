import type { Rng } from '../rng.ts';

/** Farthest move in pixels along each axis. */
const MAXIMUM_SHIFT = 2;

/** A mirror image or not, and a move in pixels (positive: right, down). */
export interface FlipShift {
  readonly flip: boolean;
  readonly right: number;
  readonly down: number;
}

export function drawFlipShift(rng: Rng): FlipShift {
  const shift = (): number => rng.integer(2 * MAXIMUM_SHIFT + 1) - MAXIMUM_SHIFT;
  return { flip: rng.integer(2) === 1, right: shift(), down: shift() };
}

/** Bytes `[size, size, 3]` as numbers in [0, 1]. */
export function writePixels(source: Uint8Array, target: Float32Array): void {
  for (let at = 0; at < source.length; at++) target[at] = (source[at] ?? 0) / 255;
}

/** As `writePixels`, flipped and then moved; what comes in at the border repeats the edge. */
export function writeFlipShifted(
  source: Uint8Array,
  target: Float32Array,
  size: number,
  { flip, right, down }: FlipShift,
): void {
  const clamp = (position: number): number => Math.min(Math.max(position, 0), size - 1);
  for (let y = 0; y < size; y++) {
    const sourceRow = clamp(y - down) * size;
    for (let x = 0; x < size; x++) {
      const column = clamp(x - right);
      const from = (sourceRow + (flip ? size - 1 - column : column)) * 3;
      const to = (y * size + x) * 3;
      target[to] = (source[from] ?? 0) / 255;
      target[to + 1] = (source[from + 1] ?? 0) / 255;
      target[to + 2] = (source[from + 2] ?? 0) / 255;
    }
  }
}
