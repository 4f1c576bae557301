import { describe, expect, test } from 'vitest';
import { matrix, type Matrix } from '../../contract/data.ts';
import { createRng } from '../../rng.ts';
import { topKCosine } from './cosine-neighbors.ts';
import { fitLogisticRegression, predictClasses } from './logistic-regression.ts';
import { plainMultiplier } from './plain-multiplier.sample.ts';
import { fitRidge } from './ridge.ts';
import { filterRows, matrixBlocks, pairedBlocks, readAllRows, strideRows } from './row-blocks.ts';
import { inOddBlocks } from './scipy-cases.sample.ts';
import { fitStandardizer } from './standardize.ts';

const rng = createRng('rows');
const normal = (rows: number, columns: number): Matrix =>
  matrix(
    Float32Array.from({ length: rows * columns }, () => rng.normal()),
    rows,
    columns,
  );

describe('rows in blocks', () => {
  test('hold what the matrix holds', async () => {
    const rows = normal(23, 3);
    expect(await readAllRows(inOddBlocks(rows))).toEqual(rows);
    expect(await readAllRows(matrixBlocks(rows, 5))).toEqual(rows);
  });

  test('strides and choices count across blocks', async () => {
    const rows = matrix(
      Float32Array.from({ length: 23 }, (_, i) => i),
      23,
      1,
    );
    for (const stride of [1, 2, 5, 9, 40]) {
      const expected = Array.from(rows.data).filter((value) => value % stride === 0);
      const strided = strideRows(inOddBlocks(rows), stride);
      expect(strided.rows).toBe(expected.length);
      expect([...(await readAllRows(strided)).data]).toEqual(expected);
    }
    const keep = Uint8Array.from({ length: 23 }, (_, i) => Number(i > 8 && i % 3 === 0));
    const chosen = filterRows(inOddBlocks(rows), keep);
    expect([...(await readAllRows(chosen)).data]).toEqual([9, 12, 15, 18, 21]);
  });

  test('pair up although they are cut differently', async () => {
    const rows = normal(23, 2);
    let seen = 0;
    for await (const [a, b] of pairedBlocks(inOddBlocks(rows), matrixBlocks(rows, 5))) {
      expect(a.data).toEqual(b.data);
      seen += a.rows;
    }
    expect(seen).toBe(23);
  });

  test('that end early or differ in number are refused', async () => {
    const rows = normal(8, 2);
    const short = { ...matrixBlocks(rows, 3), rows: 9 };
    await expect(readAllRows(short)).rejects.toThrow('announced 9');
    const pairs = async (): Promise<void> => {
      for await (const pair of pairedBlocks(short, normal(9, 2))) void pair;
    };
    await expect(pairs()).rejects.toThrow('ended before');
    await expect(fitRidge(plainMultiplier, rows, normal(9, 2))).rejects.toThrow(RangeError);
  });
});

describe('methods give the same for a matrix and for its blocks', () => {
  const x = normal(90, 5);
  const y = normal(90, 2);
  const labels = Int32Array.from({ length: 90 }, (_, i) => Number((x.data[i * 5] ?? 0) > 0) + (i % 2));

  test('ridge, with its penalty judged on all rows or on a few', async () => {
    const whole = await fitRidge(plainMultiplier, x, y);
    const cut = await fitRidge(plainMultiplier, inOddBlocks(x), matrixBlocks(y, 11));
    expect(cut.lambda).toBeCloseTo(whole.lambda, 9);
    whole.weights.data.forEach((value, i) => expect(cut.weights.data[i]).toBeCloseTo(value, 6));
    const few = await fitRidge(plainMultiplier, x, y, { judgedRows: 30, lambdas: [3] });
    const all = await fitRidge(plainMultiplier, x, y, { lambdas: [3] });
    expect(few.weights).toEqual(all.weights);
    expect(few.looError).not.toBe(all.looError);
    expect(few.looError / all.looError).toBeCloseTo(1, 0);
  });

  test('logistic regression and its predictions', async () => {
    const whole = await fitLogisticRegression(plainMultiplier, x, labels, 3, { l2: 0.01 });
    const cut = await fitLogisticRegression(plainMultiplier, inOddBlocks(x), labels, 3, { l2: 0.01 });
    expect(cut.loss).toBeCloseTo(whole.loss, 7);
    expect(await predictClasses(plainMultiplier, cut, inOddBlocks(x))).toEqual(
      await predictClasses(plainMultiplier, whole, x),
    );
  });

  test('neighbors and standardisation', async () => {
    const options = { excludeSelf: true };
    const whole = await topKCosine(plainMultiplier, x, x, 4, options);
    const cut = await topKCosine(plainMultiplier, inOddBlocks(x), matrixBlocks(x, 13), 4, options);
    expect(cut.indices).toEqual(whole.indices);
    const a = await fitStandardizer(x);
    const b = await fitStandardizer(inOddBlocks(x));
    a.scale.forEach((value, i) => expect(b.scale[i]).toBeCloseTo(value, 12));
  });
});
