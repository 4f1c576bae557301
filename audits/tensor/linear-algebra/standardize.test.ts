import { expect, test } from 'vitest';
import { matrix } from '../../contract/data.ts';
import { applyStandardizer, fitStandardizer } from './standardize.ts';

test('columns get mean 0 and deviation 1 as learned on the fitting rows', async () => {
  const standardizer = await fitStandardizer(matrix(Float32Array.of(1, 10, 3, 30), 2, 2));
  expect([...applyStandardizer(standardizer, matrix(Float32Array.of(5, 20), 1, 2)).data]).toEqual([3, 0]);
});

test('a constant column becomes zero, not infinite, and so does float32 dust on a large offset', async () => {
  const source = matrix(Float32Array.of(7, 1, 1e6, 7, -1, 1e6), 2, 3);
  expect([...applyStandardizer(await fitStandardizer(source), source).data]).toEqual([0, 1, 0, 0, -1, 0]);
});

test('another width is refused', async () => {
  const standardizer = await fitStandardizer(matrix(Float32Array.of(1, 2), 1, 2));
  expect(() => applyStandardizer(standardizer, matrix(Float32Array.of(1), 1, 1))).toThrow(RangeError);
});
