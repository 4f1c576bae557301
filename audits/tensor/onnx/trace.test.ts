import { describe, expect, test } from 'vitest';
import type { StepDefinition } from '../../contract/engine.ts';
import { tf, type Tensor, type Tensor4D, type Tensors } from '../ops.ts';
import { traceStep } from './trace.ts';
import type { OnnxNode } from './proto.ts';

async function traced(
  inputs: Readonly<Record<string, readonly number[]>>,
  run: (inputs: Tensors) => Tensor,
): Promise<readonly OnnxNode[]> {
  const definition: StepDefinition<Tensor> = {
    name: 'traced',
    state: {},
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([name, shape]) => [name, { shape, dtype: 'float32' }]),
    ),
    step: (_, given) => ({ state: {}, outputs: { y: run(given) } }),
  };
  return (await traceStep(definition)).graph.toModel('traced').graph.node;
}

const operators = (nodes: readonly OnnxNode[]): string[] => nodes.map((node) => node.opType);

describe('a recorded step', () => {
  test('stays channels-first between convolutions: only the images and the filters are transposed', async () => {
    const nodes = await traced(
      { x: [2, 8, 8, 3], first: [3, 3, 3, 4], second: [3, 3, 4, 4], scale: [4] },
      ({ x, first, second, scale }) => {
        const a = tf.relu(tf.conv2d(x as Tensor4D, first as Tensor4D, 1, 'same'));
        const b = tf.mul(tf.conv2d(a, second as Tensor4D, 1, 'same'), scale!);
        return tf.mean(tf.add(a, b), [1, 2]);
      },
    );
    // One for the images, two swaps for each filter.
    expect(operators(nodes).filter((operator) => operator === 'Transpose')).toHaveLength(5);
    expect(operators(nodes).filter((operator) => operator === 'Conv')).toHaveLength(2);
  });

  test('computes equal things once and leaves out what no output needs', async () => {
    const nodes = await traced({ x: [4] }, ({ x }) => {
      tf.tanh(x!);
      return tf.add(tf.exp(x!), tf.exp(x!));
    });
    expect(operators(nodes)).toEqual(['Exp', 'Add']);
  });

  test('drops arithmetic with neutral constants and folds constants', async () => {
    const nodes = await traced({ x: [2, 3] }, ({ x }) => {
      const two = tf.mul(tf.ones([2, 3]), tf.scalar(2));
      return tf.mul(tf.add(tf.div(x!, tf.onesLike(x!)), tf.zerosLike(x!)), two);
    });
    expect(operators(nodes)).toEqual(['Mul']);
  });

  test('keeps broadcasts small until something needs the copies', async () => {
    const nodes = await traced({ x: [64, 3], b: [3] }, ({ x, b }) =>
      tf.mul(x!, tf.exp(tf.tile(tf.reshape(b!, [1, 3]), [64, 1]))),
    );
    expect(operators(nodes).sort()).toEqual(['Exp', 'Mul', 'Reshape']);
  });

  test('a transposed matrix is read as it lies', async () => {
    const nodes = await traced({ a: [4, 3], b: [5, 4] }, ({ a, b }) =>
      tf.matMul(tf.transpose(a!), b!, false, true),
    );
    expect(operators(nodes)).toEqual(['Gemm']);
  });
});
