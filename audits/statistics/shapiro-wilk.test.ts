import { expect, test } from 'vitest';
import { shapiroWilk } from './shapiro-wilk.ts';

/** The minimal standard generator (Park and Miller 1988), so that Python can draw the same values. */
function uniforms(count: number): readonly number[] {
  let state = 1;
  return Array.from({ length: count }, () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647);
}

/** `scipy.stats.shapiro(values).statistic`, SciPy 1.17.1. */
const cases: readonly (readonly [name: string, values: readonly number[], expected: number])[] = [
  ['three values', [1, 2, 4], 0.9642857142857142],
  ['five values', [2.1, 3.3, 1.2, 5.9, 4], 0.9796570722161887],
  ['six values', [0.1, 0.4, 0.2, 0.9, 0.3, 2.5], 0.7396196788704563],
  [
    'twenty normal values',
    [
      0.0012, 0.2987, -0.2741, -0.8906, -0.4547, -0.9916, 0.0601, 1.3402, -0.4922, -0.6205, 0.4898, 0.3569,
      0.1054, -0.9305, -0.0293, 0.6953, -1.3442, -0.4576, -1.9012, -1.2895,
    ],
    0.9921241695906077,
  ],
  ['101 uniform', uniforms(101), 0.9527765844659823],
  ['101 exponential', uniforms(101).map((u) => -Math.log(u)), 0.5948846796616178],
  ['1000 uniform', uniforms(1000), 0.9619548825390398],
  ['2000 exponential', uniforms(2000).map((u) => -Math.log(u)), 0.7613993413213014],
];

test.each(cases)('%s: W is SciPy’s', (_, values, expected) => {
  expect(shapiroWilk(values)).toBeCloseTo(expected, 7);
  expect(shapiroWilk(values.map((value) => 3 - 2 * value))).toBeCloseTo(expected, 7);
});

test('a sample without spread says nothing; sizes the method is not made for are refused', () => {
  expect(shapiroWilk([2, 2, 2, 2])).toBe(1);
  expect(() => shapiroWilk([1, 2])).toThrow(RangeError);
  expect(() => shapiroWilk(new Float64Array(5001))).toThrow(RangeError);
});
