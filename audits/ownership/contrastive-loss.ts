import { matrix, selectRows, type Matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { DisturbedEmbeddings } from '../contract/ownership.ts';
import { normalizeRows } from '../tensor/linear-algebra/cosine-neighbors.ts';

/** The loss that contrastive encoders are trained with, as a measurement of one encoder. */

/**
 * Mean InfoNCE (SimCLR's NT-Xent) of two views of the same images: per view `-log(exp(s⁺/τ) / Σ exp(s/τ))`, s the cosines with
 * the `2 n - 1` other vectors of the batch and s⁺ that of the image's other view. In nats.
 * @param first `[n, dimension]`, n >= 2 @param second the other view of the same images, in the same order
 */
export async function infoNce(
  engine: Pick<Engine, 'matmul'>,
  first: Matrix,
  second: Matrix,
  temperature: number,
): Promise<number> {
  if (first.rows !== second.rows || first.columns !== second.columns || first.rows < 2)
    throw new RangeError(`two views of ${first.rows} and ${second.rows} images`);
  const { rows: images, columns } = first;
  const both = new Float32Array(2 * images * columns);
  both.set(first.data);
  both.set(second.data, first.data.length);
  const unit = normalizeRows(matrix(both, 2 * images, columns));
  const { data: cosines } = await engine.matmul(unit, unit, { transposeB: true });
  let sum = 0;
  for (let row = 0; row < 2 * images; row++) {
    const own = cosines.subarray(row * 2 * images, (row + 1) * 2 * images);
    let total = 0;
    // Cosines are at most 1, so shifting by 1 keeps every exponential finite.
    for (let other = 0; other < own.length; other++)
      if (other !== row) total += Math.exp(((own[other] ?? 0) - 1) / temperature);
    const positive = own[(row + images) % (2 * images)] ?? 0;
    sum += Math.log(total) - (positive - 1) / temperature;
  }
  return sum / (2 * images);
}

/**
 * InfoNCE per disjoint batch of images, the first two copies of each being its views.
 * @returns `[⌊images / batch⌋]` losses in nats
 */
export async function batchLosses(
  engine: Pick<Engine, 'matmul'>,
  { images, perImage, embeddings }: DisturbedEmbeddings,
  { batch, temperature }: { readonly batch: number; readonly temperature: number },
): Promise<Float64Array> {
  const losses = new Float64Array(Math.floor(images / batch));
  for (let i = 0; i < losses.length; i++) {
    const view = (which: number): Matrix =>
      selectRows(
        embeddings,
        Array.from({ length: batch }, (_, at) => (i * batch + at) * perImage + which),
      );
    losses[i] = await infoNce(engine, view(0), view(1), temperature);
  }
  return losses;
}
