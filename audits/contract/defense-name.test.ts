import { expect, test } from 'vitest';
import { defenseName } from './defense-name.ts';

test.each([
  ['none', 'no defense'],
  ['gaussian-noise:sigma=0.1', 'gaussian-noise:sigma=0.1'],
  ['none-of-ours', 'none-of-ours'],
])('%s is called %s', (label, name) => {
  expect(defenseName(label)).toBe(name);
});
