import type { Rng } from '../rng.ts';
import { filled, normals, tensorNamed, type NamedArrays } from '../surrogates/parameters.ts';
import { tf } from '../tensor/ops.ts';
import type { Tensor2D, Tensors } from '../tensor/ops.ts';
import type { LossDefinition } from './loss.ts';

/** Width of the hidden layer of the paper's heads (512-512-128). */
const HIDDEN = 512;

/** SimCLR's projection head: linear, ReLU, linear. `[rows, dimension]` to `[rows, outputs]` */
export function projectionHead(rng: Rng, dimension: number, outputs: number): NamedArrays {
  return {
    'hidden/kernel': normals(rng.derive('hidden'), [dimension, HIDDEN], Math.sqrt(2 / dimension)),
    'hidden/bias': filled([HIDDEN], 0),
    'output/kernel': normals(rng.derive('output'), [HIDDEN, outputs], Math.sqrt(1 / HIDDEN)),
    'output/bias': filled([outputs], 0),
  };
}

export function projectRows(rows: Tensor2D, head: Tensors): Tensor2D {
  const layer = (input: Tensor2D, name: string): Tensor2D =>
    tf.add(tf.matMul(input, tensorNamed(head, `${name}/kernel`)), tensorNamed(head, `${name}/bias`));
  return layer(tf.relu(layer(rows, 'hidden')), 'output');
}

/**
 * A loss between the victim's projections and what a projection head of the attacker's own makes of the surrogate's
 * embedding (specification 2.3 and 2.4). The head is trained along and thrown away.
 * @param loss one without a head
 */
export function behindHead(loss: LossDefinition): LossDefinition {
  return {
    ...loss,
    affineEquivariant: false,
    head: { initialize: projectionHead },
    compute: (surrogateViews, victimViews, options, inputs) =>
      loss.compute(
        surrogateViews.map((view) => projectRows(view, inputs?.head ?? {})),
        victimViews,
        options,
        { ...inputs, head: {} },
      ),
  };
}
