import { expect, test } from 'vitest';
import { matrix } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { HEAD_BIAS, HEAD_KERNEL } from '../surrogates/architecture.ts';
import { plainMultiplier } from '../tensor/linear-algebra/plain-multiplier.sample.ts';
import { mapOutput, rotationMap, selectionMap } from './surrogate-output.ts';

const network = (weights: Record<string, { shape: readonly number[]; data: Float32Array }>) =>
  ({ kind: 'network', architecture: 'small-cnn', inputSize: 8, dimension: 3, weights }) as const;

test('a network’s head and bias are multiplied by the map', async () => {
  const mapped = await mapOutput(
    plainMultiplier,
    network({
      [HEAD_KERNEL]: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      [HEAD_BIAS]: { shape: [3], data: Float32Array.of(7, 8, 9) },
    }),
    selectionMap(3, [2, 0]),
  );
  expect(mapped).toMatchObject({
    dimension: 2,
    weights: {
      [HEAD_KERNEL]: { shape: [2, 2], data: Float32Array.of(3, 1, 6, 4) },
      [HEAD_BIAS]: { shape: [2], data: Float32Array.of(9, 7) },
    },
  });
});

test('the map becomes the head of a network that has none', async () => {
  const map = selectionMap(3, [1, 2]);
  const mapped = await mapOutput(plainMultiplier, network({}), map);
  expect(mapped).toMatchObject({
    dimension: 2,
    weights: {
      [HEAD_KERNEL]: { shape: [3, 2], data: map.data },
      [HEAD_BIAS]: { shape: [2], data: Float32Array.of(0, 0) },
    },
  });
});

test('a linear map of features takes it into weights and bias', async () => {
  const mapped = await mapOutput(
    plainMultiplier,
    {
      kind: 'linear-on-features',
      features: { kind: 'backbone' },
      weights: matrix(Float32Array.of(1, 2, 3, 4), 2, 2),
      bias: Float32Array.of(5, 6),
    },
    matrix(Float32Array.of(0, 1, -1, 0), 2, 2),
  );
  expect(mapped).toMatchObject({
    weights: { data: Float32Array.of(-2, 1, -4, 3) },
    bias: Float32Array.of(-6, 5),
  });
});

test('rotations are orthogonal, and others for other draws', async () => {
  const size = 24;
  const map = await rotationMap(plainMultiplier, size, createRng(1));
  const { data } = await plainMultiplier.matmul(map, map, { transposeB: true });
  data.forEach((value, at) => expect(value).toBeCloseTo(at % (size + 1) === 0 ? 1 : 0, 5));
  expect((await rotationMap(plainMultiplier, size, createRng(2))).data).not.toEqual(map.data);
});

test('a public encoder has no last layer', async () => {
  await expect(mapOutput(plainMultiplier, { kind: 'backbone' }, selectionMap(3, [0]))).rejects.toMatchObject({
    code: 'internal',
  });
});
