import type { CompiledStep, Engine, StepDefinition } from '../contract/engine.ts';
import { type Matrix, matrix, matrixRow } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { CheckpointSlot } from '../contract/method.ts';
import { projectionHead, projectRows } from '../losses/behind-head.ts';
import { infonce } from '../losses/infonce.ts';
import type { LossDefaults } from '../losses/loss.ts';
import { mse } from '../losses/mse.ts';
import { predictSiamese, projectSiamese, siameseHead, symmetrizedCosine } from '../losses/siamese-head.ts';
import type { Rng } from '../rng.ts';
import { filterNames, floatsNamed, tensorNamed, type NamedArrays } from '../surrogates/parameters.ts';
import { resumeTraining, saveTraining } from '../surrogates/training-checkpoint.ts';
import { trainingRule, type TrainingRule } from '../surrogates/training-rule.ts';
import { valueAndGradients } from '../tensor/ops.ts';
import type { Scalar, Tensor, Tensor2D, Tensors } from '../tensor/ops.ts';
import { throwIfCancelled } from './define-attack.ts';

/** How a head is trained on the replies to two views of each image. */
export const headMethods = ['simsiam', 'infonce', 'mse'] as const;
export type HeadMethod = (typeof headMethods)[number];

/** Outputs of the paper's heads (512-512-128). */
const OUTPUTS = 128;

/** How the paper's code trains a recreated head (specification 2.3); its batch is the audit's. */
const DEFAULTS: LossDefaults = { batchSize: 256, optimizer: 'adam', learningRate: 1e-3, weightDecay: 1e-4 };

/** Checkpoints of a head's training: an epoch of it is far shorter than one of a surrogate. */
const CHECKPOINTS = 10;

/** A head on the victim's embeddings, and how it is trained. */
interface HeadKind {
  initialize(rng: Rng, dimension: number): NamedArrays;
  /** `[rows, dimension]` to `[rows, outputs]` */
  project(replies: Tensor2D, head: Tensors): Tensor2D;
  /** @param frozen the head's weights as constants: no gradient flows through what they make */
  loss(first: Tensor2D, second: Tensor2D, head: Tensors, frozen: Tensors): Scalar;
}

const plainHead: Pick<HeadKind, 'initialize' | 'project'> = {
  initialize: (rng, dimension) => projectionHead(rng, dimension, OUTPUTS),
  project: projectRows,
};

const kinds: Readonly<Record<HeadMethod, HeadKind>> = {
  simsiam: {
    initialize: siameseHead,
    project: projectSiamese,
    loss: (first, second, head, frozen) =>
      symmetrizedCosine(
        [first, second].map((view) => predictSiamese(projectSiamese(view, head), head)),
        [first, second].map((view) => projectSiamese(view, frozen)),
      ),
  },
  infonce: {
    ...plainHead,
    loss: (first, second, head) =>
      infonce.compute([projectRows(first, head)], [projectRows(second, head)], {}),
  },
  mse: {
    ...plainHead,
    loss: (first, second, head) => mse.compute([projectRows(first, head)], [projectRows(second, head)], {}),
  },
};

export interface HeadRequest {
  readonly engine: Engine;
  readonly method: HeadMethod;
  /** Replies `[images, dimension]` to the first and to the second view of the same images. */
  readonly replies: readonly [Matrix, Matrix];
  readonly epochs: number;
  readonly batchSize: number;
  readonly rng: Rng;
  readonly checkpoint: CheckpointSlot;
  readonly signal: AbortSignal;
  readonly progress: (fraction: number) => void;
}

export interface RecreatedHead {
  readonly weights: NamedArrays;
  /** Mean loss of every epoch. */
  readonly losses: readonly number[];
}

/**
 * Trains a head until it answers alike to both views of an image: all that is known of the victim are its replies. Adam
 * with a cosine schedule; rows that do not fill the last batch of an epoch are left out of that epoch.
 * Resumed from its checkpoint it ends at bitwise the same weights.
 * @throws MoatError `cancelled`; `training-diverged` for a loss that is not finite
 */
export async function trainHead(request: HeadRequest): Promise<RecreatedHead> {
  const { method, replies, rng } = request;
  const [{ rows, columns }] = replies;
  const weights = kinds[method].initialize(rng.derive('initialization'), columns);
  const batchSize = Math.min(request.batchSize, rows);
  const rule = trainingRule(DEFAULTS, {}, { batchSize, learningRateFactor: 1 });
  const compiled = await request.engine.compile(headStep(method, weights, rule, batchSize, columns));
  try {
    const losses = await runEpochs(request, compiled, rule, batchSize);
    const state = await compiled.readState();
    const trained = Object.entries(weights).map(
      ([name, { shape }]) => [name, { shape, data: floatsNamed(state, name) }] as const,
    );
    return { weights: Object.fromEntries(trained), losses };
  } finally {
    await compiled.dispose();
  }
}

/**
 * What the trained head makes of replies, all views in one pass: its batch norms take the statistics of everything that
 * was answered, so that the head is one fixed map.
 * @returns `[rows, outputs]` for each of the given sets of replies
 */
export async function applyHead(
  engine: Engine,
  method: HeadMethod,
  weights: NamedArrays,
  replies: readonly Matrix[],
): Promise<readonly Matrix[]> {
  const columns = replies[0]?.columns ?? 0;
  const count = replies.reduce((sum, { rows }) => sum + rows, 0);
  const stacked = new Float32Array(count * columns);
  let at = 0;
  for (const { data } of replies) {
    stacked.set(data, at);
    at += data.length;
  }
  const definition: StepDefinition<Tensor> = {
    name: `recreated head (${method})`,
    state: weights,
    inputs: { replies: { shape: [count, columns], dtype: 'float32' } },
    step: (state, inputs) => ({
      state: {},
      outputs: { projections: kinds[method].project(tensorNamed(inputs, 'replies') as Tensor2D, state) },
    }),
  };
  const compiled = await engine.compile(definition);
  try {
    const outputs = await compiled.run({ replies: { shape: [count, columns], data: stacked } });
    const projections = floatsNamed(outputs, 'projections');
    const width = projections.length / count;
    let start = 0;
    return replies.map(({ rows }) => {
      const data = projections.slice(start, start + rows * width);
      start += data.length;
      return matrix(data, rows, width);
    });
  } finally {
    await compiled.dispose();
  }
}

/** One step on the replies `[batch, dimension]` to both views. Output: `loss`, the batch's mean before the update. */
function headStep(
  method: HeadMethod,
  weights: NamedArrays,
  { optimizer }: TrainingRule,
  batchSize: number,
  dimension: number,
): StepDefinition<Tensor> {
  const slots = optimizer.slots(weights);
  const view = { shape: [batchSize, dimension], dtype: 'float32' } as const;
  return {
    name: `train a head (${method})`,
    state: { ...weights, ...slots },
    inputs: { ...optimizer.inputs, first: view, second: view },
    step(state, inputs) {
      const pick = (of: NamedArrays): Tensors => filterNames(state, (name) => name in of);
      const [first, second] = [tensorNamed(inputs, 'first'), tensorNamed(inputs, 'second')] as Tensor2D[];
      if (first === undefined || second === undefined) throw new RangeError('a head is trained on two views');
      const frozen = pick(weights);
      const { value, gradients } = valueAndGradients(
        (head) => kinds[method].loss(first, second, head, frozen),
        frozen,
      );
      return {
        state: optimizer.update(frozen, gradients, pick(slots), inputs),
        outputs: { loss: value },
      };
    },
  };
}

async function runEpochs(
  { replies, epochs, rng, checkpoint, signal, progress }: HeadRequest,
  compiled: CompiledStep,
  rule: TrainingRule,
  batchSize: number,
): Promise<readonly number[]> {
  const stepsPerEpoch = Math.floor(replies[0].rows / batchSize);
  const every = Math.ceil(epochs / CHECKPOINTS);
  const losses = [...(await resumeTraining(checkpoint, compiled))];
  for (let epoch = losses.length; epoch < epochs; epoch++) {
    const order = rng.derive(`epoch-${epoch}`).permutation(replies[0].rows);
    let sum = 0;
    for (let at = 0; at < stepsPerEpoch; at++) {
      throwIfCancelled(signal);
      const step = epoch * stepsPerEpoch + at;
      const rows = order.subarray(at * batchSize, (at + 1) * batchSize);
      const [first, second] = replies.map((view) => gatherRows(view, rows));
      const outputs = await compiled.run({
        ...(first === undefined || second === undefined ? {} : { first, second }),
        ...rule.optimizer.feeds(step, rule.rateAt({ step, stepsPerEpoch, epochs })),
      });
      const loss = floatsNamed(outputs, 'loss')[0] ?? Number.NaN;
      if (!Number.isFinite(loss))
        throw new MoatError(
          'training-diverged',
          `The recreated head's loss became ${loss} in epoch ${epoch + 1}.`,
        );
      sum += loss;
    }
    losses.push(sum / stepsPerEpoch);
    progress(losses.length / epochs);
    if (losses.length % every === 0 || losses.length === epochs)
      await saveTraining(checkpoint, compiled, losses);
  }
  return losses;
}

function gatherRows(
  replies: Matrix,
  rows: Uint32Array,
): { readonly shape: number[]; readonly data: Float32Array } {
  const data = new Float32Array(rows.length * replies.columns);
  for (const [at, row] of rows.entries()) data.set(matrixRow(replies, row), at * replies.columns);
  return { shape: [rows.length, replies.columns], data };
}
