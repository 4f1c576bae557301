import { afterAll, describe, expect, test } from 'vitest';
import type { CompiledStep, HostTensor, StepDefinition, StepValues } from '../../contract/engine.ts';
import { createRng } from '../../rng.ts';
import { tf, valueAndGradients, type Tensor } from '../ops.ts';
import { compileStep } from './compile.ts';

const ROWS = 6;
const STEPS_PER_RUN = 4;

/** Momentum descent on a linear map: two entries that move, one that is only read, one that no graph needs. */
function momentumStep(): StepDefinition<Tensor> {
  const zeros: HostTensor = { shape: [3, 2], data: new Float32Array(6) };
  return {
    name: 'momentum',
    state: {
      weights: { shape: [3, 2], data: Float32Array.from([1, -2, 0.5, 3, 0.25, -1]) },
      velocity: zeros,
      decay: { shape: [], data: Float32Array.of(0.9) },
      unused: { shape: [], data: Float32Array.of(7) },
    },
    inputs: {
      x: { shape: [ROWS, 3], dtype: 'float32' },
      y: { shape: [ROWS, 2], dtype: 'float32' },
      rate: { shape: [], dtype: 'float32' },
    },
    step(state, inputs) {
      const { value, gradients } = valueAndGradients(
        ({ weights }) => tf.mean(tf.square(tf.sub(tf.matMul(inputs['x']!, weights!), inputs['y']!))),
        { weights: state['weights']! },
      );
      const velocity = tf.add(tf.mul(state['velocity']!, state['decay']!), gradients['weights']!);
      const weights = tf.sub(state['weights']!, tf.mul(velocity, inputs['rate']!));
      // `before` is the step's own input: an output that no node of its own produces.
      return { state: { weights, velocity }, outputs: { loss: value, before: state['weights']! } };
    },
  };
}

function feeds(count: number): readonly StepValues[] {
  const rng = createRng('unroll');
  const draw = (shape: readonly number[], size: number): HostTensor => ({
    shape,
    data: Float32Array.from({ length: size }, () => rng.normal()),
  });
  return Array.from({ length: count }, (_, step) => ({
    x: draw([ROWS, 3], ROWS * 3),
    y: draw([ROWS, 2], ROWS * 2),
    rate: { shape: [], data: Float32Array.of(0.1 / (step + 1)) },
  }));
}

const opened: CompiledStep[] = [];
async function compile(stepsPerRun: number): Promise<CompiledStep> {
  const step = await compileStep(momentumStep(), 1, { device: 'cpu', stepsPerRun });
  opened.push(step);
  return step;
}
afterAll(async () => {
  for (const step of opened) await step.dispose();
});

describe('several steps per run', () => {
  test.each([1, 4, 8, 11])(
    '%i steps give every output and the state of single runs, bit for bit',
    async (count) => {
      const inputs = feeds(count);
      const [single, blocks] = [await compile(1), await compile(STEPS_PER_RUN)];
      const expected: StepValues[] = [];
      for (const each of inputs) expected.push(await single.run(each));
      expect(await blocks.runMany(inputs)).toEqual(expected);
      expect(await blocks.readState()).toEqual(await single.readState());
    },
  );

  test('single runs, blocks and writes of the state may take turns', async () => {
    const inputs = feeds(10);
    const [single, mixed] = [await compile(1), await compile(STEPS_PER_RUN)];
    await single.runMany(inputs);
    await mixed.run(inputs[0] ?? {});
    await mixed.runMany(inputs.slice(1, 6));
    await mixed.writeState(await mixed.readState());
    await mixed.runMany(inputs.slice(6));
    expect(await mixed.readState()).toEqual(await single.readState());
  });

  test('an entry written between blocks is what the next block reads', async () => {
    const [single, blocks] = [await compile(1), await compile(STEPS_PER_RUN)];
    const decay = { shape: [], data: Float32Array.of(0.25) };
    for (const step of [single, blocks]) {
      await step.runMany(feeds(4));
      await step.writeState({ decay });
      await step.runMany(feeds(8));
    }
    expect(await blocks.readState()).toEqual(await single.readState());
    expect((await blocks.readState())['decay']?.data).toEqual(decay.data);
  });

  test('a step of a block without its input is refused before any has run', async () => {
    const blocks = await compile(STEPS_PER_RUN);
    const before = await blocks.readState();
    const broken = feeds(4).map((each, at) => (at === 2 ? { x: each['x']!, y: each['y']! } : each));
    await expect(blocks.runMany(broken)).rejects.toThrow('needs the input "rate"');
    expect(await blocks.readState()).toEqual(before);
  });
});
