import type { Engine, EngineId, HostTensor, StepDefinition } from '../contract/engine.ts';
import { createEngine } from '../tensor/engine.ts';
import { tf, valueAndGradients, type Tensor } from '../tensor/ops.ts';
import { ok, problem, type DoctorCheck } from './doctor-checks.ts';

/** Single precision over a few dozen operations: more is a different computation, not rounding. */
const LARGEST_DIFFERENCE = 1e-4;
const STEPS = 3;
const LEARNING_RATE = 0.1;
const ROWS = 4;
const INPUTS = 3;
const HIDDEN = 5;
const OUTPUTS = 2;

/** Trains a tiny network for a few steps with the compiled engine and with the reference engine, and compares. */
export async function checkEngines(): Promise<DoctorCheck> {
  const [compiled, reference] = [await trainTiny('onnx'), await trainTiny('reference')];
  const difference = largestDifference(compiled, reference);
  const sentence = `onnx and reference agree on a training step within ${difference.toExponential(1)}.`;
  // Not "difference > bound": a NaN must not pass.
  return difference <= LARGEST_DIFFERENCE
    ? ok('engine', sentence)
    : problem(
        'engine',
        `onnx and reference differ on a training step by ${difference.toExponential(1)}.`,
        'Use --engine reference, and report this with your processor and system.',
      );
}

async function trainTiny(id: EngineId): Promise<Readonly<Record<string, HostTensor>>> {
  const engine: Engine = await createEngine(id, { threads: 1 });
  try {
    const step = await engine.compile(tinyStep());
    try {
      const inputs = { x: ramp([ROWS, INPUTS], 0.7), y: ramp([ROWS, OUTPUTS], 1.3) };
      for (let i = 0; i < STEPS; i++) await step.run(inputs);
      return await step.readState();
    } finally {
      await step.dispose();
    }
  } finally {
    await engine.dispose();
  }
}

/** Two layers, mean squared error, plain gradient descent. */
function tinyStep(): StepDefinition<Tensor> {
  return {
    name: 'doctor',
    state: { first: ramp([INPUTS, HIDDEN], 0.9), second: ramp([HIDDEN, OUTPUTS], 0.4) },
    inputs: {
      x: { shape: [ROWS, INPUTS], dtype: 'float32' },
      y: { shape: [ROWS, OUTPUTS], dtype: 'float32' },
    },
    step(state, inputs) {
      const { value, gradients } = valueAndGradients((weights) => {
        const hidden = tf.relu(tf.matMul(named(inputs, 'x'), named(weights, 'first'))); // [rows, hidden]
        const error = tf.sub(tf.matMul(hidden, named(weights, 'second')), named(inputs, 'y'));
        return tf.mean(tf.mul(error, error));
      }, state);
      const moved = Object.entries(state).map(([name, weights]) => [
        name,
        tf.sub(weights, tf.mul(named(gradients, name), LEARNING_RATE)),
      ]);
      return { state: Object.fromEntries(moved) as Record<string, Tensor>, outputs: { loss: value } };
    },
  };
}

function named(tensors: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new RangeError(`the step has no tensor ${name}`);
  return tensor;
}

/** Fixed, irregular values in [-1, 1]: no seed is needed to compare two engines. */
function ramp(shape: readonly number[], stride: number): HostTensor {
  const length = shape.reduce((product, side) => product * side, 1);
  return { shape, data: Float32Array.from({ length }, (_, i) => Math.sin(1 + i * stride)) };
}

function largestDifference(
  a: Readonly<Record<string, HostTensor>>,
  b: Readonly<Record<string, HostTensor>>,
): number {
  const differences = Object.entries(a).flatMap(([name, tensor]) =>
    Array.from(tensor.data, (value, i) => Math.abs(value - (b[name]?.data[i] ?? Number.NaN))),
  );
  return differences.reduce((most, difference) => (difference <= most ? most : difference), 0);
}
