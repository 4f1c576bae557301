import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonLines } from './json-lines.ts';

test('what fits on a line stands on one, and nothing else', () => {
  const value = { id: 'gaussian-noise', config: { sigma: 0.5, mode: 'fresh', gone: undefined }, none: [] };
  expect(jsonLines(value)).toBe(
    '{ "id": "gaussian-noise", "config": { "sigma": 0.5, "mode": "fresh" }, "none": [] }',
  );
  expect(jsonLines(value, 50).split('\n')).toEqual([
    '{',
    '  "id": "gaussian-noise",',
    '  "config": { "sigma": 0.5, "mode": "fresh" },',
    '  "none": []',
    '}',
  ]);
});

test('it is the same JSON, at any width', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 120 }), (value, width) => {
      expect(JSON.parse(jsonLines(value, width))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
