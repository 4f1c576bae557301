import { expect, test } from 'vitest';
import { type Matrix, matrix } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { calibrateChain, openChainSession, parseChain } from './chain.ts';

const rows = 400;
const rng = createRng('plane');
/** A plane in four dimensions, far from zero: deviations 3 and 1 along (1, 1, 0, 0) and (0, 0, 1, -1). */
const embeddings = ((): Matrix => {
  const data = new Float32Array(rows * 4);
  for (let row = 0; row < rows; row++) {
    const [long, short] = [(3 * rng.normal()) / Math.SQRT2, rng.normal() / Math.SQRT2];
    data.set([10 + long, -4 + long, short, 2 - short], row * 4);
  }
  return matrix(data, rows, 4);
})();

function replies(text: string): Matrix {
  const chain = parseChain(text);
  const session = openChainSession(chain, calibrateChain(chain, embeddings, rng), 0, rng);
  return session.reply(
    embeddings,
    Array.from({ length: rows }, () => 'x'),
  );
}

function variances({ data, columns }: Matrix): number[] {
  return Array.from({ length: columns }, (_, column) => {
    const values = [...data].filter((__, at) => at % columns === column);
    const mean = values.reduce((sum, value) => sum + value, 0) / rows;
    expect(mean).toBeCloseTo(0, 3);
    return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows;
  });
}

test('answers with the strongest directions first, around the mean', () => {
  const [first = 0, second = 0, third = 1] = variances(replies('pca-truncation:dims=4'));
  expect(first / 9).toBeCloseTo(1, 0);
  expect(second).toBeGreaterThan(0.7);
  expect(second).toBeLessThan(1.4);
  expect(third).toBeLessThan(1e-6);
});

test('with as many axes as the data has dimensions distances stay', () => {
  const got = replies('pca-truncation:dims=2');
  const distance = ({ data, columns }: Matrix, a: number, b: number): number =>
    Math.hypot(
      ...Array.from(
        { length: columns },
        (_, i) => (data[a * columns + i] ?? 0) - (data[b * columns + i] ?? 0),
      ),
    );
  for (let row = 1; row < 50; row++)
    expect(distance(got, 0, row)).toBeCloseTo(distance(embeddings, 0, row), 3);
});
