import { describe, expect, test } from 'vitest';
import type { CompiledStep, Engine, HostTensor, StepDefinition } from '../../contract/engine.ts';
import { createRng } from '../../rng.ts';
import { createEngine } from '../engine.ts';
import { batchNormTrain } from '../normalization.ts';
import { tf, valueAndGradients, type Tensor, type Tensor1D, type Tensor4D, type Tensors } from '../ops.ts';

const BATCH = 6;
const SIDE = 8;
const LEARNING_RATE = 0.01;

const zeros = (shape: readonly number[]): HostTensor => ({
  shape,
  data: new Float32Array(shape.reduce((product, size) => product * size, 1)),
});

/** Two 3x3 convolutions with batch normalization, mean pooling, a linear head; Adam. */
function smallNet(): StepDefinition<Tensor> {
  const rng = createRng('small-net');
  const drawn = (shape: readonly number[], scale: number): HostTensor => {
    const tensor = zeros(shape);
    return { shape, data: tensor.data.map(() => scale * rng.normal()) };
  };
  const weights: Record<string, HostTensor> = {
    filter1: drawn([3, 3, 3, 5], 0.3),
    gamma1: drawn([5], 1),
    beta1: drawn([5], 0.1),
    filter2: drawn([3, 3, 5, 7], 0.2),
    gamma2: drawn([7], 1),
    beta2: drawn([7], 0.1),
    head: drawn([7, 4], 0.4),
  };
  const names = Object.keys(weights);
  const state: Record<string, HostTensor> = { ...weights, steps: zeros([]), running: zeros([7]) };
  for (const name of names) {
    state[`first/${name}`] = zeros(weights[name]!.shape);
    state[`second/${name}`] = zeros(weights[name]!.shape);
  }
  return {
    name: 'small-net',
    state,
    inputs: {
      images: { shape: [BATCH, SIDE, SIDE, 3], dtype: 'float32' },
      targets: { shape: [BATCH, 4], dtype: 'float32' },
    },
    step(given, inputs) {
      let statistics: Tensor | undefined;
      const loss = (p: Tensors) => {
        const conv = (x: Tensor, i: number, stride: number): Tensor => {
          const y = tf.conv2d(x as Tensor4D, p[`filter${i}`] as Tensor4D, stride, 'same');
          const normal = batchNormTrain(y, p[`gamma${i}`] as Tensor1D, p[`beta${i}`] as Tensor1D, 1e-5);
          statistics = normal.mean;
          return tf.relu(normal.y);
        };
        const pooled = tf.mean(conv(conv(inputs['images']!, 1, 1), 2, 2), [1, 2]);
        const output = tf.matMul(pooled, p['head']!);
        return tf.mean<tf.Scalar>(tf.squaredDifference(output, inputs['targets']!));
      };
      const parameters = Object.fromEntries(names.map((name) => [name, given[name]!]));
      const { value, gradients } = valueAndGradients(loss, parameters);
      const steps = tf.add(given['steps']!, 1);
      const next: Record<string, Tensor> = { steps };
      next['running'] = tf.add(tf.mul(given['running']!, 0.9), tf.mul(statistics!, 0.1));
      for (const name of names) {
        const gradient = gradients[name]!;
        const first = tf.add(tf.mul(given[`first/${name}`]!, 0.9), tf.mul(gradient, 0.1));
        const second = tf.add(tf.mul(given[`second/${name}`]!, 0.999), tf.mul(tf.square(gradient), 0.001));
        const corrected = tf.div(first, tf.sub(1, tf.pow(0.9, steps)));
        const scale = tf.sqrt(tf.div(second, tf.sub(1, tf.pow(0.999, steps))));
        next[name] = tf.sub(given[name]!, tf.mul(LEARNING_RATE, tf.div(corrected, tf.add(scale, 1e-3))));
        next[`first/${name}`] = first;
        next[`second/${name}`] = second;
      }
      return { state: next, outputs: { loss: value, running: next['running'] } };
    },
  };
}

function batch(step: number): Record<string, HostTensor> {
  const rng = createRng(`batch ${step}`);
  const fill = (shape: readonly number[]): HostTensor => ({
    shape,
    data: zeros(shape).data.map(() => rng.normal()),
  });
  return { images: fill([BATCH, SIDE, SIDE, 3]), targets: fill([BATCH, 4]) };
}

async function train(step: CompiledStep, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let i = from; i < to; i++) losses.push((await step.run(batch(i)))['loss']?.data[0] ?? NaN);
  return losses;
}

const engines = async (): Promise<readonly [Engine, Engine]> => [
  await createEngine('onnx', { threads: 1 }),
  await createEngine('reference', { threads: 1 }),
];

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, label: string): void {
  const largest = Array.from(expected).reduce((max, value) => Math.max(max, Math.abs(value)), 1e-6);
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs((actual[i] ?? NaN) - (expected[i] ?? NaN)) / largest, `${label}[${i}]`).toBeLessThan(
      1e-4,
    );
}

describe('a training step', () => {
  test('agrees between the compiled and the reference engine in loss and every state entry', async () => {
    const [onnx, reference] = await engines();
    const compiled = await onnx.compile(smallNet());
    const eager = await reference.compile(smallNet());
    const [ours, theirs] = [await train(compiled, 0, 2), await train(eager, 0, 2)];
    expectClose(ours, theirs, 'loss');
    const [state, expected] = [await compiled.readState(), await eager.readState()];
    expect(Object.keys(state).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, { data }] of Object.entries(expected)) expectClose(state[name]?.data ?? [], data, name);
  });

  test('learns: the loss on one batch falls', async () => {
    const [onnx] = await engines();
    const step = await onnx.compile(smallNet());
    const losses: number[] = [];
    for (let i = 0; i < 40; i++) losses.push((await step.run(batch(0)))['loss']?.data[0] ?? NaN);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 2);
  });

  test.each(['onnx', 'reference'] as const)(
    '%s: stopped, read, written into a fresh step and continued equals uninterrupted, bit for bit',
    async (id) => {
      const engine = await createEngine(id, { threads: 1 });
      const whole = await engine.compile(smallNet());
      const losses = await train(whole, 0, 5);
      const before = await engine.compile(smallNet());
      await train(before, 0, 2);
      const saved = await before.readState();
      const after = await engine.compile(smallNet());
      await train(after, 7, 8);
      await after.writeState(saved);
      expect(await train(after, 2, 5)).toEqual(losses.slice(2));
      expect(await after.readState()).toEqual(await whole.readState());
    },
  );

  test.each(['onnx', 'reference'] as const)(
    '%s: an entry that the step only reads stays as written, for every later run',
    async (id) => {
      const engine = await createEngine(id, { threads: 1 });
      const step = await engine.compile<Tensor>({
        name: 'constant-entry',
        state: { factor: { shape: [], data: Float32Array.of(2) }, sum: zeros([]) },
        inputs: {},
        step: ({ factor, sum }) => ({ state: { sum: tf.add(sum!, factor!) }, outputs: {} }),
      });
      await step.run({});
      await step.writeState({ factor: { shape: [], data: Float32Array.of(10) } });
      await step.run({});
      await step.run({});
      const state = await step.readState();
      expect([state['factor']?.data[0], state['sum']?.data[0]]).toEqual([10, 22]);
    },
  );

  test('gives the same bits every time', async () => {
    const [onnx] = await engines();
    const runs = [await onnx.compile(smallNet()), await onnx.compile(smallNet())];
    const losses = await Promise.all(runs.map((step) => train(step, 0, 4)));
    expect(losses[0]).toEqual(losses[1]);
    expect(await runs[0]?.readState()).toEqual(await runs[1]?.readState());
  });

  test('engines asked at once do not disturb each other', async () => {
    const [onnx, reference] = await engines();
    const eager = await reference.compile(smallNet());
    const [compiled, losses] = await Promise.all([onnx.compile(smallNet()), train(eager, 0, 2)]);
    expectClose(await train(compiled, 0, 2), losses, 'loss');
  });

  test('a state that was read does not move with later runs, nor does the definition', async () => {
    const [onnx] = await engines();
    const definition = smallNet();
    const step = await onnx.compile(definition);
    await train(step, 0, 1);
    const saved = await step.readState();
    const copy = Float32Array.from(saved['head']?.data ?? []);
    await train(step, 1, 4);
    expect(saved['head']?.data).toEqual(copy);
    expect(definition.state['head']).toEqual(smallNet().state['head']);
  });
});

describe('what cannot be compiled', () => {
  const single = (run: (x: Tensor) => Tensor): StepDefinition<Tensor> => ({
    name: 'single',
    state: {},
    inputs: { x: { shape: [3, 3], dtype: 'float32' } },
    step: (_, { x }) => ({ state: {}, outputs: { y: run(x!) } }),
  });

  test('an operation without a kernel fails at compile time with its name', async () => {
    const [onnx] = await engines();
    await expect(onnx.compile(single((x) => tf.atanh(x)))).rejects.toMatchObject({
      code: 'operation-unsupported',
      message: expect.stringContaining('Atanh') as string,
    });
  });

  test('a read inside the step fails at compile time', async () => {
    const [onnx] = await engines();
    await expect(onnx.compile(single((x) => tf.mul(x, x.dataSync()[0] ?? 0)))).rejects.toMatchObject({
      code: 'operation-unsupported',
      message: expect.stringContaining('read the values') as string,
    });
  });

  test.each(['onnx', 'reference'] as const)('%s: inputs of another shape, type or name', async (id) => {
    const engine = await createEngine(id, { threads: 1 });
    const step = await engine.compile(single((x) => tf.mul(x, 2)));
    const x = { shape: [3, 3], data: new Float32Array(9) };
    await expect(step.run({})).rejects.toThrow('needs the input "x"');
    await expect(step.run({ x, z: x })).rejects.toThrow('no input "z"');
    await expect(step.run({ x: zeros([3, 2]) })).rejects.toThrow('declared [3,3]');
    await expect(step.run({ x: { shape: [3, 3], data: new Int32Array(9) } })).rejects.toThrow('float32');
    await expect(step.writeState({ w: x })).rejects.toThrow('no state "w"');
  });
});

describe.each(['onnx', 'reference'] as const)('the %s engine', (id) => {
  test('multiplies matrices, transposed on request', async () => {
    const engine = await createEngine(id, { threads: 1 });
    const a = { data: Float32Array.of(1, 2, 3, 4, 5, 6), rows: 2, columns: 3 };
    const b = { data: Float32Array.of(1, 0, 2, -1, 0, 1), rows: 3, columns: 2 };
    expect((await engine.matmul(a, b)).data).toEqual(Float32Array.of(5, 1, 14, 1));
    expect((await engine.matmul(a, a, { transposeB: true })).data).toEqual(Float32Array.of(14, 32, 32, 77));
    expect(await engine.matmul(b, a, { transposeA: true, transposeB: true })).toEqual({
      data: Float32Array.of(5, 14, 1, 1),
      rows: 2,
      columns: 2,
    });
    await engine.dispose();
  });

  test('compositions and their gradients agree with finite differences', async () => {
    const engine = await createEngine(id, { threads: 1 });
    const start = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 10);
    const definition: StepDefinition<Tensor> = {
      name: 'compositions',
      state: { x: { shape: [3, 3], data: start } },
      inputs: { rows: { shape: [2], dtype: 'int32' } },
      step(state, { rows }) {
        const { value, gradients } = valueAndGradients(({ x }) => {
          const unit = tf.div(x!, tf.norm(x!, 2, 1, true));
          const { mean, variance } = tf.moments(x!, 0);
          const spread = tf.logSumExp(tf.matMul(unit, unit, false, true), 1);
          const trace = tf.sum(tf.mul(x!, tf.eye(3)));
          const chosen = tf.sum(tf.gather(unit, rows! as Tensor1D));
          return tf.addN([tf.sum(spread), tf.sum(mean), tf.sum(variance), trace, chosen]) as tf.Scalar;
        }, state);
        return { state: { x: gradients['x']! }, outputs: { value } };
      },
    };
    const step = await engine.compile(definition);
    const { value } = await step.run({ rows: { shape: [2], data: Int32Array.of(2, 0) } });
    expect(value?.data[0]).toBeCloseTo(compositions([...start]), 3);
    const gradient = (await step.readState())['x']?.data ?? [];
    const moved = (i: number, by: number): number =>
      compositions([...start].map((each, j) => (i === j ? each + by : each)));
    for (let i = 0; i < start.length; i++)
      expect(gradient[i]).toBeCloseTo((moved(i, 1e-5) - moved(i, -1e-5)) / 2e-5, 3);
  });
});

/** The same function in double precision, written out. */
function compositions(x: readonly number[]): number {
  const row = (i: number): readonly number[] => x.slice(3 * i, 3 * i + 3);
  const sum = (list: readonly number[]): number => list.reduce((total, each) => total + each, 0);
  const dot = (a: readonly number[], b: readonly number[]): number => sum(a.map((each, i) => each * b[i]!));
  const unit = [0, 1, 2].map((i) => row(i).map((each) => each / Math.sqrt(dot(row(i), row(i)))));
  const spread = unit.map((a) => Math.log(sum(unit.map((b) => Math.exp(dot(a, b))))));
  const columns = [0, 1, 2].map((j) => [x[j]!, x[3 + j]!, x[6 + j]!]);
  const means = columns.map((column) => sum(column) / 3);
  const variances = columns.map((column, j) => sum(column.map((each) => (each - means[j]!) ** 2)) / 3);
  return sum([sum(spread), sum(means), sum(variances), x[0]!, x[4]!, x[8]!, ...unit[2]!, ...unit[0]!]);
}
