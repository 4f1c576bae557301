import { describe, expect, test } from 'vitest';
import type { StepDefinition } from '../contract/engine.ts';
import { createRng } from '../rng.ts';
import { createEngine } from './engine.ts';
import { batchNormTrain } from './normalization.ts';
import { tf, valueAndGradients, type Tensor, type Tensor1D, type Tensor4D } from './ops.ts';

const EPSILON = 1e-3;
const rng = createRng('batch-norm');
const drawn = (shape: readonly number[], offset = 0) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => offset + rng.normal()),
});
const state = { x: drawn([4, 3, 5, 2], 1.5), gamma: drawn([2], 1), beta: drawn([2]) };
const probe = drawn([4, 3, 5, 2]);

/** Gradients of `sum(probe * y^2)`, and the batch's statistics. */
function step(
  normalize: (x: Tensor4D, gamma: Tensor1D, beta: Tensor1D) => readonly [Tensor, Tensor, Tensor],
): StepDefinition<Tensor> {
  return {
    name: 'batch-norm',
    state,
    inputs: {},
    step(parameters) {
      let statistics: readonly Tensor[] = [];
      const { value, gradients } = valueAndGradients(({ x, gamma, beta }) => {
        const [y, ...rest] = normalize(x as Tensor4D, gamma as Tensor1D, beta as Tensor1D);
        statistics = rest;
        return tf.sum(tf.mul(tf.square(y), tf.tensor(probe.data, [...probe.shape])));
      }, parameters);
      const [mean, variance] = statistics;
      return { state: gradients, outputs: { value, mean: mean!, variance: variance! } };
    },
  };
}

const ours = step((x, gamma, beta) => {
  const { y, mean, variance } = batchNormTrain(x, gamma, beta, EPSILON);
  return [y, mean, variance];
});

const spelledOut = step((x, gamma, beta) => {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  const centered = tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, EPSILON)));
  return [tf.add(tf.mul(centered, gamma), beta), mean, variance];
});

describe.each(['onnx', 'reference'] as const)('batch normalization on the %s engine', (id) => {
  test('has the value, statistics and gradients of the formula differentiated op by op', async () => {
    const engine = await createEngine(id, { threads: 1 });
    const reference = await createEngine('reference', { threads: 1 });
    const [fast, slow] = [await engine.compile(ours), await reference.compile(spelledOut)];
    const [outputs, expected] = [await fast.run({}), await slow.run({})];
    const [gradients, derivatives] = [await fast.readState(), await slow.readState()];
    for (const [actual, wanted] of [
      [outputs, expected],
      [gradients, derivatives],
    ] as const)
      for (const [name, { data }] of Object.entries(wanted))
        data.forEach((value, i) =>
          expect(Math.abs((actual[name]?.data[i] ?? NaN) - value), `${name}[${i}]`).toBeLessThan(
            1e-4 * Math.max(1, Math.abs(value)),
          ),
        );
  });

  test('normalized values have the asked mean and deviation', async () => {
    const engine = await createEngine(id, { threads: 1 });
    const compiled = await engine.compile<Tensor>({
      name: 'moments',
      state,
      inputs: {},
      step({ x, gamma, beta }) {
        const { y } = batchNormTrain(x as Tensor4D, gamma as Tensor1D, beta as Tensor1D, 0);
        const { mean, variance } = tf.moments(y, [0, 1, 2]);
        return { state: {}, outputs: { mean, deviation: tf.sqrt(variance) } };
      },
    });
    const { mean, deviation } = await compiled.run({});
    for (const channel of [0, 1]) {
      expect(mean?.data[channel]).toBeCloseTo(state.beta.data[channel] ?? NaN, 5);
      expect(deviation?.data[channel]).toBeCloseTo(Math.abs(state.gamma.data[channel] ?? NaN), 5);
    }
  });
});
