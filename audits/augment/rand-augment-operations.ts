import { noAffine, rotation } from './affine.ts';
import type { InverseAffine } from './affine.ts';
import { brightness, contrast, noBlend, saturation } from './blend.ts';
import type { BlendWeights } from './blend.ts';
import { noSolarize } from './solarize.ts';

/** What one RandAugment operation asks of the graph, which has a place for each kind of change. */
export interface OperationDraw {
  readonly affine: InverseAffine;
  readonly blend: BlendWeights;
  readonly sharpness: number;
  readonly posterize: number;
  readonly solarize: number;
  readonly autocontrast: number;
  readonly equalize: number;
}

export const noOperation: OperationDraw = {
  affine: noAffine,
  blend: noBlend,
  sharpness: 1,
  posterize: 0,
  solarize: noSolarize,
  autocontrast: 0,
  equalize: 0,
};

interface Operation {
  /** Half of all draws of a signed operation go the other way. */
  readonly signed: boolean;
  /** @param level share of the largest magnitude, 0 to 1, negative the other way. */
  draw(level: number, size: number): Partial<OperationDraw>;
}

const signed = (draw: Operation['draw']): Operation => ({ signed: true, draw });
const unsigned = (draw: Operation['draw']): Operation => ({ signed: false, draw });

/** Pixels at full magnitude: 150 of AutoAugment's 331. Whole ones, towards 0. */
const farthest = (level: number, size: number): number => Math.trunc((level * 150 * size) / 331);

/**
 * RandAugment's operations (Cubuk et al. 2020, section 3) with the magnitudes of torchvision 0.28. A shear is around the
 * upper left corner.
 */
export const operations = {
  identity: unsigned(() => ({})),
  'shear-x': signed((level, size) => ({ affine: [1, 0.3 * level, 0.15 * level * size, 0, 1, 0] })),
  'shear-y': signed((level, size) => ({ affine: [1, 0, 0, 0.3 * level, 1, 0.15 * level * size] })),
  'translate-x': signed((level, size) => ({ affine: [1, 0, -farthest(level, size), 0, 1, 0] })),
  'translate-y': signed((level, size) => ({ affine: [1, 0, 0, 0, 1, -farthest(level, size)] })),
  rotate: signed((level) => ({ affine: rotation(30 * level) })),
  brightness: signed((level) => ({ blend: brightness(1 + 0.9 * level) })),
  color: signed((level) => ({ blend: saturation(1 + 0.9 * level) })),
  contrast: signed((level) => ({ blend: contrast(1 + 0.9 * level) })),
  sharpness: signed((level) => ({ sharpness: 1 + 0.9 * level })),
  posterize: unsigned((level) => ({ posterize: 2 ** roundHalfEven(4 * level) })),
  solarize: unsigned((level) => ({ solarize: 1 - level })),
  autocontrast: unsigned(() => ({ autocontrast: 1 })),
  equalize: unsigned(() => ({ equalize: 1 })),
} satisfies Readonly<Record<string, Operation>>;

export type OperationId = keyof typeof operations;

export const operationIds = Object.keys(operations) as readonly OperationId[];

/** @param level share of the largest magnitude, 0 to 1; its sign counts where the operation has two directions. */
export function drawOperation(id: OperationId, level: number, size: number): OperationDraw {
  const operation: Operation = operations[id];
  return { ...noOperation, ...operation.draw(operation.signed ? level : Math.abs(level), size) };
}

/** Bits dropped are 8 minus torchvision's rounded bits kept; both round a half to the even number. */
function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}
