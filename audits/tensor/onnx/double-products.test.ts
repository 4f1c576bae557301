import { afterAll, describe, expect, test } from 'vitest';
import { plainMultiplier } from '../linear-algebra/plain-multiplier.sample.ts';
import { createReferenceEngine } from '../reference/engine.ts';
import { createOnnxEngine } from './engine.ts';

const filled = (rows: number, columns: number, seed: number) => ({
  data: Float64Array.from({ length: rows * columns }, (_, i) => Math.sin(seed + 1.7 * i)),
  rows,
  columns,
});

const engines = [createOnnxEngine(1), createReferenceEngine()];
afterAll(() => Promise.all(engines.map((engine) => engine.dispose())));

describe.each(engines)('float64 products of the $id engine', (engine) => {
  test.each([
    { transposeA: false, transposeB: false },
    { transposeA: true, transposeB: false },
    { transposeA: false, transposeB: true },
    { transposeA: true, transposeB: true },
  ])('keep float64 digits: %o', async (options) => {
    const a = options.transposeA ? filled(7, 5, 1) : filled(5, 7, 1);
    const b = options.transposeB ? filled(3, 7, 2) : filled(7, 3, 2);
    const found = await engine.matmulFloat64(a, b, options);
    const expected = await plainMultiplier.matmulFloat64(a, b, options);
    expect([found.rows, found.columns]).toEqual([5, 3]);
    expected.data.forEach((value, i) => expect(found.data[i]).toBeCloseTo(value, 13));
  });

  test('refuse shapes that do not match', async () => {
    await expect(engine.matmulFloat64(filled(2, 3, 0), filled(2, 3, 0))).rejects.toThrow(
      'cannot multiply 2 x 3 by 2 x 3',
    );
  });
});
