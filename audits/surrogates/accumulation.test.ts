import { afterAll, expect, test } from 'vitest';
import { augmentationIds, openAugmentation } from '../augment/registry.ts';
import type { StepValues } from '../contract/engine.ts';
import { matrix } from '../contract/data.ts';
import { findLoss } from '../losses/registry.ts';
import { adam } from '../optimizers/adam.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { tf } from '../tensor/ops.ts';
import { accumulatingStep, splitBatch } from './accumulation.ts';
import type { Architecture } from './architecture.ts';
import { batchInputs, isAppliedOnHost } from './batches.ts';
import { floatsNamed, normals, tensorNamed } from './parameters.ts';
import { trainingStep } from './training-step.ts';

const SIZE = 8;
const LENGTH = SIZE * SIZE * 3;
const BATCH = 6;
const DIMENSION = 3;

const engine = await createEngine('onnx', { threads: 1 });
afterAll(() => engine.dispose());

/** Looks at each row alone: no batch norm. */
const linear: Architecture = {
  id: 'linear',
  summary: 'One linear map of the pixels.',
  features: LENGTH,
  learningRateFactor: 1,
  initialize: (rng, dimension) => ({
    weights: { kernel: normals(rng, [LENGTH, dimension], 0.1) },
    statistics: {},
  }),
  forward: (parameters, images) => ({
    embedding: tf.matMul(tf.reshape(images, [-1, LENGTH]), tensorNamed(parameters, 'kernel')),
    batchStatistics: {},
  }),
};

test.each(augmentationIds)('a batch in parts moves the weights as the whole one does: %s', async (id) => {
  const rng = createRng(1);
  const augmentation = openAugmentation(id);
  const optimizer = adam.create({ weightDecay: 0 });
  const plan = {
    ...linear.initialize(rng.derive('initialization'), DIMENSION, SIZE),
    architecture: linear,
    optimizer,
    loss: findLoss('mse'),
    lossOptions: {},
    augmentations: [isAppliedOnHost(augmentation) ? undefined : augmentation],
    views: 1,
    batchSize: BATCH,
    inputSize: SIZE,
    dimension: DIMENSION,
  };
  const pixels = Uint8Array.from({ length: BATCH * LENGTH }, () => rng.integer(256));
  const targets = matrix(
    Float32Array.from({ length: BATCH * DIMENSION }, () => rng.normal()),
    BATCH,
    DIMENSION,
  );
  const rows = Uint32Array.from({ length: BATCH }, (_, row) => row);
  const draws = rng.derive('draws');
  const steps = [0, 1].map((step): StepValues => ({
    ...batchInputs([{ pixels, targets, augmentation }], rows, SIZE, draws),
    ...optimizer.feeds(step, 1e-2),
  }));
  const weightsAfter = async (parts: number): Promise<Float32Array> => {
    const compiled = await engine.compile(parts === 1 ? trainingStep(plan) : accumulatingStep(plan, parts));
    for (const step of steps) for (const inputs of splitBatch(step, parts)) await compiled.run(inputs);
    const kernel = floatsNamed(await compiled.readState(), 'kernel');
    await compiled.dispose();
    return kernel;
  };
  const [whole, inParts] = [await weightsAfter(1), await weightsAfter(3)];
  expect(
    Math.max(...whole.map((value, at) => Math.abs(value - plan.weights['kernel']!.data[at]!))),
  ).toBeGreaterThan(1e-2);
  expect(Math.max(...whole.map((value, at) => Math.abs(value - inParts[at]!)))).toBeLessThan(1e-5);
});
