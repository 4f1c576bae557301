import type { Rng } from '../rng.ts';
import { tf } from '../tensor/ops.ts';
import type { Tensor } from '../tensor/ops.ts';
import { between } from './between.ts';
import { blend, brightness, contrast, noBlend, saturation } from './blend.ts';
import type { BlendWeights } from './blend.ts';
import { turnHue } from './hue.ts';
import type { Planes } from './planes.ts';

/** Factors of brightness, contrast and saturation are drawn from 1 - strength ... 1 + strength, turns up to `hue`. */
export interface JitterStrength {
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  readonly hue: number;
}

/** Brightness, contrast and saturation. */
const BLENDS = 3;

/** Numbers per image: blends before the hue is turned, the turn, blends after it. */
export const jitterDraws = { before: BLENDS * 3, hue: 1, after: BLENDS * 3 } as const;

interface JitterDraw {
  readonly before: readonly number[];
  readonly hue: readonly number[];
  readonly after: readonly number[];
}

export const noJitter: JitterDraw = {
  before: [noBlend, noBlend, noBlend].flat(),
  hue: [0],
  after: [noBlend, noBlend, noBlend].flat(),
};

/**
 * torchvision's `ColorJitter`: four changes in an order of their own for every image.
 *
 * A graph cannot change its order, but three of the changes are one operation with different weights (`blend.ts`). So
 * the graph has three blends, the turn of the hue, and three blends again, and the host puts each change into its
 * place; the three places left change nothing. All 24 orders at the price of three more blends.
 */
export function drawJitter(rng: Rng, strength: JitterStrength): JitterDraw {
  const factor = (by: number): number => between(rng, [Math.max(0, 1 - by), 1 + by]);
  const before: BlendWeights[] = [];
  const after: BlendWeights[] = [];
  let hue: number | undefined;
  for (const change of rng.permutation(BLENDS + 1)) {
    const blends = hue === undefined ? before : after;
    if (change === 0) blends.push(brightness(factor(strength.brightness)));
    else if (change === 1) blends.push(contrast(factor(strength.contrast)));
    else if (change === 2) blends.push(saturation(factor(strength.saturation)));
    else hue = between(rng, [-strength.hue, strength.hue]);
  }
  const filled = (blends: readonly BlendWeights[]): readonly number[] =>
    Array.from({ length: BLENDS }, (_, at) => blends[at] ?? noBlend).flat();
  return { before: filled(before), hue: [hue ?? 0], after: filled(after) };
}

/** @param draws as `drawJitter` gives them, `[batch, 9]`, `[batch, 1]`, `[batch, 9]`. */
export function colorJitter(
  planes: Planes,
  draws: { readonly before: Tensor; readonly hue: Tensor; readonly after: Tensor },
): Planes {
  return blendAll(turnHue(blendAll(planes, draws.before), draws.hue), draws.after);
}

function blendAll(planes: Planes, weights: Tensor): Planes {
  const batch = weights.shape[0] ?? 0;
  let blended = planes;
  for (let at = 0; at < BLENDS; at++) blended = blend(blended, tf.slice(weights, [0, 3 * at], [batch, 3]));
  return blended;
}
