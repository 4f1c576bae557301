import { describe, expect, test } from 'vitest';
import { type Matrix, matrix, matrixRows } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { createShrinkage } from './reply-average.ts';

const rows = 4000;

/** Signal of standard deviation 1 around 50 in dimension 0, of 0.1 around 0 in dimension 1. */
function signal(): Matrix {
  const rng = createRng('signal');
  const data = Float32Array.from({ length: rows * 2 }, (_, at) =>
    at % 2 === 0 ? 50 + rng.normal() : 0.1 * rng.normal(),
  );
  return matrix(data, rows, 2);
}

function noisy(clean: Matrix, sigma: number, repeats: number): readonly Matrix[] {
  const rng = createRng('noise');
  return Array.from({ length: repeats }, () =>
    matrix(
      clean.data.map((value) => value + sigma * rng.normal()),
      rows,
      2,
    ),
  );
}

/** Mean squared distance to the clean values, per dimension. */
function errors(got: Matrix, clean: Matrix): readonly number[] {
  return [0, 1].map((column) => {
    let sum = 0;
    for (let row = 0; row < rows; row++)
      sum += ((got.data[row * 2 + column] ?? 0) - (clean.data[row * 2 + column] ?? 0)) ** 2;
    return sum / rows;
  });
}

describe('averaging repeated replies', () => {
  const clean = signal();

  test('reaches the error of the best linear denoiser, dimension by dimension', () => {
    const [sigma, repeats] = [1, 4];
    const got = errors(createShrinkage(2, repeats).average(noisy(clean, sigma, repeats)), clean);
    const noise = sigma ** 2 / repeats;
    // s v / (s + v): below the v of a plain average, and for the faint dimension near its own variance.
    const best = [1, 0.01].map((variance) => (variance * noise) / (variance + noise));
    // The mean of n squared errors has a relative standard error of sqrt(2 / n) = 2.2 %: five of them.
    got.forEach((error, column) => expect(Math.abs(error / (best[column] ?? 0) - 1)).toBeLessThan(0.11));
    expect(got[1]).toBeLessThan(0.1 * noise);
  });

  test('two averaged replies halve the noise variance', () => {
    const [one, two] = [1, 2].map((repeats) => {
      const faint = noisy(clean, 0.05, repeats);
      return errors(createShrinkage(2, repeats).average(faint), clean)[0] ?? 0;
    });
    expect(Math.abs((two ?? 0) / (one ?? 1) - 0.5)).toBeLessThan(0.05);
  });

  test('replies that do not vary pass unchanged', () => {
    const shrinkage = createShrinkage(2, 3);
    expect(shrinkage.average([clean, clean, clean]).data).toEqual(clean.data);
    expect(shrinkage.summary().noiseShare).toBeLessThan(1e-9);
    expect(shrinkage.summary().meanFactor).toBeCloseTo(1, 9);
  });

  test('reports the share of noise it found', () => {
    const shrinkage = createShrinkage(2, 4);
    shrinkage.average(noisy(clean, 1, 4));
    // Noise 1 + 1 against signal 1 + 0.01.
    expect(shrinkage.summary().noiseShare).toBeCloseTo(2 / 3.01, 1);
  });

  test('a pool sent in parts is treated nearly as one sent whole', () => {
    const replies = noisy(clean, 1, 4);
    const whole = createShrinkage(2, 4).average(replies);
    const inParts = createShrinkage(2, 4);
    const parts = [0, 2000].map((start) =>
      inParts.average(replies.map((reply) => matrixRows(reply, start, start + 2000))),
    );
    const last = matrixRows(whole, 2000, rows);
    expect(parts[1]?.data.every((value, at) => Math.abs(value - (last.data[at] ?? 0)) < 1e-3)).toBe(true);
    expect(
      errors(matrix(Float32Array.from(parts.flatMap(({ data }) => [...data])), rows, 2), clean)[0],
    ).toBeCloseTo(errors(whole, clean)[0] ?? 0, 2);
  });

  test('one image, or none left to compare with, keeps its average', () => {
    const single = [1, 3].map((value) => matrix(Float32Array.of(value, -value), 1, 2));
    expect([...createShrinkage(2, 2).average(single).data]).toEqual([2, -2]);
  });
});
