import { expect, test } from 'vitest';
import { type Matrix, matrix, matrixRow } from '../contract/data.ts';
import { encode, pictures } from '../defenses/marked-world.sample.ts';
import { createRng } from '../rng.ts';
import { plainMultiplier } from '../tensor/linear-algebra/plain-multiplier.sample.ts';
import { removeSuspiciousDirections } from './suspicious-directions.ts';

const ROWS = 600;
const shown = pictures(ROWS, 'queried');
const clean = encode(shown, 'victim');
const known = encode(shown, 'public encoder');
const target = (() => {
  const rng = createRng('target');
  return Float64Array.from({ length: clean.columns }, () => rng.normal());
})();
const length = Math.hypot(...target);

/** Every fifth reply is drawn to one target by `share`, as EmbMarker does. */
function drawn(share: number): Matrix {
  const replies = matrix(clean.data.slice(), ROWS, clean.columns);
  for (let row = 0; row < ROWS; row += 5) {
    const values = matrixRow(replies, row);
    const scale = (share * Math.hypot(...values)) / length;
    values.forEach((value, i) => (values[i] = (1 - share) * value + scale * (target[i] ?? 0)));
  }
  return replies;
}

/** Mean cosine to the target of the drawn rows, less that of the others. */
function gap(replies: Matrix): number {
  const mean = (wanted: boolean): number => {
    const rows = Array.from({ length: ROWS }, (_, row) => row).filter((row) => (row % 5 === 0) === wanted);
    const cosines = rows.map((row) => {
      const values = matrixRow(replies, row);
      const inner = values.reduce((sum, value, i) => sum + value * (target[i] ?? 0), 0);
      return inner / (length * Math.hypot(...values));
    });
    return cosines.reduce((sum, value) => sum + value, 0) / rows.length;
  };
  return mean(true) - mean(false);
}

test('a common target goes with a few directions', async () => {
  const replies = drawn(0.4);
  const cleansed = await removeSuspiciousDirections(plainMultiplier, replies, known, 4, createRng(1));
  expect(gap(replies)).toBeGreaterThan(0.4);
  expect(gap(cleansed.replies)).toBeLessThan(gap(replies) / 3);
  expect(cleansed.directions).toBe(4);
  expect(cleansed.pairs).toBe(Math.round(0.025 * ROWS));
});

test('replies keep their lengths, and nothing is left along the directions taken out', async () => {
  const replies = drawn(0.4);
  const once = await removeSuspiciousDirections(plainMultiplier, replies, known, 2, createRng(1));
  for (let row = 0; row < ROWS; row++)
    expect(Math.hypot(...matrixRow(once.replies, row))).toBeCloseTo(
      Math.hypot(...matrixRow(replies, row)),
      3,
    );
  expect(once.removedShare).toBeGreaterThan(0);
  expect(once.removedShare).toBeLessThan(1);
});

test('no more directions than suspicious rows span', async () => {
  const few = matrix(clean.data.slice(0, 20 * clean.columns), 20, clean.columns);
  const publicly = matrix(known.data.slice(0, 20 * known.columns), 20, known.columns);
  const { directions, pairs } = await removeSuspiciousDirections(
    plainMultiplier,
    few,
    publicly,
    30,
    createRng(1),
  );
  expect(pairs).toBe(1);
  expect(directions).toBe(2);
});
