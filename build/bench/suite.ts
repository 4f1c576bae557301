import { globSync } from 'node:fs';
import path from 'node:path';
import {
  inferenceBenchmark,
  linearAlgebraBenchmark,
  trainingBenchmark,
  type Benchmark,
} from '../../audits/bench/benchmark.ts';
import { benchmarkNetworks } from '../../audits/bench/networks.ts';
import { encoderFile } from '../../audits/encoder/demo-encoder.ts';

const INFERENCE_BATCH = 256;

/** All benchmarks, cheap ones of a group first. @param encoderFolder of further encoders; may be missing */
export function benchmarkSuite(encoderFolder: string): readonly Benchmark[] {
  const encoders = globSync('*.onnx', { cwd: encoderFolder })
    .toSorted()
    .map((file): [string, string] => [path.basename(file, '.onnx'), path.join(encoderFolder, file)]);
  return [
    ...benchmarkNetworks.flatMap((network) =>
      network.batchSizes.map((batchSize) => trainingBenchmark(network, batchSize)),
    ),
    ...[['demo', encoderFile('builtin:demo')] as const, ...encoders].map(([name, file]) =>
      inferenceBenchmark(name, file, INFERENCE_BATCH),
    ),
    linearAlgebraBenchmark('probe', 50_000, 512),
    linearAlgebraBenchmark('ridge', 20_000, 512),
    linearAlgebraBenchmark('top-k', 50_000, 512),
    linearAlgebraBenchmark('pca', 50_000, 512),
  ];
}
