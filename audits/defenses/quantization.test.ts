import { expect, test } from 'vitest';
import { matrix } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { calibrateChain, openChainSession, parseChain } from './chain.ts';

const rows = 2000;
const rng = createRng('embeddings');
/** Normal, mean 5 and deviation 2 in one coordinate, 0 and 0.1 in the other. */
const embeddings = matrix(
  Float32Array.from({ length: rows * 2 }, (_, at) =>
    at % 2 === 0 ? 5 + 2 * rng.normal() : 0.1 * rng.normal(),
  ),
  rows,
  2,
);

function replies(text: string): Float32Array {
  const chain = parseChain(text);
  const session = openChainSession(chain, calibrateChain(chain, embeddings, rng), 0, rng);
  return session.reply(
    embeddings,
    Array.from({ length: rows }, () => 'x'),
  ).data;
}

/** Mean squared error in variances of the coordinate. */
function error(text: string, column: number): number {
  const got = replies(text);
  let sum = 0;
  for (let row = 0; row < rows; row++)
    sum += ((got[row * 2 + column] ?? 0) - (embeddings.data[row * 2 + column] ?? 0)) ** 2;
  return sum / rows / (column === 0 ? 4 : 0.01);
}

test.each([0, 1])(
  'one bit leaves 1 - 2/pi of the variance of a normal coordinate (coordinate %d)',
  (column) => {
    const values = new Set([...replies('quantization:bits=1')].filter((_, at) => at % 2 === column));
    expect(values.size).toBe(2);
    expect(error('quantization:bits=1', column)).toBeCloseTo(1 - 2 / Math.PI, 1);
  },
);

test.each([4, 8])('%d bits leave a twelfth of a squared step, at so many levels', (bits) => {
  const step = 8 / (2 ** bits - 1);
  for (const column of [0, 1])
    expect(error(`quantization:bits=${bits}`, column) / (step ** 2 / 12)).toBeCloseTo(1, 0);
  const levels = new Set([...replies(`quantization:bits=${bits}`)].filter((_, at) => at % 2 === 0));
  expect(levels.size).toBeLessThanOrEqual(2 ** bits);
});

test('what lies outside the range is answered with its end', () => {
  const got = replies('quantization:range=1');
  for (let row = 0; row < rows; row++) expect(Math.abs((got[row * 2] ?? 0) - 5)).toBeLessThan(2.2);
});
