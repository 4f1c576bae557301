import type { CompiledStep, Engine, HostTensor, StepDefinition } from '../contract/engine.ts';
import type { Images } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { Checkpoint, CheckpointSlot, SurrogateModel } from '../contract/method.ts';
import { simclrView } from '../augment/simclr-views.ts';
import { infonce } from '../losses/infonce.ts';
import { cosine } from '../learning-rates/cosine.ts';
import { adam } from '../optimizers/adam.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import type { Rng } from '../rng.ts';
import type { Architecture } from '../surrogates/architecture.ts';
import {
  filled,
  filterNames,
  floatsNamed,
  normals,
  tensorNamed,
  type NamedArrays,
} from '../surrogates/parameters.ts';
import { findArchitecture } from '../surrogates/registry.ts';
import { resizePixels } from '../surrogates/resize.ts';
import { moveStatistics } from '../surrogates/training-step.ts';
import {
  tf,
  valueAndGradients,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  type Tensors,
} from '../tensor/ops.ts';

/** Width of the latent space in which views are compared (paper, section 1.1: head 512-512-128). */
const PROJECTION = 128;
const WEIGHT_DECAY = 1e-4;
const CHECKPOINT_STAGE = 'simclr';

export interface SimclrRequest {
  readonly engine: Engine;
  readonly architecture: string;
  /** Length of the embedding; the projection head is thrown away after training. */
  readonly dimension: number;
  readonly inputSize: number;
  /** Unlabelled images of any size. */
  readonly images: Images;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly temperature: number;
  readonly rng: Rng;
  readonly checkpoint: CheckpointSlot;
  readonly signal: AbortSignal;
  progress(fraction: number, stage: string): void;
}

/**
 * Trains an encoder without labels by SimCLR (Chen et al., ICML 2020): two augmented views of each image, a two-layer
 * projection head, NT-Xent between the views of a batch. Adam with a cosine schedule, as the paper's victims (1.1).
 * Resumed from its checkpoint it ends at bitwise the same weights.
 * @throws MoatError `cancelled`, `training-diverged`, `dataset-too-small` below one batch of two images
 */
export async function trainSimclr(request: SimclrRequest): Promise<{
  readonly encoder: Extract<SurrogateModel, { kind: 'network' }>;
  /** Mean loss per epoch. */
  readonly losses: readonly number[];
}> {
  const { rng, inputSize, dimension, images } = request;
  if (images.count < 2)
    throw new MoatError('dataset-too-small', `SimCLR needs at least two images, got ${images.count}.`);
  const architecture = findArchitecture(request.architecture);
  const { weights, statistics } = architecture.initialize(rng.derive('initialization'), dimension, inputSize);
  const head = projectionHead(rng.derive('projection'), dimension);
  const optimizer = adam.create({ weightDecay: WEIGHT_DECAY });
  const batchSize = Math.min(request.batchSize, images.count);
  const compiled = await request.engine.compile(
    simclrStep({
      architecture,
      weights: { ...weights, ...head },
      statistics,
      optimizer,
      batchSize,
      inputSize,
      temperature: request.temperature,
    }),
  );
  try {
    const losses = await runEpochs(request, compiled, optimizer, batchSize);
    const state = await compiled.readState();
    const kept = Object.fromEntries(
      Object.entries({ ...weights, ...statistics }).map(([name, { shape }]) => [
        name,
        { shape, data: floatsNamed(state, name) },
      ]),
    );
    return {
      encoder: { kind: 'network', architecture: architecture.id, inputSize, dimension, weights: kept },
      losses,
    };
  } finally {
    await compiled.dispose();
  }
}

function projectionHead(rng: Rng, dimension: number): NamedArrays {
  return {
    'projection/hidden': normals(rng.derive('hidden'), [dimension, dimension], Math.sqrt(2 / dimension)),
    'projection/hidden-bias': filled([dimension], 0),
    'projection/output': normals(rng.derive('output'), [dimension, PROJECTION], Math.sqrt(1 / dimension)),
  };
}

interface SimclrStepPlan {
  readonly architecture: Architecture;
  readonly weights: NamedArrays;
  readonly statistics: NamedArrays;
  readonly optimizer: Optimizer;
  readonly batchSize: number;
  readonly inputSize: number;
  readonly temperature: number;
}

/** Both views go through the network as one batch `[2 * batch, size, size, 3]`: first views, then second ones. */
function simclrStep(plan: SimclrStepPlan): StepDefinition<Tensor> {
  const { weights, statistics, optimizer, batchSize, inputSize } = plan;
  const slots = optimizer.slots(weights);
  return {
    name: `simclr ${plan.architecture.id}`,
    state: { ...weights, ...statistics, ...slots },
    inputs: {
      ...optimizer.inputs,
      views: { shape: [2 * batchSize, inputSize, inputSize, 3], dtype: 'float32' },
    },
    step(state, inputs) {
      const pick = (of: NamedArrays): Tensors => filterNames(state, (name) => name in of);
      const current = pick(statistics);
      let moved: Tensors = {};
      const { value, gradients } = valueAndGradients((parameters) => {
        const views = tensorNamed(inputs, 'views') as Tensor4D;
        const { embedding, batchStatistics } = plan.architecture.forward(
          { ...current, ...parameters },
          views,
          'train',
        );
        moved = moveStatistics(current, batchStatistics);
        const hidden = tf.relu(
          tf.add(
            tf.matMul(embedding, tensorNamed(parameters, 'projection/hidden')),
            tensorNamed(parameters, 'projection/hidden-bias'),
          ),
        );
        const latent: Tensor2D = tf.matMul(hidden, tensorNamed(parameters, 'projection/output'));
        const first = tf.slice2d(latent, [0, 0], [batchSize, PROJECTION]);
        const second = tf.slice2d(latent, [batchSize, 0], [batchSize, PROJECTION]);
        return infonce.compute([first], [second], { temperature: plan.temperature });
      }, pick(weights));
      return {
        state: { ...optimizer.update(pick(weights), gradients, pick(slots), inputs), ...moved },
        outputs: { loss: value },
      };
    },
  };
}

async function runEpochs(
  request: SimclrRequest,
  compiled: CompiledStep,
  optimizer: Optimizer,
  batchSize: number,
): Promise<readonly number[]> {
  const { images, inputSize, epochs, rng, signal } = request;
  const pixels = resizePixels(images, inputSize);
  const stepsPerEpoch = Math.floor(images.count / batchSize);
  const totalSteps = stepsPerEpoch * epochs;
  const losses = [...(await resume(request, compiled))];
  for (let epoch = losses.length; epoch < epochs; epoch++) {
    const epochRng = rng.derive(`epoch-${epoch}`);
    const order = epochRng.permutation(images.count);
    const viewRng = epochRng.derive('views');
    let sum = 0;
    for (let at = 0; at < stepsPerEpoch; at++) {
      if (signal.aborted) throw new MoatError('cancelled', 'The training was cancelled.');
      const step = epoch * stepsPerEpoch + at;
      const rows = order.subarray(at * batchSize, (at + 1) * batchSize);
      const outputs = await compiled.run({
        views: drawViews(pixels, rows, inputSize, viewRng),
        ...optimizer.feeds(step, cosine.rate(request.learningRate, { step, stepsPerEpoch, epochs })),
      });
      const loss = floatsNamed(outputs, 'loss')[0] ?? Number.NaN;
      if (!Number.isFinite(loss))
        throw new MoatError(
          'training-diverged',
          `The SimCLR loss became ${loss} at step ${step + 1} of ${totalSteps}.`,
        );
      sum += loss;
      request.progress((step + 1) / totalSteps, 'training without labels');
    }
    losses.push(sum / stepsPerEpoch);
    await save(request, compiled, losses);
  }
  return losses;
}

function drawViews(pixels: Uint8Array, rows: Uint32Array, size: number, rng: Rng): HostTensor {
  const length = size * size * 3;
  const data = new Float32Array(2 * rows.length * length);
  for (const [at, row] of rows.entries()) {
    const source = pixels.subarray(row * length, (row + 1) * length);
    data.set(simclrView(source, size, size, size, rng), at * length);
    data.set(simclrView(source, size, size, size, rng), (rows.length + at) * length);
  }
  return { shape: [2 * rows.length, size, size, 3], data };
}

async function save(
  { checkpoint }: SimclrRequest,
  compiled: CompiledStep,
  losses: readonly number[],
): Promise<void> {
  const state = await compiled.readState();
  const tensors = Object.fromEntries(
    Object.entries(state).map(([name, { shape }]) => [name, { shape, data: floatsNamed(state, name) }]),
  );
  await checkpoint.save({ progress: { stage: CHECKPOINT_STAGE, losses: [...losses] }, tensors });
}

async function resume({ checkpoint }: SimclrRequest, compiled: CompiledStep): Promise<readonly number[]> {
  const saved: Checkpoint | undefined = await checkpoint.load();
  const losses = saved?.progress['losses'];
  if (saved === undefined || saved.progress['stage'] !== CHECKPOINT_STAGE || !Array.isArray(losses))
    return [];
  await compiled.writeState(saved.tensors);
  return losses.map(Number);
}
