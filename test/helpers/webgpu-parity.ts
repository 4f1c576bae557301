/**
 * Entry of a child process that finds a WebGPU driver: trains small networks on it and on the processor, and prints as
 * JSON by how much each step differs.
 */
import process from 'node:process';
import { compareStep } from '../../audits/devices/parity.ts';
import { parityNet, smallBatch, smallStep } from '../../audits/devices/small-net.ts';
import type { StepDefinition, StepValues } from '../../audits/contract/engine.ts';
import type { LossDefinition } from '../../audits/losses/loss.ts';
import { losses } from '../../audits/losses/registry.ts';
import { createRng } from '../../audits/rng.ts';
import type { Optimizer } from '../../audits/optimizers/optimizer.ts';
import { findOptimizer, optimizers } from '../../audits/optimizers/registry.ts';
import { findArchitecture } from '../../audits/surrogates/registry.ts';
import { lossHead, trainingStep } from '../../audits/surrogates/training-step.ts';
import { createEngine } from '../../audits/tensor/engine.ts';
import type { Tensor } from '../../audits/tensor/ops.ts';

export interface ParityReport {
  readonly differences: Readonly<Record<string, { readonly loss: number; readonly update: number }>>;
  /** Losses of the same steps in blocks on WebGPU and one by one on the processor. */
  readonly blocks: readonly [webgpu: readonly number[], cpu: readonly number[]];
  /** Largest difference of a matrix product. */
  readonly product: number;
}

const BATCH = 4;
const SIDE = 8;
const DIMENSION = 8;
const BLOCK_STEPS = 11;
const WARM_STEPS = 1000;

const webgpu = await createEngine('onnx', { threads: 1, device: 'webgpu' });
const cpu = await createEngine('onnx', { threads: 1 });

/** A training step of the product's own and inputs for it. */
function step(
  architectureId: string,
  loss: LossDefinition,
  optimizer: Optimizer,
  views: number,
): readonly [StepDefinition<Tensor>, StepValues] {
  const architecture = findArchitecture(architectureId);
  const rng = createRng('webgpu');
  const { weights: network, statistics } = architecture.initialize(rng.derive('weights'), DIMENSION, SIDE);
  const head = lossHead(loss, rng.derive('loss-head'), { dimension: DIMENSION, replyDimension: DIMENSION });
  const weights = { ...network, ...head };
  const plan = { weights, statistics, optimizer, loss, lossOptions: {}, views };
  const definition = trainingStep({
    ...plan,
    architecture,
    batchSize: BATCH,
    inputSize: SIDE,
    dimension: DIMENSION,
  });
  const inputs = Object.entries(definition.inputs).map(([name, { shape }]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return [name, { shape, data: Float32Array.from({ length }, () => rng.uniform()) }] as const;
  });
  return [warm(definition), { ...Object.fromEntries(inputs), ...optimizer.feeds(WARM_STEPS, 1e-2) }];
}

/**
 * As in the middle of a training: Adam's very first step is the sign of each gradient, which rounding decides where a
 * gradient is nearly 0.
 */
function warm(definition: StepDefinition<Tensor>): StepDefinition<Tensor> {
  const state = Object.entries(definition.state).map(([name, tensor]) =>
    name.startsWith('adam/second/')
      ? ([name, { ...tensor, data: tensor.data.map(() => 1e-2) }] as const)
      : ([name, tensor] as const),
  );
  return { ...definition, state: Object.fromEntries(state) };
}

const differences: Record<string, { loss: number; update: number }> = {};
differences['small net'] = await compareStep(webgpu, cpu, smallStep(parityNet), smallBatch(parityNet, 0));
const [mse] = losses;
const sgd = findOptimizer('sgd-momentum').create({ weightDecay: 1e-4 });
const compare = async (
  architecture: string,
  loss: LossDefinition,
  views: number,
  optimizer: Optimizer,
  name: string,
): Promise<void> => {
  const [definition, inputs] = step(architecture, loss, optimizer, views);
  const difference = await compareStep(webgpu, cpu, definition, inputs);
  differences[`${architecture}, ${loss.id}, ${views} views, ${name}`] = difference;
};
for (const loss of losses as readonly LossDefinition[])
  for (const views of loss.views) await compare('small-cnn', loss, views, sgd, 'sgd-momentum');
for (const optimizer of optimizers)
  if (optimizer.id !== 'sgd-momentum')
    await compare('small-cnn', mse, 1, optimizer.create({ weightDecay: 1e-4 }), optimizer.id);
await compare('resnet18', mse, 1, sgd, 'sgd-momentum');

const batches = Array.from({ length: BLOCK_STEPS }, (_, at) => smallBatch(parityNet, at));
const lossesOf = async (engine: typeof webgpu): Promise<readonly number[]> => {
  const compiled = await engine.compile(smallStep(parityNet));
  const outputs = await compiled.runMany(batches);
  return outputs.map(({ loss }) => loss?.data[0] ?? Number.NaN);
};
const blocks = [await lossesOf(webgpu), await lossesOf(cpu)] as const;

const rng = createRng('product');
const matrix = (rows: number, columns: number) => ({
  rows,
  columns,
  data: Float32Array.from({ length: rows * columns }, () => rng.normal()),
});
const [left, right] = [matrix(37, 64), matrix(53, 64)];
const [ours, theirs] = [
  await webgpu.matmul(left, right, { transposeB: true }),
  await cpu.matmul(left, right, { transposeB: true }),
];
const product = ours.data.reduce(
  (most, value, i) => Math.max(most, Math.abs(value - (theirs.data[i] ?? NaN))),
  0,
);

const report: ParityReport = { differences, blocks, product };
process.stdout.write(JSON.stringify(report), () => process.exit(0));
