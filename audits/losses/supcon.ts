import { tf } from '../tensor/ops.ts';
import type { Scalar, Tensor1D, Tensor2D } from '../tensor/ops.ts';
import type { LossDefinition } from './loss.ts';
import { normalizeRows } from './views.ts';

/** The temperature of the paper's runs, and of Khosla et al.'s reference code. */
const DEFAULT_TEMPERATURE = 0.07;

/** Takes a row's similarity with itself out of the softmax: its exponential is 0 in float32. */
const SELF_SIMILARITY = -1e9;

/**
 * Supervised contrastive loss over both encoders (specification 3.6; Khosla et al., NeurIPS 2020, L_out): rows
 * `F = [A1; A2; V1; V2]` of length 1, `s_rc = F_r . F_c / T`, `P(r)` the other rows of the same class, and
 * `L = mean_r mean_{c in P(r)} (log sum_{k != r} exp(s_rk) - s_rc)`. A row's own image alone puts three rows into `P(r)`.
 * The attacker knows the classes of what it sends: it holds a labelled public set.
 */
export const supcon: LossDefinition = {
  id: 'supcon',
  summary: 'Supervised contrastive: rows of the same class attract each other; needs labelled queries.',
  views: [2],
  defaults: { batchSize: 256, optimizer: 'sgd-momentum', learningRate: 0.05, weightDecay: 1e-4 },
  options: { temperature: DEFAULT_TEMPERATURE },
  // Normalised rows: an offset would move every target's direction, a factor does nothing.
  affineEquivariant: false,
  // The other rows of the batch are in the denominator.
  meanOverRows: false,
  needsLabels: true,
  compute(surrogateViews, victimViews, options, inputs) {
    if (inputs?.labels === undefined) throw new RangeError('supcon was given no labels');
    const blocks = [...surrogateViews, ...victimViews].map(normalizeRows);
    const rows: Tensor2D = tf.concat(blocks, 0); // [4 batch, dimension]
    const count = rows.shape[0];
    const others = tf.sub(1, tf.eye(count));
    const similarities = tf.div(
      tf.matMul(rows, rows, false, true),
      options.temperature ?? DEFAULT_TEMPERATURE,
    );
    const withoutSelf = tf.add(similarities, tf.mul(tf.eye(count), SELF_SIMILARITY));
    const denominators: Tensor2D = tf.logSumExp(withoutSelf, 1, true); // [rows, 1]
    const positives = tf.mul(sameClass(inputs.labels, blocks.length), others);
    const terms = tf.mul(tf.sub(denominators, similarities), positives);
    const loss: Scalar = tf.mean(tf.div(tf.sum(terms, 1), tf.sum(positives, 1)));
    return loss;
  },
};

/** 1 where two rows of the stacked blocks have one class. Whole numbers differ by 0 or by at least 1. */
function sameClass(labels: Tensor1D, blocks: number): Tensor2D {
  const stacked = tf.tile(labels, [blocks]);
  const difference = tf.sub(tf.reshape(stacked, [-1, 1]), tf.reshape(stacked, [1, -1]));
  return tf.relu(tf.sub(1, tf.abs(difference)));
}
