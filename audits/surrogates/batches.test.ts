import { afterAll, expect, test } from 'vitest';
import type { Augmentation } from '../augment/augmentation.ts';
import { augmentationIds, openAugmentation } from '../augment/registry.ts';
import { matrix } from '../contract/data.ts';
import { findLoss } from '../losses/registry.ts';
import { adam } from '../optimizers/adam.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { batchInputs, isAppliedOnHost } from './batches.ts';
import { floatsNamed } from './parameters.ts';
import { findArchitecture } from './registry.ts';
import { trainingStep } from './training-step.ts';

const SIZE = 8;
const ROWS = 12;
const DIMENSION = 3;
const BATCH = 4;

const engine = await createEngine('onnx', { threads: 1 });
afterAll(() => engine.dispose());

/** Losses of three steps of two views. */
async function train(augmentation: Augmentation): Promise<readonly number[]> {
  const rng = createRng(1);
  const architecture = findArchitecture('small-cnn');
  const loss = findLoss('infonce');
  const optimizer = adam.create({ weightDecay: 0 });
  const step = await engine.compile(
    trainingStep({
      ...architecture.initialize(rng.derive('initialization'), DIMENSION, SIZE),
      architecture,
      optimizer,
      loss,
      lossOptions: {},
      augmentations: [0, 1].map(() => (isAppliedOnHost(augmentation) ? undefined : augmentation)),
      views: 2,
      batchSize: BATCH,
      inputSize: SIZE,
      dimension: DIMENSION,
    }),
  );
  const views = ['first', 'second'].map((name) => {
    const random = rng.derive(name);
    const pixels = Uint8Array.from({ length: ROWS * SIZE * SIZE * 3 }, () => random.integer(256));
    const data = Float32Array.from({ length: ROWS * DIMENSION }, () => random.normal());
    return { pixels, targets: matrix(data, ROWS, DIMENSION), augmentation };
  });
  const draws = rng.derive('draws');
  const losses: number[] = [];
  for (let at = 0; at < 3; at++) {
    const rows = Uint32Array.from({ length: BATCH }, (_, row) => at * BATCH + row);
    const outputs = await step.run({
      ...batchInputs(views, rows, SIZE, draws),
      ...optimizer.feeds(at, 1e-3),
    });
    losses.push(floatsNamed(outputs, 'loss')[0] ?? Number.NaN);
  }
  await step.dispose();
  return losses;
}

function inStep(augmentation: Augmentation): Augmentation {
  return {
    draws: augmentation.draws,
    drawImage: (rng, size) => augmentation.drawImage(rng, size),
    apply: (images, draw) => augmentation.apply(images, draw),
  };
}

test.each(['none', 'flip-shift'])('%s on the host trains bit for bit as it does in the step', async (id) => {
  const augmentation = openAugmentation(id);
  expect(isAppliedOnHost(augmentation)).toBe(true);
  expect(await train(augmentation)).toEqual(await train(inStep(augmentation)));
});

test('every augmentation trains, each in its own way', async () => {
  const losses = [];
  for (const id of augmentationIds) losses.push(await train(openAugmentation(id)));
  for (const values of losses) for (const value of values) expect(value).toBeGreaterThan(0);
  expect(new Set(losses.map((values) => values.join())).size).toBe(augmentationIds.length);
});
