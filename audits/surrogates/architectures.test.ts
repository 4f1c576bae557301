import { expect, test } from 'vitest';
import { createRng } from '../rng.ts';
import { HEAD_BIAS, HEAD_KERNEL } from './architecture.ts';
import { filterNames, parameterCount } from './parameters.ts';
import { architectures, findArchitecture } from './registry.ts';

const withoutHead = (name: string) => name !== HEAD_KERNEL && name !== HEAD_BIAS;

test.each([
  ['small-cnn', 388_896],
  ['resnet18', 11_168_832],
  ['resnet34', 21_276_992],
])('%s has %d weights without its head', (id, expected) => {
  const { weights, statistics } = findArchitecture(id).initialize(createRng(1), 10, 32);
  expect(parameterCount(filterNames(weights, withoutHead))).toBe(expected);
  expect(Object.keys(weights).filter((name) => name in statistics)).toEqual([]);
});

test('a ResNet has a head unless the features already have the dimension', () => {
  const weightsAt = (dimension: number) => resnet.initialize(createRng(1), dimension, 32).weights;
  const resnet = findArchitecture('resnet18');
  expect(weightsAt(512)[HEAD_KERNEL]).toBeUndefined();
  expect(weightsAt(128)[HEAD_KERNEL]?.shape).toEqual([512, 128]);
});

test('the same stream draws the same weights, another stream others', () => {
  const kernel = (seed: number) =>
    findArchitecture('small-cnn').initialize(createRng(seed), 8, 32).weights['convolution1/kernel']!.data;
  expect(kernel(1)).toEqual(kernel(1));
  expect(kernel(1)).not.toEqual(kernel(2));
});

test('an unknown architecture is refused with the known ones', () => {
  expect(() => findArchitecture('vit')).toThrow(/small-cnn, resnet18, resnet34/);
  expect(new Set(architectures.map(({ id }) => id)).size).toBe(architectures.length);
});
