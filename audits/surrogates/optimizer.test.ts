import { expect, test } from 'vitest';
import { createEngine } from '../tensor/engine.ts';
import type { Tensor } from '../tensor/ops.ts';
import { adam, clipByGlobalNorm, cosineLearningRate, sgdMomentum } from './optimizer.ts';
import type { Optimizer } from './optimizer.ts';

const engine = await createEngine('reference', { threads: 1 });

const vector = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) });

/** Runs one weight through fixed gradients and returns it after every step. */
async function follow(optimizer: Optimizer, start: number, gradients: readonly number[], rate: number) {
  const weights = { w: vector(start) };
  const step = await engine.compile<Tensor>({
    name: 'one weight',
    state: { ...weights, ...optimizer.slots(weights) },
    inputs: { ...optimizer.inputs, gradient: { shape: [1], dtype: 'float32' } },
    step({ w, ...slots }, { gradient, ...inputs }) {
      const next = optimizer.update({ w: w! }, { w: gradient! }, slots, inputs);
      return { state: next, outputs: { w: next['w']! } };
    },
  });
  const path: number[] = [];
  for (const [at, gradient] of gradients.entries()) {
    const outputs = await step.run({ gradient: vector(gradient), ...optimizer.feeds(at, rate) });
    path.push(outputs['w']!.data[0]!);
  }
  return path;
}

test('Adam takes the steps of its algorithm, worked out by hand', async () => {
  // Step 1: both corrections cancel, so the step is the rate. Step 2, gradient -1 after 2:
  // m = 0.9 * 0.2 - 0.1 = 0.08, /0.19; v = 0.999 * 0.004 + 0.001 = 0.004996, /0.001999.
  const second = (0.1 * (0.08 / 0.19)) / Math.sqrt(0.004996 / 0.001999);
  const [first, after] = await follow(adam(0), 1, [2, -1], 0.1);
  expect(first).toBeCloseTo(0.9, 6);
  expect(after).toBeCloseTo(0.9 - second, 6);
});

test('weight decay is added to the gradient', async () => {
  // With no gradient of its own, Adam sees 0.5 * 2 = 1 and moves by the rate.
  expect((await follow(adam(0.5), 2, [0], 0.1))[0]).toBeCloseTo(1.9, 6);
  expect((await follow(sgdMomentum(0.5), 2, [1], 0.1))[0]).toBeCloseTo(2 - 0.1 * 2, 6);
});

test('momentum remembers nine tenths of the last velocity', async () => {
  // v: 1, 0.9 + 1 = 1.9, 0.9 * 1.9 = 1.71.
  const path = await follow(sgdMomentum(0), 0, [1, 1, 0], 0.1);
  expect(path.map((value) => Number(value.toFixed(6)))).toEqual([-0.1, -0.29, -0.461]);
});

test('clipping shortens long gradients together and leaves short ones alone', async () => {
  const given = { a: vector(3), b: vector(0, 4) };
  const clipped = async (maximumNorm: number) => {
    const step = await engine.compile<Tensor>({
      name: 'clip',
      state: given,
      inputs: {},
      step: (gradients) => ({ state: {}, outputs: clipByGlobalNorm(gradients, maximumNorm) }),
    });
    const outputs = await step.run({});
    return ['a', 'b'].flatMap((name) => Array.from(outputs[name]!.data, (value) => Number(value.toFixed(6))));
  };
  expect(await clipped(1)).toEqual([0.6, 0, 0.8]);
  expect(await clipped(6)).toEqual([3, 0, 4]);
});

test('the cosine schedule starts at the rate, is half of it half way and ends at 0', () => {
  expect(cosineLearningRate(0.2, 0, 10)).toBeCloseTo(0.2, 12);
  expect(cosineLearningRate(0.2, 5, 10)).toBeCloseTo(0.1, 12);
  expect(cosineLearningRate(0.2, 10, 10)).toBeCloseTo(0, 12);
});
