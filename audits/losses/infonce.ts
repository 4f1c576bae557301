import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor1D, Tensor2D } from '../tensor/ops.ts';
import type { LossDefinition } from './loss.ts';
import { normalizeRows, viewAt } from './views.ts';

/** The temperature of the paper's CIFAR-10 and SVHN runs. */
const DEFAULT_TEMPERATURE = 0.07;

/** Takes a row's similarity with itself out of the softmax: its exponential is 0 in float32. */
const SELF_SIMILARITY = -1e9;

/**
 * Contrastive loss over both encoders' embeddings at once (NT-Xent; specification 3.3). The blocks are stacked,
 * `X = [A; V]` or `[A1; A2; V1; V2]`, every row of length 1, `s_rc = X_r . X_c / T`, and
 * `L = mean_r (log sum_{c != r} exp(s_rc) - s_{r, positive(r)})`. All rows but the row itself are in the
 * denominator, rows of the same encoder and the other positives included.
 */
export const infonce: LossDefinition = {
  id: 'infonce',
  summary: 'Contrastive: the reply to the same image must be the nearest among all rows of the batch.',
  views: [1, 2],
  defaults: { batchSize: 256, optimizer: 'adam', learningRate: 3e-4, weightDecay: 1e-4 },
  options: { temperature: DEFAULT_TEMPERATURE, positives: 'mean' },
  // Normalised rows: an offset would move every target's direction, a factor does nothing.
  affineEquivariant: false,
  // The other rows of the batch are in the denominator.
  meanOverRows: false,
  compute(surrogateViews, victimViews, options) {
    const temperature = options.temperature ?? DEFAULT_TEMPERATURE;
    const blocks = [...surrogateViews, ...victimViews].map(normalizeRows);
    const rows = tf.concat(blocks, 0); // [blocks * batch, dimension]
    const count = rows.shape[0];
    const similarities: Tensor2D = tf.div(tf.matMul(rows, rows, false, true), temperature);
    const withoutSelf = tf.add(similarities, tf.mul(tf.eye(count), SELF_SIMILARITY));
    const denominator: Scalar = tf.mean(tf.logSumExp(withoutSelf, 1));
    const positive = tf.div(positiveSimilarity(blocks, options.positives ?? 'mean'), temperature);
    return tf.sub(denominator, positive);
  },
};

/** Mean over all rows of the (unscaled) similarity with their positive, which sits at the same row of another block. */
function positiveSimilarity(blocks: readonly Tensor2D[], positives: 'first' | 'mean'): Scalar {
  const pairs = positives === 'first' ? firstPositives(blocks.length) : allPositives(blocks.length);
  const terms = pairs.map(([left, right]): Tensor1D =>
    tf.sum(tf.mul(viewAt(blocks, left), viewAt(blocks, right)), 1),
  );
  return tf.mean(tf.concat(terms, 0));
}

/** As the paper's code takes them: the first other block in stacking order; so block 0 serves all but itself. */
function firstPositives(blocks: number): readonly (readonly [number, number])[] {
  return Array.from({ length: blocks }, (_, block) => [block, block === 0 ? 1 : 0] as const);
}

/** Every ordered pair of two blocks once is every unordered pair twice: one of the two is enough for a mean. */
function allPositives(blocks: number): readonly (readonly [number, number])[] {
  return Array.from({ length: blocks }, (_, left) =>
    Array.from({ length: blocks - left - 1 }, (__, step) => [left, left + 1 + step] as const),
  ).flat();
}
