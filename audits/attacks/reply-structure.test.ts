import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Matrix, matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { readStructure } from './reply-structure.ts';

const ROWS = 300;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

const normals = (rows: number, columns: number, seed: string): Matrix => {
  const rng = createRng(seed);
  return matrix(
    Float32Array.from({ length: rows * columns }, () => rng.normal()),
    rows,
    columns,
  );
};
const mapped = ({ data, rows, columns }: Matrix, change: (value: number, column: number) => number): Matrix =>
  matrix(
    data.map((value, at) => change(value, at % columns)),
    rows,
    columns,
  );

/** Replies of width 12 with 40 coordinates: `z W + b`. */
async function linearImage(): Promise<Matrix> {
  const product = await engine.matmul(normals(ROWS, 12, 'inside'), normals(12, 40, 'outside'));
  return mapped(product, (value, column) => value + column);
}

/** Columns in a shuffled order, `constants` of them padding. */
function paddedAndShuffled(source: Matrix, constants: number): Matrix {
  const columns = source.columns + constants;
  const order = createRng('shuffle').permutation(columns);
  const data = new Float32Array(source.rows * columns);
  for (let row = 0; row < source.rows; row++)
    for (let at = 0; at < columns; at++)
      data[row * columns + (order[at] ?? 0)] =
        at < source.columns ? (source.data[row * source.columns + at] ?? 0) : at / 7;
  return matrix(data, source.rows, columns);
}

describe('what replies give away', () => {
  test('twenty constants among shuffled coordinates, and the width without them', async () => {
    const structure = await readStructure(engine, paddedAndShuffled(normals(ROWS, 32, 'replies'), 20));
    expect(structure).toMatchObject({ constant: 20, duplicated: 0, rank: 32, isRankKnown: true, step: 0 });
  });

  test('repeated coordinates', async () => {
    const source = normals(ROWS, 16, 'replies');
    const data = new Float32Array(ROWS * 24);
    for (let row = 0; row < ROWS; row++)
      for (let at = 0; at < 24; at++) data[row * 24 + at] = source.data[row * 16 + (at % 16)] ?? 0;
    expect(await readStructure(engine, matrix(data, ROWS, 24))).toMatchObject({
      constant: 0,
      duplicated: 8,
      rank: 16,
    });
  });

  test('the width of a linear image, exactly, and with two decimals', async () => {
    const image = await linearImage();
    const exact = await readStructure(engine, image);
    expect(exact).toMatchObject({ rank: 12, constant: 0, step: 0, isBinary: false });
    const rounded = await readStructure(
      engine,
      mapped(image, (value) => Math.round(value * 100) / 100),
    );
    expect(rounded.rank).toBe(12);
    expect(rounded.step).toBeCloseTo(0.01, 5);
    // The formula, with its margin of a tenth.
    const formula = (0.01 / Math.sqrt(12)) * (Math.sqrt(ROWS) + Math.sqrt(40));
    expect(rounded.floor / formula).toBeCloseTo(1.1, 3);
    expect(rounded.gap).toBeLessThan(exact.gap);
  });

  test('the width behind noise, which fills every direction', async () => {
    const [image, noise] = [await linearImage(), normals(ROWS, 40, 'noise')];
    const noisy = mapped(image, (value) => value);
    noise.data.forEach((value, at) => (noisy.data[at] = (noisy.data[at] ?? 0) + 0.1 * value));
    const structure = await readStructure(engine, noisy);
    expect(structure.rankAboveNoise).toBe(12);
    expect(structure.rank).toBe(40);
  });

  test('fewer replies than directions leave the width open', async () => {
    expect(await readStructure(engine, normals(20, 40, 'few'))).toMatchObject({
      rank: 19,
      isRankKnown: false,
    });
  });

  test('two values are bits, not a rounding', async () => {
    const bits = mapped(normals(ROWS, 24, 'replies'), (value) => (value > 0 ? 1 : 0));
    expect(await readStructure(engine, bits)).toMatchObject({ isBinary: true, rank: 24 });
  });

  test('maps of single coordinates keep the atom a ReLU leaves; a mixing map dissolves it', async () => {
    const inside = mapped(normals(ROWS, 24, 'replies'), (value) => Math.max(0, value));
    const affine = mapped(inside, (value, column) => (column % 2 === 0 ? 3 : -2) * value + column);
    const mixed = await engine.matmul(inside, normals(24, 24, 'mixing'));
    expect((await readStructure(engine, affine)).atomShare).toBeGreaterThan(0.4);
    expect((await readStructure(engine, mixed)).atomShare).toBe(0);
  });

  test('normalised replies show by their lengths, principal axes by their correlation', async () => {
    const image = await linearImage();
    const unit = matrix(image.data.slice(), ROWS, 40);
    for (let row = 0; row < ROWS; row++) {
      const length = Math.hypot(...unit.data.subarray(row * 40, row * 40 + 40));
      for (let at = row * 40; at < row * 40 + 40; at++) unit.data[at] = (unit.data[at] ?? 0) / length;
    }
    expect((await readStructure(engine, unit)).lengthSpread).toBeLessThan(1e-6);
    expect((await readStructure(engine, image)).lengthSpread).toBeGreaterThan(0.01);
    const free = await readStructure(engine, normals(ROWS, 40, 'axes'));
    expect(free.correlation).toBeLessThan(0.06);
    expect((await readStructure(engine, image)).correlation).toBeGreaterThan(0.15);
  });

  test('replies that never change have no direction', async () => {
    const same = matrix(new Float32Array(ROWS * 3).fill(2), ROWS, 3);
    expect(await readStructure(engine, same)).toMatchObject({
      constant: 3,
      rank: 0,
      step: 0,
      isBinary: false,
    });
  });
});
