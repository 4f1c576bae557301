import { afterAll, describe, expect, test } from 'vitest';
import { matrix, matrixRows, type Matrix } from '../../contract/data.ts';
import { createRng } from '../../rng.ts';
import { createOnnxEngine } from '../onnx/engine.ts';
import { leadingEigen, WIDE_COLUMNS } from './leading-eigen.ts';
import { fitProcrustes, type Procrustes } from './procrustes.ts';
import { fitRidge } from './ridge.ts';
import { eigenSymmetric } from './symmetric-eigen.ts';

/** Wide rows of low rank take a way of their own; it must lead where the plain one does. */

const engine = createOnnxEngine(1);
afterAll(() => engine.dispose());

const NARROW = 48;

function randomRows(rows: number, columns: number, name: string): Matrix {
  const rng = createRng(name);
  return matrix(
    Float32Array.from({ length: rows * columns }, () => rng.normal() + 1),
    rows,
    columns,
  );
}

/** Every column at a place of its own among columns of zeros: the same geometry, turned. */
function spread(source: Matrix, name: string): Matrix {
  const places = createRng(name).permutation(WIDE_COLUMNS);
  const wide = matrix(new Float32Array(source.rows * WIDE_COLUMNS), source.rows, WIDE_COLUMNS);
  for (let row = 0; row < source.rows; row++)
    for (let column = 0; column < source.columns; column++)
      wide.data[row * WIDE_COLUMNS + (places[column] ?? 0)] = source.data[row * source.columns + column] ?? 0;
  return wide;
}

function largestGap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs((a[i] ?? Number.NaN) - (b[i] ?? 0)));
  return most;
}

async function applied({ rotation, scale, xMean, yMean }: Procrustes, source: Matrix): Promise<Matrix> {
  const centred = source.data.map((value, at) => value - (xMean[at % source.columns] ?? 0));
  const turned = await engine.matmul(matrix(centred, source.rows, source.columns), rotation);
  return {
    ...turned,
    data: turned.data.map((value, at) => scale * value + (yMean[at % turned.columns] ?? 0)),
  };
}

// Rows fewer than a quarter of the columns, and more of them whose rank is as low.
describe.each([80, 400])('%i wide rows of rank 48', (rows) => {
  const x = randomRows(rows + 20, NARROW, 'x');
  const noise = randomRows(rows + 20, NARROW, 'noise');
  const y = { ...x, data: x.data.map((value, at) => 2 * value + 0.5 * (noise.data[at] ?? 0)) };
  const fitted = (source: Matrix): Matrix => matrixRows(source, 0, rows);
  const left = (source: Matrix): Matrix => matrixRows(source, rows, rows + 20);
  const [wideX, wideY] = [spread(x, 'places of x'), spread(y, 'places of y')];

  test('a rotation is found, as good as among the columns that hold anything', async () => {
    const plain = await fitProcrustes(engine, fitted(x), fitted(y), { scale: true });
    const wide = await fitProcrustes(engine, fitted(wideX), fitted(wideY), { scale: true });
    expect(wide.r2).toBeCloseTo(plain.r2, 9);
    expect(wide.scale).toBeCloseTo(plain.scale, 9);
    const { rotation } = wide;
    const squares = await engine.matmul(rotation, rotation, { transposeB: true });
    expect(
      largestGap(
        squares.data,
        squares.data.map((_, at) => (at % (WIDE_COLUMNS + 1) === 0 ? 1 : 0)),
      ),
    ).toBeLessThan(1e-5);
    const wanted = spread(await applied(plain, left(x)), 'places of y');
    expect(largestGap((await applied(wide, left(wideX))).data, wanted.data)).toBeLessThan(1e-4);
  });

  test('ridge predicts the same, and chooses by the same errors', async () => {
    const lambdas = [1, 100];
    const plain = await fitRidge(engine, fitted(x), fitted(y), { lambdas });
    const wide = await fitRidge(engine, fitted(wideX), fitted(y), { lambdas });
    expect(wide.lambda).toBe(plain.lambda);
    expect(wide.looError / plain.looError).toBeCloseTo(1, 9);
    expect(largestGap(wide.bias, plain.bias)).toBeLessThan(1e-5);
    const [predicted, wanted] = [
      await engine.matmul(left(wideX), wide.weights),
      await engine.matmul(left(x), plain.weights),
    ];
    expect(largestGap(predicted.data, wanted.data)).toBeLessThan(1e-4);
  });
});

test('rows that are already in their place are not turned', async () => {
  const x = spread(randomRows(80, NARROW, 'x'), 'places');
  const found = await fitProcrustes(engine, x, x);
  expect(found.r2).toBeCloseTo(1, 12);
  expect(largestGap((await applied(found, x)).data, x.data)).toBeLessThan(1e-4);
});

test('rows that are not paired are refused', async () => {
  const x = randomRows(10, WIDE_COLUMNS, 'wide');
  await expect(fitProcrustes(engine, x, matrixRows(x, 0, 9))).rejects.toThrow('10 with 9 rows');
});

describe('leading eigenvectors', () => {
  const factor = {
    ...randomRows(12, 60, 'factor'),
    data: Float64Array.from(randomRows(12, 60, 'factor').data),
  };

  test('are those of the whole decomposition, without the ones that belong to nothing', async () => {
    const gram = await engine.matmulFloat64(factor, factor, { transposeA: true });
    const found = await leadingEigen(engine, gram, 15);
    const whole = eigenSymmetric(gram);
    expect(found?.values).toHaveLength(12);
    const scale = whole.values[0] ?? 1;
    found?.values.forEach((value, i) =>
      expect(Math.abs(value - (whole.values[i] ?? 0)) / scale).toBeLessThan(1e-13),
    );
    const image = await engine.matmulFloat64(found?.vectors ?? gram, gram);
    const wanted = found?.vectors.data.map((value, at) => value * (found.values[Math.floor(at / 60)] ?? 0));
    expect(largestGap(image.data, wanted ?? []) / scale).toBeLessThan(1e-12);
  });

  test('are not looked for where the rank is higher than that, or nothing varies', async () => {
    const gram = await engine.matmulFloat64(factor, factor, { transposeA: true });
    expect(await leadingEigen(engine, gram, 11)).toBeUndefined();
    expect(await leadingEigen(engine, { ...gram, data: new Float64Array(60 * 60) }, 11)).toBeUndefined();
  });
});
