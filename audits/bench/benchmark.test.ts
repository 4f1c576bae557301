import { describe, expect, test } from 'vitest';
import { chooseBenchmarks, linearAlgebraBenchmark, trainingBenchmark } from './benchmark.ts';
import { benchmarkNetworks } from './networks.ts';
import { expectedSeconds, remainingSeconds } from './remaining.ts';

const all = [
  ...benchmarkNetworks.flatMap((network) =>
    network.batchSizes.map((size) => trainingBenchmark(network, size)),
  ),
  linearAlgebraBenchmark('probe', 100, 10),
];
const chosen = (...choices: readonly string[]) => chooseBenchmarks(all, choices).map(({ id }) => id);

describe('choosing benchmarks', () => {
  test('nothing said means all', () => {
    expect(chosen()).toHaveLength(all.length);
  });

  test('by the first parts of their ids', () => {
    expect(chosen('training:resnet18')).toEqual([
      'training:resnet18:32',
      'training:resnet18:64',
      'training:resnet18:256',
    ]);
    expect(chosen('training:resnet34:64', 'linear-algebra')).toEqual([
      'training:resnet34:64',
      'linear-algebra:probe',
    ]);
  });

  test('whole parts only: small-cnn is not small-cnn-16px', () => {
    expect(chosen('training:small-cnn')).not.toContain('training:small-cnn-16px:32');
  });

  test('a choice that fits nothing is refused with the known ids', () => {
    expect(() => chosen('training:resnet18', 'training:vgg')).toThrow(
      /no benchmark "training:vgg".*training:resnet18:32/,
    );
  });
});

describe('the time that is left', () => {
  test('grows with sides and rounds', () => {
    const [benchmark] = all;
    const one = expectedSeconds(benchmark!, 1, 5, 3);
    expect(expectedSeconds(benchmark!, 2, 5, 3)).toBe(2 * one);
    expect(expectedSeconds(benchmark!, 1, 10, 3)).toBe(one + 15);
  });

  test('learns how slow the machine is from what is done', () => {
    expect(remainingSeconds([10, 10, 20], [])).toBe(40);
    expect(remainingSeconds([10, 10, 20], [20])).toBe(60);
    expect(remainingSeconds([10, 10, 20], [20, 20, 40])).toBe(0);
  });
});
