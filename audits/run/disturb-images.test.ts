import { expect, test } from 'vitest';
import { hashedImages } from '../datasets/image-hash.ts';
import { createRng } from '../rng.ts';
import { disturbImages } from './disturb-images.ts';

const SIDE = 40;
const gray = (level: number, count: number) =>
  hashedImages(new Uint8Array(count * SIDE * SIDE * 3).fill(level), count, SIDE, SIDE);

function moments(values: ArrayLike<number>): { readonly mean: number; readonly deviation: number } {
  const list = Array.from(values);
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  return {
    mean,
    deviation: Math.sqrt(list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length),
  };
}

test('noise finer than a level keeps its mean; its deviation of 0.255 levels comes out as 0.45', () => {
  const draw = (rng: ReturnType<typeof createRng>): number => 0.255 * rng.normal();
  const { data, count } = disturbImages(gray(100, 2), { count: 2, perImage: 10, draw }, createRng(1));
  expect(count).toBe(20);
  const { mean, deviation } = moments(data);
  expect(Math.abs(mean - 100)).toBeLessThan(0.01);
  expect(Math.abs(deviation - 0.45)).toBeLessThan(0.01);
});

test('neighbors in a ball of 1.275 levels are half of that above on average, and never below', () => {
  const draw = (rng: ReturnType<typeof createRng>): number => 1.275 * rng.uniform();
  const { data } = disturbImages(gray(7, 1), { count: 1, perImage: 20, draw }, createRng(2));
  expect(Math.abs(moments(data).mean - 7 - 1.275 / 2)).toBeLessThan(0.01);
  expect(Math.min(...new Set(data))).toBe(7);
  expect(Math.max(...new Set(data))).toBe(9);
});

test('copies follow their images in order, stay within bytes, and are the same for equal streams', () => {
  const two = hashedImages(Uint8Array.of(0, 0, 0, 255, 255, 255), 2, 1, 1);
  const draw = (rng: ReturnType<typeof createRng>): number => 40 * rng.normal();
  const make = () => disturbImages(two, { count: 5, perImage: 3, draw }, createRng(3));
  const { data, count, hashes } = make();
  expect(count).toBe(6);
  expect(hashes).toHaveLength(6);
  expect(Math.max(...data.subarray(0, 9))).toBeLessThan(Math.min(...data.subarray(9)));
  expect(make().data).toEqual(data);
});
