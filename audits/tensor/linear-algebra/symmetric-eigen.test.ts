import { afterAll, describe, expect, test } from 'vitest';
import type { DoubleMatrix } from '../../contract/data.ts';
import { createRng } from '../../rng.ts';
import { createOnnxEngine } from '../onnx/engine.ts';
import { inverseCholesky } from './cholesky.ts';
import { eigenSymmetric, eigenvaluesSymmetric } from './symmetric-eigen.ts';

const engine = createOnnxEngine(1);
afterAll(() => engine.dispose());

function randomMatrix(rows: number, columns: number, seed: string): DoubleMatrix {
  const rng = createRng(seed);
  return { data: Float64Array.from({ length: rows * columns }, () => rng.normal()), rows, columns };
}

/** `B Bᵀ` with `B [size, rank]`. */
async function semidefinite(size: number, rank: number): Promise<DoubleMatrix> {
  const factor = randomMatrix(size, rank, `factor ${size}`);
  return engine.matmulFloat64(factor, factor, { transposeB: true });
}

function largestGap(a: DoubleMatrix, b: (row: number, column: number) => number): number {
  return a.data.reduce(
    (most, value, at) => Math.max(most, Math.abs(value - b(Math.floor(at / a.columns), at % a.columns))),
    0,
  );
}

describe('symmetric eigen decomposition', () => {
  test.each([
    { size: 1, rank: 1 },
    { size: 2, rank: 2 },
    { size: 3, rank: 1 },
    { size: 64, rank: 64 },
    { size: 65, rank: 65 },
    { size: 129, rank: 40 },
    { size: 200, rank: 250 },
  ])('$size x $size of rank $rank: vectors are orthonormal and diagonalise', async ({ size, rank }) => {
    const a = await semidefinite(size, rank);
    const { values, vectors } = eigenSymmetric(a);
    const image = await engine.matmulFloat64(vectors, a);
    const scale = values[0] ?? 1;
    expect(
      largestGap(image, (i, j) => (values[i] ?? 0) * (vectors.data[i * size + j] ?? 0)) / scale,
    ).toBeLessThan(1e-13);
    const overlaps = await engine.matmulFloat64(vectors, vectors, { transposeB: true });
    expect(largestGap(overlaps, (i, j) => (i === j ? 1 : 0))).toBeLessThan(1e-13);
    expect([...values]).toEqual([...values].sort((x, y) => y - x));
    expect(values.filter((value) => value > 1e-12 * scale)).toHaveLength(Math.min(size, rank));
    eigenvaluesSymmetric(a).forEach((value, i) =>
      expect(Math.abs(value - (values[i] ?? 0)) / scale).toBeLessThan(1e-13),
    );
  });

  test('negative, zero and repeated eigenvalues keep their signs', async () => {
    // Eigenvalues of [[0, 1], [1, 0]] are 1 and -1.
    const data = Float64Array.of(0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0);
    const found = eigenvaluesSymmetric({ data, rows: 4, columns: 4 });
    [1, 1, 0, -1].forEach((value, i) => expect(found[i]).toBeCloseTo(value, 14));
  });

  test('a matrix with a value that is not a number is refused', () => {
    const data = Float64Array.of(1, Number.NaN, 0, Number.NaN, 1, 0, 0, 0, 1);
    expect(() => eigenvaluesSymmetric({ data, rows: 3, columns: 3 })).toThrow('not finite');
  });
});

describe('inverse Cholesky factor', () => {
  test.each([1, 63, 64, 65, 200])('of size %i is lower triangular and inverts', async (size) => {
    const a = await semidefinite(size, size + 20);
    const inverse = await inverseCholesky(engine, a);
    const whitened = await engine.matmulFloat64(await engine.matmulFloat64(inverse, a), inverse, {
      transposeB: true,
    });
    expect(largestGap(whitened, (i, j) => (i === j ? 1 : 0))).toBeLessThan(1e-9);
    inverse.data.forEach((value, at) => {
      if (at % size > Math.floor(at / size)) expect(value).toBe(0);
    });
  });

  test('an indefinite matrix is refused', async () => {
    const indefinite = { data: Float64Array.of(1, 2, 2, 1), rows: 2, columns: 2 };
    await expect(inverseCholesky(engine, indefinite)).rejects.toThrow('not positive definite');
  });
});
