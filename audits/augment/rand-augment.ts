import { z } from 'zod';
import type { Rng } from '../rng.ts';
import type { Tensor } from '../tensor/ops.ts';
import { affine } from './affine.ts';
import type { Interpolation } from './affine.ts';
import type { AugmentationSet } from './augmentation.ts';
import { autocontrast } from './autocontrast.ts';
import { blend } from './blend.ts';
import { equalize } from './equalize.ts';
import { fromPlanes, toPlanes } from './planes.ts';
import type { Planes } from './planes.ts';
import { posterize } from './posterize.ts';
import { drawOperation, noOperation, operationIds } from './rand-augment-operations.ts';
import type { OperationDraw } from './rand-augment-operations.ts';
import { probability } from './schema.ts';
import { adjustSharpness } from './sharpness.ts';
import { flipAndShift } from './shift.ts';
import { solarize } from './solarize.ts';

/** Magnitudes are steps of thirtieths. */
const LARGEST_MAGNITUDE = 30;

const parameters = z.object({
  /** Operations per image, one after another, each drawn from all of them. */
  operations: z.int().min(0).max(8).default(2),
  magnitude: z.int().min(0).max(LARGEST_MAGNITUDE).default(14),
  interpolation: z.enum(['nearest', 'bilinear']).default('nearest'),
  /** Width of the black margin of which a crop may show a part, in pixels. */
  padding: z.int().min(0).default(4),
  flip: probability.default(0.5),
});

/** RandAugment, then a flip and a crop out of the image with a black margin, which is a shift. */
export const randAugment: AugmentationSet<typeof parameters> = {
  id: 'rand-augment',
  summary: 'A few of fourteen operations at one magnitude, then flip and crop out of a black margin.',
  source:
    'Cubuk et al., NeurIPS 2020; magnitudes of torchvision 0.28; RandAugment(2, 14), crop and flip as in the code of ' +
    'Sha et al. (Cont-Steal), CVPR 2023.',
  parameters,
  open({ operations, magnitude, interpolation, padding, flip }) {
    const level = magnitude / LARGEST_MAGNITUDE;
    return {
      draws: {
        ...Object.fromEntries(
          layers(operations).flatMap((layer) =>
            fields.map((field) => [drawName(layer, field), [noOperation[field]].flat().length]),
          ),
        ),
        flip: 1,
        move: 2,
      },
      drawImage(rng, size) {
        const drawn = layers(operations).flatMap((layer) => {
          const operation = drawLayer(rng, level, size);
          return fields.map((field) => [drawName(layer, field), [operation[field]].flat()] as const);
        });
        const move = (): number => rng.integer(2 * padding + 1) - padding;
        return {
          ...Object.fromEntries(drawn),
          flip: [Number(rng.uniform() < flip)],
          move: [move(), move()],
        };
      },
      apply(images, draw) {
        let planes = toPlanes(images);
        for (const layer of layers(operations))
          planes = applyOperation(planes, (field) => draw(drawName(layer, field)), interpolation);
        return fromPlanes(flipAndShift(planes, draw('flip'), draw('move'), 'zero'));
      },
    };
  },
};

const fields = Object.keys(noOperation) as readonly (keyof OperationDraw)[];
const layers = (count: number): readonly number[] => Array.from({ length: count }, (_, layer) => layer);
const drawName = (layer: number, field: keyof OperationDraw): string => `${layer}/${field}`;

function drawLayer(rng: Rng, level: number, size: number): OperationDraw {
  const id = operationIds[rng.integer(operationIds.length)] ?? 'identity';
  return drawOperation(id, rng.integer(2) === 1 ? -level : level, size);
}

/**
 * Every kind of change in turn, of which for each image all but one change nothing: which one is drawn is a number, and
 * so the graph stays the same.
 */
export function applyOperation(
  planes: Planes,
  draw: (field: keyof OperationDraw) => Tensor,
  interpolation: Interpolation,
): Planes {
  const moved = affine(planes, draw('affine'), interpolation);
  const blended = blend(moved, draw('blend'));
  const sharpened = adjustSharpness(blended, draw('sharpness'));
  const posterized = posterize(sharpened, draw('posterize'));
  const solarized = solarize(posterized, draw('solarize'));
  const stretched = autocontrast(solarized, draw('autocontrast'));
  return equalize(stretched, draw('equalize'));
}
