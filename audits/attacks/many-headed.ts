import { type Images, type Matrix, matrix, sliceImages } from '../contract/data.ts';
import type { AttackContext, AttackOutcome } from '../contract/method.ts';
import type { LossDefinition } from '../losses/loss.ts';
import { mse } from '../losses/mse.ts';
import { viewAt } from '../losses/views.ts';
import type { Architecture } from '../surrogates/architecture.ts';
import { fitSurrogate } from '../surrogates/fit.ts';
import { filled, filterNames, normals, tensorNamed } from '../surrogates/parameters.ts';
import { trainedArchitecture } from '../surrogates/on-backbone.ts';
import { measureTargets, standardizeTargets } from '../surrogates/targets.ts';
import { type Scalar, type Tensor2D, tf } from '../tensor/ops.ts';
import { bitValues } from './account-maps.ts';
import type { Piece } from './merged-accounts.ts';

/** Names of the heads that are thrown away after the training. */
const HEADS_KERNEL = 'account-heads/kernel';
const HEADS_BIAS = 'account-heads/bias';

/**
 * Trains one surrogate on the replies of several accounts without a single image in common: behind the shared network
 * stands a linear head per account, which absorbs that account's transform, and every reply is compared with its own
 * account's head only, `sum_k ‖H_k(g(x)) - y_k(x)‖²` (landscape A15); for replies in bits the heads are logistic. What
 * remains when the heads are thrown away is `g`.
 * @param images the images answered @param pieces their replies, in the order of the images
 */
export async function trainManyHeaded(
  context: AttackContext,
  images: Images,
  pieces: readonly Piece[],
  report: (fraction: number, stage: string) => void,
): Promise<AttackOutcome> {
  const { dimension, accounts } = context.oracle;
  const { targets, areBits } = headTargets(pieces, dimension, accounts);
  const inner = trainedArchitecture(context.surrogate);
  const { surrogate, diagnostics } = await fitSurrogate({
    engine: context.engine,
    settings: context.surrogate,
    dimension: targets.columns,
    inputs: [sliceImages(images, 0, targets.rows)],
    targets: [targets],
    loss: headsLoss(accounts, dimension, areBits),
    lossOptions: {},
    rng: context.rng.derive('surrogate'),
    checkpoint: context.checkpoint,
    signal: context.signal,
    progress: report,
    log: (message) => context.log(message),
    architecture: withHeads(inner, dimension, accounts),
  });
  // On a backbone's features only what stands before the heads was kept.
  if (surrogate.kind !== 'network') return { surrogate, diagnostics };
  const weights = filterNames(surrogate.weights, (name) => name !== HEADS_KERNEL && name !== HEADS_BIAS);
  return { surrogate: { ...surrogate, dimension, weights }, diagnostics };
}

/**
 * Replies as the heads' targets `[rows, accounts * dimension + accounts]`: each in its account's columns, then a 1 in the
 * column of the account. Standardised per account as a single surrogate's would be; bits become 0 and 1.
 */
function headTargets(
  pieces: readonly Piece[],
  dimension: number,
  accounts: number,
): { readonly targets: Matrix; readonly areBits: boolean } {
  const columns = accounts * dimension + accounts;
  const rows = pieces.reduce((sum, { replies }) => sum + replies.rows, 0);
  const data = new Float32Array(rows * columns);
  const bits = pieces.flatMap(({ replies }) => bitValues(replies) ?? []);
  const [{ low, high } = { low: 0, high: 0 }] = bits;
  const middle = bits.length === pieces.length ? (low + high) / 2 : undefined;
  const maps = Array.from({ length: accounts }, (_, account) =>
    measureTargets(
      pieces.filter((piece) => piece.account === account).map(({ replies }) => replies),
      dimension,
    ),
  );
  let row = 0;
  for (const { account, replies } of pieces) {
    const map = maps[account];
    if (map === undefined) throw new RangeError(`account ${account} of ${accounts}`);
    const values =
      middle !== undefined
        ? replies.data.map((value) => (value > middle ? 1 : 0))
        : standardizeTargets(replies, map).data;
    for (let i = 0; i < replies.rows; i++, row++) {
      data.set(values.subarray(i * dimension, (i + 1) * dimension), row * columns + account * dimension);
      data[row * columns + accounts * dimension + account] = 1;
    }
  }
  return { targets: matrix(data, rows, columns), areBits: middle !== undefined };
}

/** The same network with a linear head per account; the columns that say whose a target is get zeros. */
function withHeads(inner: Architecture, dimension: number, accounts: number): Architecture {
  return {
    ...inner,
    initialize(rng, _columns, inputSize) {
      const { weights, statistics } = inner.initialize(rng, dimension, inputSize);
      const width = accounts * dimension;
      return {
        weights: {
          ...weights,
          [HEADS_KERNEL]: normals(rng.derive('account-heads'), [dimension, width], 1 / Math.sqrt(dimension)),
          [HEADS_BIAS]: filled([width], 0),
        },
        statistics,
      };
    },
    forward(parameters, images, mode) {
      const { embedding, batchStatistics } = inner.forward(parameters, images, mode);
      const heads: Tensor2D = tf.add(
        tf.matMul(embedding, tensorNamed(parameters, HEADS_KERNEL) as Tensor2D),
        tensorNamed(parameters, HEADS_BIAS),
      );
      return {
        embedding: tf.pad(heads, [
          [0, 0],
          [0, accounts],
        ]),
        batchStatistics,
      };
    },
  };
}

/** The mean over rows of what each loses at its own account's head: squared error, or for bits cross-entropy. */
function headsLoss(accounts: number, dimension: number, areBits: boolean): LossDefinition {
  return {
    ...mse,
    id: areBits ? 'account-heads-bits' : 'account-heads',
    views: [1],
    // The targets carry who they belong to: they are standardised per account before.
    affineEquivariant: false,
    compute(surrogateViews, victimViews): Scalar {
      const [given, wanted] = [viewAt(surrogateViews, 0), viewAt(victimViews, 0)];
      const rows = given.shape[0];
      const blocks = (of: Tensor2D) =>
        tf.reshape(tf.slice(of, [0, 0], [rows, accounts * dimension]), [rows, accounts, dimension]);
      const [heads, replies] = [blocks(given), blocks(wanted)];
      const owner = tf.reshape(tf.slice(wanted, [0, accounts * dimension], [rows, accounts]), [
        rows,
        accounts,
        1,
      ]);
      // Cross-entropy of a logit h with a bit z: log(1 + exp h) - z h.
      const lost = areBits
        ? tf.sub(tf.softplus(heads), tf.mul(replies, heads))
        : tf.square(tf.sub(heads, replies));
      return tf.div(tf.sum(tf.mul(lost, owner)), rows * dimension);
    },
  };
}
