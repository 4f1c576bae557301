import { beforeAll, describe, expect, test } from 'vitest';
import type { Engine, HostTensor, StepDefinition } from '../../contract/engine.ts';
import { createRng } from '../../rng.ts';
import { createEngine } from '../engine.ts';
import { batchNormTrain } from '../normalization.ts';
import { tf, valueAndGradients, type Tensor, type Tensor1D, type Tensor4D } from '../ops.ts';
import { createTensorflowEngine } from './engine.ts';
import { isTensorflowInstalled } from './installed.sample.ts';
import { loadNative } from './native.ts';
import { tensorflowFolder } from './pack/folder.ts';

test('without the pack, opening the engine says what to run', () => {
  expect(() => createTensorflowEngine({ threads: 1, folder: '/nowhere' })).toThrow(
    expect.objectContaining({ code: 'engine-not-installed' }) as Error,
  );
});

const rng = createRng('tensorflow');
const drawn = (shape: readonly number[]): HostTensor => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.normal()),
});
const scalar = (value: number): HostTensor => ({ shape: [], data: Float32Array.of(value) });

/** A strided and padded convolution, batch norm, gathered rows, plain gradient descent. */
const step: StepDefinition<Tensor> = {
  name: 'all-kernels',
  state: { filter: drawn([3, 3, 2, 4]), gamma: drawn([4]), beta: drawn([4]), untouched: drawn([2]) },
  inputs: {
    images: { shape: [3, 6, 6, 2], dtype: 'float32' },
    rows: { shape: [2], dtype: 'int32' },
  },
  step({ untouched, ...weights }, { images, rows }) {
    const { value, gradients } = valueAndGradients(({ filter, gamma, beta }) => {
      const maps = [1, 2].map((stride) => {
        const y = tf.conv2d(images as Tensor4D, filter as Tensor4D, stride, 1);
        return tf.mean(tf.relu(batchNormTrain(y, gamma as Tensor1D, beta as Tensor1D, 1e-3).y), [1, 2]);
      });
      const chosen = tf.gather(tf.concat(maps, 1), rows as Tensor1D);
      return tf.mean(
        tf.squaredDifference(chosen, tf.concat([untouched!, untouched!, untouched!, untouched!])),
      );
    }, weights);
    const next = Object.entries(weights).map(([name, weight]) => [
      name,
      tf.sub(weight, tf.mul(gradients[name]!, 0.1)),
    ]);
    return { state: Object.fromEntries(next) as Record<string, Tensor>, outputs: { loss: value } };
  },
};
const batch = (): Record<string, HostTensor> => ({
  images: drawn([3, 6, 6, 2]),
  rows: { shape: [2], data: Int32Array.of(2, 0) },
});

describe.skipIf(!isTensorflowInstalled())('the tensorflow engine', () => {
  let engine: Engine;
  beforeAll(() => {
    engine = createTensorflowEngine({ threads: 1 });
  });

  test('moves every weight as the reference engine does', async () => {
    const reference = await createEngine('reference', { threads: 1 });
    const [ours, theirs] = [await engine.compile(step), await reference.compile(step)];
    for (let i = 0; i < 3; i++) {
      const inputs = batch();
      const [actual, expected] = [await ours.run(inputs), await theirs.run(inputs)];
      expect(actual['loss']?.data[0]).toBeCloseTo(expected['loss']?.data[0] ?? Number.NaN, 5);
    }
    const [state, wanted] = [await ours.readState(), await theirs.readState()];
    expect(state['untouched']).toEqual(step.state['untouched']);
    for (const [name, { data, shape }] of Object.entries(wanted)) {
      expect(state[name]?.shape).toEqual(shape);
      data.forEach((value, i) => expect(state[name]?.data[i], `${name}[${i}]`).toBeCloseTo(value, 4));
    }
    await ours.dispose();
  });

  test('stopped, read, written into a fresh step and continued equals uninterrupted, bit for bit', async () => {
    const batches = Array.from({ length: 4 }, batch);
    const [whole, before, after] = [
      await engine.compile(step),
      await engine.compile(step),
      await engine.compile(step),
    ];
    for (const inputs of batches) await whole.run(inputs);
    for (const inputs of batches.slice(0, 2)) await before.run(inputs);
    await after.run(batches[3]!);
    await after.writeState(await before.readState());
    for (const inputs of batches.slice(2)) await after.run(inputs);
    expect(await after.readState()).toEqual(await whole.readState());
    for (const compiled of [whole, before, after]) await compiled.dispose();
  });

  test('a state that was read does not move with later runs', async () => {
    const compiled = await engine.compile(step);
    const saved = await compiled.readState();
    await compiled.run(batch());
    expect(saved).toEqual(step.state);
    expect(await compiled.readState()).not.toEqual(saved);
    await compiled.dispose();
  });

  test('entries that are written alone leave the others as they are', async () => {
    const compiled = await engine.compile<Tensor>({
      name: 'sum',
      state: { factor: scalar(2), sum: scalar(0) },
      inputs: {},
      step: ({ factor, sum }) => ({ state: { sum: tf.add(sum!, factor!) }, outputs: {} }),
    });
    await compiled.run({});
    await compiled.writeState({ factor: scalar(10) });
    await compiled.run({});
    await compiled.run({});
    const state = await compiled.readState();
    expect([state['factor']?.data[0], state['sum']?.data[0]]).toEqual([10, 22]);
    await compiled.dispose();
  });

  test('a state that becomes NaN comes back as NaN, and written over is forgotten', async () => {
    const compiled = await engine.compile(step);
    const fresh = await compiled.readState();
    const inputs = batch();
    const spoiled = {
      ...inputs,
      images: { shape: [3, 6, 6, 2], data: new Float32Array(216).fill(Number.NaN) },
    };
    expect((await compiled.run(spoiled))['loss']?.data[0]).toBeNaN();
    expect((await compiled.readState())['filter']?.data[0]).toBeNaN();
    await compiled.writeState(fresh);
    expect((await compiled.run(inputs))['loss']?.data[0]).toBeGreaterThan(0);
    await compiled.dispose();
  });

  test('holds as many tensors after 300 steps as after one', async () => {
    const { binding } = loadNative(tensorflowFolder(), { threads: 1, device: 'cpu' });
    const compiled = await engine.compile(step);
    const inputs = batch();
    await compiled.run(inputs);
    const held = [binding.getNumOfTensors(), tf.memory().numTensors];
    for (let i = 0; i < 300; i++) await compiled.run(inputs);
    expect([binding.getNumOfTensors(), tf.memory().numTensors]).toEqual(held);
    await compiled.dispose();
  });

  test('engines asked at once do not disturb each other', async () => {
    const others = [
      await createEngine('reference', { threads: 1 }),
      await createEngine('onnx', { threads: 1 }),
    ];
    const inputs = batch();
    const losses = await Promise.all(
      [engine, ...others].map(
        async (each) => (await (await each.compile(step)).run(inputs))['loss']?.data[0],
      ),
    );
    for (const loss of losses) expect(loss).toBeCloseTo(losses[0] ?? Number.NaN, 5);
  });

  test('multiplies matrices, transposed on request', async () => {
    const a = { data: Float32Array.of(1, 2, 3, 4, 5, 6), rows: 2, columns: 3 };
    const b = { data: Float32Array.of(1, 0, 2, -1, 0, 1), rows: 3, columns: 2 };
    expect((await engine.matmul(a, b)).data).toEqual(Float32Array.of(5, 1, 14, 1));
    expect((await engine.matmul(a, a, { transposeB: true })).data).toEqual(Float32Array.of(14, 32, 32, 77));
    expect(await engine.matmul(b, a, { transposeA: true, transposeB: true })).toEqual({
      data: Float32Array.of(5, 14, 1, 1),
      rows: 2,
      columns: 2,
    });
  });

  test('a step function is 1, 0 or its slope, and NaN where its input is', async () => {
    const compiled = await engine.compile<Tensor>({
      name: 'steps',
      state: {},
      inputs: { x: { shape: [4], dtype: 'float32' } },
      step: (_, { x }) => ({ state: {}, outputs: { plain: tf.step(x!), leaky: tf.step(x!, 0.25) } }),
    });
    const { plain, leaky } = await compiled.run({
      x: { shape: [4], data: Float32Array.of(-2, 0, 3, Number.NaN) },
    });
    expect(await compiled.readState()).toEqual({});
    expect(plain?.data).toEqual(Float32Array.of(0, 0, 1, Number.NaN));
    expect(leaky?.data).toEqual(Float32Array.of(0.25, 0.25, 1, Number.NaN));
    await compiled.dispose();
  });

  test('a read inside the step fails at compile time', async () => {
    const reading: StepDefinition<Tensor> = {
      name: 'reading',
      state: {},
      inputs: { x: { shape: [3], dtype: 'float32' } },
      step: (_, { x }) => ({ state: {}, outputs: { y: tf.mul(x!, x!.dataSync()[0] ?? 0) } }),
    };
    await expect(engine.compile(reading)).rejects.toMatchObject({ code: 'operation-unsupported' });
  });

  test('inputs of another shape or name are refused', async () => {
    const compiled = await engine.compile(step);
    await expect(compiled.run({})).rejects.toThrow('needs the input "images"');
    await expect(compiled.writeState({ w: scalar(1) })).rejects.toThrow('no state "w"');
    await compiled.dispose();
  });

  test('the number of threads is part of the numerics and fixed for the process', () => {
    expect(engine.numericsClass).toMatch(/^tensorflow-2\.\d+-(cpu|gpu)-t1$/);
    expect(() => createTensorflowEngine({ threads: 2 })).toThrow('on cpu with 1 threads');
  });
});
