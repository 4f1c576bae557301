import { z } from 'zod';
import type { AugmentationSet, ImageDraws } from './augmentation.ts';
import { fromPlanes, toPlanes } from './planes.ts';
import { flipAndShift } from './shift.ts';

const parameters = z.object({
  /** Farthest move along each axis, in pixels. */
  farthest: z.int().min(0).default(2),
});

/** A mirror image with probability 1/2, moved by whole pixels; what comes in at the border repeats the edge. */
export const flipShift: AugmentationSet<typeof parameters> = {
  id: 'flip-shift',
  summary: 'Flip and a move by up to two pixels, edges repeated.',
  source:
    'The usual crop and flip of CIFAR (He et al., CVPR 2016, section 4.2), milder: two pixels instead of four.',
  parameters,
  open({ farthest }) {
    return {
      draws: { flip: 1, move: 2 },
      drawImage(rng) {
        const move = (): number => rng.integer(2 * farthest + 1) - farthest;
        return { flip: [rng.integer(2)], move: [move(), move()] };
      },
      apply: (images, draw) => fromPlanes(flipAndShift(toPlanes(images), draw('flip'), draw('move'), 'edge')),
      applyOnHost: writeFlipShifted,
    };
  },
};

function writeFlipShifted(source: Uint8Array, target: Float32Array, size: number, draws: ImageDraws): void {
  const flip = draws['flip']?.[0] === 1;
  const [right = 0, down = 0] = draws['move'] ?? [];
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
