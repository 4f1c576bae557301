import { expect, test } from 'vitest';
import { parseNvidia } from './gauge.ts';

test('memory of a graphics device as nvidia-smi prints it', () => {
  expect(parseNvidia('NVIDIA H200, 1024, 143771\n')).toEqual({
    name: 'NVIDIA H200',
    usedBytes: 2 ** 30,
    totalBytes: 143_771 * 2 ** 20,
  });
  expect(parseNvidia('No devices were found\n')).toBeNull();
  expect(parseNvidia('NVIDIA H200, [N/A], [N/A]\n')).toBeNull();
});
