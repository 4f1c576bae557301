import { describe, expect, test } from 'vitest';
import { trainingBenchmark } from './benchmark.ts';
import { findNetwork } from './networks.ts';
import { figures, largestDifference, type SideResult } from './result.ts';

const { id, title, unit, workload } = trainingBenchmark(findNetwork('resnet18'), 32);

function side(name: string, device: string, rates: readonly number[], isReference = false): SideResult {
  const blocks = rates.map((rate) => ({
    runs: 1,
    units: rate * 2,
    seconds: 2,
    processorSeconds: 3,
    othersSeconds: 1,
    peakMemoryBytes: 1e9,
  }));
  return { name, device, isReference, threads: 2, versions: {}, check: [2, 1], blocks, failure: null };
}

const figuresOf = (...sides: readonly SideResult[]) =>
  Object.fromEntries(
    figures({ id, title, unit, workload, sides: [...sides] }).map((each) => [each.name, each]),
  );

describe('the figures of a side', () => {
  test('an accelerator is compared with the library on the same hardware, never with the processor', () => {
    const all = [
      side('onnx cpu', 'cpu', [1]),
      side('onnx cuda', 'cuda', [30]),
      side('onnx webgpu', 'webgpu', [20]),
      side('onnx coreml', 'coreml', [10]),
      side('PyTorch', 'cpu', [2], true),
      side('PyTorch cuda', 'cuda', [40], true),
    ];
    const found = figuresOf(...all);
    expect(found['onnx cpu']?.ratio?.median).toBe(0.5);
    expect(found['onnx cuda']?.ratio?.median).toBe(0.75);
    expect(found['onnx webgpu']?.ratio?.median).toBe(0.5);
    expect(found['onnx coreml']).toMatchObject({ ratio: null, difference: 0, rate: 10 });
    expect(found['PyTorch cuda']?.ratio).toBeNull();
  });

  test('rounds that the reference did not finish are left out of the ratio, not of the speed', () => {
    const found = figuresOf(side('onnx cpu', 'cpu', [4, 4, 100]), side('PyTorch', 'cpu', [2, 2], true));
    expect(found['onnx cpu']?.ratio).toMatchObject({ median: 2, high: 2 });
    expect(found['onnx cpu']?.rate).toBe(4);
  });

  test('what others took is counted in processors', () => {
    expect(figuresOf(side('onnx cpu', 'cpu', [1]))['onnx cpu']?.others).toBe(0.5);
  });

  test('a side without blocks has its failure and no numbers', () => {
    const failed = { ...side('onnx cpu', 'cpu', []), failure: 'out of memory' };
    expect(figuresOf(failed)['onnx cpu']).toMatchObject({
      rate: null,
      ratio: null,
      peakMemoryBytes: null,
      failure: 'out of memory',
    });
  });
});

describe('the difference of two computations', () => {
  test('is relative to the larger number and the largest of all', () => {
    expect(largestDifference([1, 200], [1, 100])).toBe(0.5);
    expect(largestDifference([0, 3], [0, 3])).toBe(0);
  });

  test('a missing or invalid number is never agreement', () => {
    expect(largestDifference([1], [1, 2])).toBe(Infinity);
    expect(largestDifference([Number.NaN], [1])).toBe(Infinity);
  });
});
