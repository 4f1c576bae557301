import { expect, test } from 'vitest';
import * as fc from 'fast-check';
import { fromFloat16, toFloat16 } from './float16.ts';

test('known half floats', () => {
  const values = Float32Array.of(0, -0, 1, -2, 65504, 65519, 65520, 2 ** -24, 2 ** -25, 1 / 3, Infinity);
  expect([...toFloat16(values)]).toEqual([
    0, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x7bff, 0x7c00, 1, 0, 0x3555, 0x7c00,
  ]);
  expect(fromFloat16(toFloat16(Float32Array.of(NaN)))[0]).toBeNaN();
});

test('every half float survives the round trip', () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((bits) => (bits & 0x7fff) <= 0x7c00);
  expect(toFloat16(fromFloat16(all))).toEqual(all);
});

test('rounding goes to the nearest half float', () => {
  fc.assert(
    fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
      const bits = toFloat16(Float32Array.of(value));
      const error = Math.abs((fromFloat16(bits)[0] ?? NaN) - value);
      const step = Math.max(2 ** (Math.floor(Math.log2(Math.abs(value) || 2 ** -24)) - 10), 2 ** -24);
      expect(error).toBeLessThanOrEqual(step / 2);
    }),
  );
});
