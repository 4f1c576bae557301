import { afterAll, describe, expect, test } from 'vitest';
import { matrix, type Matrix } from '../contract/data.ts';
import type { CompiledStep, Engine, HostTensor, StepDefinition } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import type { LossDefinition } from '../losses/loss.ts';
import { findLoss, losses } from '../losses/registry.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { tf, type Tensor, type Tensor2D, type Tensor4D } from '../tensor/ops.ts';
import type { Architecture } from './architecture.ts';
import { fitSurrogate, type FitRequest, type FitResult } from './fit.ts';
import { asNetwork } from './inference.ts';
import { poolAverage } from './layers.ts';
import { filled, normals, tensorNamed } from './parameters.ts';

const SIZE = 6;
const ROWS = 25;
const BATCH = 12;
const DIMENSION = 3;

const engine = await createEngine('onnx', { threads: 1 });
afterAll(() => engine.dispose());

/** One convolution and a head: nothing in it looks from one row to another. */
const plain: Architecture = {
  id: 'plain',
  summary: 'One 3x3 convolution.',
  features: 8,
  learningRateFactor: 1,
  initialize: (rng) => ({
    weights: {
      kernel: normals(rng.derive('kernel'), [3, 3, 3, 8], 0.3),
      head: normals(rng.derive('head'), [8, DIMENSION], 0.3),
      bias: filled([DIMENSION], 0),
    },
    statistics: {},
  }),
  forward(parameters, images) {
    const maps = tf.relu(tf.conv2d(images, tensorNamed(parameters, 'kernel') as Tensor4D, 1, 1));
    const product: Tensor2D = tf.matMul(poolAverage(maps), tensorNamed(parameters, 'head'));
    return { embedding: tf.add(product, tensorNamed(parameters, 'bias')), batchStatistics: {} };
  },
};

const rng = createRng('accumulation');
const images = hashedImages(
  Uint8Array.from({ length: ROWS * SIZE * SIZE * 3 }, () => rng.integer(256)),
  ROWS,
  SIZE,
  SIZE,
);
const replies: Matrix = matrix(
  Float32Array.from({ length: ROWS * DIMENSION }, () => 1 + rng.uniform()),
  ROWS,
  DIMENSION,
);

/** A device whose memory holds so many images at once; says what it was asked for. */
function deviceFor(rows: number, stepsPerRun = 1) {
  const compiled: string[] = [];
  const check = ({ name, inputs }: StepDefinition<unknown>): void => {
    if ((inputs['images0']?.shape[0] ?? 0) > rows)
      throw new MoatError('device-out-of-memory', `There is not enough memory for ${name}.`);
  };
  const small: Engine = {
    ...engine,
    stepsPerRun,
    async compile<Symbolic>(definition: StepDefinition<Symbolic>): Promise<CompiledStep> {
      compiled.push(definition.name);
      const step = await engine.compile(definition);
      return {
        ...step,
        run(inputs) {
          check(definition);
          return step.run(inputs);
        },
        runMany(inputs) {
          check(definition);
          return step.runMany(inputs);
        },
      };
    },
  };
  return { engine: small, compiled };
}

function request(overrides: Partial<FitRequest>): FitRequest {
  return {
    engine,
    settings: { architecture: 'small-cnn', inputSize: SIZE, epochs: 3, batchSize: BATCH },
    architecture: plain,
    dimension: DIMENSION,
    inputs: [images],
    targets: [replies],
    loss: findLoss('mse'),
    lossOptions: {},
    rng: createRng('fit'),
    checkpoint: { load: () => Promise.resolve(undefined), save: () => Promise.resolve() },
    signal: new AbortController().signal,
    progress: () => undefined,
    log: () => undefined,
    ...overrides,
  };
}

function expectSameWeights(actual: FitResult, expected: FitResult): void {
  for (const [name, { data }] of Object.entries(asNetwork(expected.surrogate).weights)) {
    const scale = Math.max(...data.map(Math.abs));
    for (const [i, value] of data.entries())
      expect(
        Math.abs((asNetwork(actual.surrogate).weights[name]?.data[i] ?? NaN) - value),
        `${name}[${i}]`,
      ).toBeLessThan(1e-5 * scale);
  }
  expect(actual.diagnostics.finalLoss).toBeCloseTo(expected.diagnostics.finalLoss, 5);
}

const sums = losses.filter(({ meanOverRows }) => meanOverRows);

describe('a batch that does not fit the device', () => {
  test.each(sums.map(({ id }) => id))('%s: is trained in parts, to the same weights', async (id) => {
    const loss = findLoss(id);
    const whole = await fitSurrogate(request({ loss }));
    const log: string[] = [];
    const device = deviceFor(4);
    const inParts = await fitSurrogate(
      request({ loss, engine: device.engine, log: (line) => log.push(line) }),
    );
    expect([whole.diagnostics.batchParts, inParts.diagnostics.batchParts]).toEqual([1, 4]);
    expect(inParts.diagnostics.steps).toBe(whole.diagnostics.steps);
    expectSameWeights(inParts, whole);
    expect(log.at(-1)).toBe('A batch of 12 does not fit the device: its gradient is summed over 4 parts.');
    expect(device.compiled.map((name) => / in (\d+) parts/.exec(name)?.[1])).toEqual([undefined, '2', '4']);
  });

  test('two views share out their rows together, and gradients are clipped as a whole', async () => {
    const overrides: Partial<FitRequest> = {
      inputs: [images, images],
      targets: [replies, replies],
      settings: {
        architecture: 'small-cnn',
        inputSize: SIZE,
        epochs: 3,
        batchSize: BATCH,
        training: { clipNorm: 0.05 },
      },
    };
    const whole = await fitSurrogate(request(overrides));
    const inParts = await fitSurrogate(request({ ...overrides, engine: deviceFor(6).engine }));
    expect(inParts.diagnostics.batchParts).toBe(2);
    expectSameWeights(inParts, whole);
  });

  test('blocks of steps hold whole batches', async () => {
    const single = await fitSurrogate(request({ engine: deviceFor(3).engine }));
    const blocks = await fitSurrogate(request({ engine: deviceFor(3, 8).engine }));
    expect(blocks.surrogate).toEqual(single.surrogate);
  });

  test.each(losses.filter(({ meanOverRows }) => !meanOverRows).map(({ id }) => id))(
    '%s compares rows with each other: a smaller batch is asked for',
    async (id) => {
      const loss = findLoss(id);
      const views = loss.views.includes(1)
        ? {}
        : { inputs: [images, images], targets: [replies, replies], labels: new Int32Array(ROWS) };
      const fit = fitSurrogate(request({ loss, ...views, engine: deviceFor(6).engine }));
      await expect(fit).rejects.toMatchObject({
        code: 'device-out-of-memory',
        message: "A batch of 12 images does not fit the device's memory.",
        details: { batchSize: 12, smallerBatchSize: 6 },
      });
    },
  );

  test('batch norm looks over the batch: a smaller one is asked for', async () => {
    const { architecture: _, ...withBatchNorm } = request({ engine: deviceFor(6).engine });
    await expect(fitSurrogate(withBatchNorm)).rejects.toMatchObject({ details: { smallerBatchSize: 6 } });
  });

  test('not even one row fits: the cell fails', async () => {
    const fit = fitSurrogate(request({ engine: deviceFor(0).engine }));
    await expect(fit).rejects.toMatchObject({ code: 'device-out-of-memory' });
  });
});

test('which losses are means over rows is what they compute', async () => {
  const draw = createRng('rows');
  const rows = (count: number): HostTensor => ({
    shape: [count, DIMENSION],
    data: Float32Array.from({ length: count * DIMENSION }, () => 0.5 + draw.uniform()),
  });
  const part = ({ data }: HostTensor, from: number): HostTensor => ({
    shape: [2, DIMENSION],
    data: data.subarray(from * DIMENSION, (from + 2) * DIMENSION),
  });
  // Those of two views alone compare rows by their very definition, and say so.
  const definitions: readonly LossDefinition[] = losses;
  expect(definitions.filter(({ views }) => !views.includes(1)).every((loss) => !loss.meanOverRows)).toBe(
    true,
  );
  for (const loss of definitions.filter(({ views }) => views.includes(1))) {
    const lossOf = async (surrogate: HostTensor, victim: HostTensor): Promise<number> => {
      const spec = { shape: surrogate.shape, dtype: 'float32' } as const;
      const step = await engine.compile<Tensor>({
        name: loss.id,
        state: {},
        inputs: { surrogate: spec, victim: spec },
        step: (_, inputs) => ({
          state: {},
          outputs: {
            loss: loss.compute([inputs['surrogate'] as Tensor2D], [inputs['victim'] as Tensor2D], {}),
          },
        }),
      });
      const outputs = await step.run({ surrogate, victim });
      await step.dispose();
      return outputs['loss']?.data[0] ?? NaN;
    };
    const [ours, theirs] = [rows(4), rows(4)];
    const whole = await lossOf(ours, theirs);
    const ofParts =
      ((await lossOf(part(ours, 0), part(theirs, 0))) + (await lossOf(part(ours, 2), part(theirs, 2)))) / 2;
    expect(Math.abs(whole - ofParts) < 1e-5, loss.id).toBe(loss.meanOverRows);
  }
});
