import { encoderFile } from '../encoder/demo-encoder.ts';
import { findPreset } from '../plan/presets.ts';
import {
  inferenceBenchmark,
  linearAlgebraBenchmark,
  trainingBenchmark,
  type Benchmark,
} from './benchmark.ts';
import { findNetwork } from './networks.ts';
import { figures, type BenchmarkResult } from './result.ts';

/** What `moat bench` measures: enough to know how long audits take here, in a minute or two. */

/** The surrogate that the presets train, on one thread, as a cell does. */
const CELL_NETWORK = 'small-cnn-16px';
const BATCH = 32;

export interface ShortList {
  readonly benchmarks: readonly Benchmark[];
  readonly rounds: number;
  readonly seconds: number;
}

/** @param encoder path of an ONNX file; the demo's when absent */
export function shortList(encoder: string | undefined, isQuick: boolean): ShortList {
  const cell = { ...trainingBenchmark(findNetwork(CELL_NETWORK), BATCH), threads: 1 };
  const inference =
    encoder === undefined
      ? inferenceBenchmark('of the demo encoder', encoderFile('builtin:demo'), 256)
      : inferenceBenchmark('of the encoder', encoder, 64);
  if (isQuick)
    return {
      benchmarks: [cell, inference, linearAlgebraBenchmark('probe', 4000, 128)],
      rounds: 1,
      seconds: 1,
    };
  return {
    benchmarks: [
      cell,
      ...['small-cnn', 'resnet18'].map((id) => trainingBenchmark(findNetwork(id), BATCH)),
      inference,
      linearAlgebraBenchmark('probe', 20_000, 256),
      linearAlgebraBenchmark('top-k', 20_000, 256),
    ],
    rounds: 3,
    seconds: 2,
  };
}

export interface CellTime {
  /** Training alone, on one core. */
  readonly seconds: number;
  readonly engine: string;
  readonly queries: number;
  readonly epochs: number;
}

/** How long the dearest trained cell of the quick preset trains on the fastest engine; null when none was measured. */
export function quickCellTime(results: readonly BenchmarkResult[]): CellTime | null {
  const quick = findPreset('quick');
  const measured = results
    .filter(({ workload }) => workload.kind === 'training' && workload.network === CELL_NETWORK)
    .flatMap(figures);
  const [fastest] = measured
    .filter((side) => side.rate !== null)
    .toSorted((a, b) => (b.rate ?? 0) - (a.rate ?? 0));
  if (quick === undefined || fastest === undefined || fastest.rate === null) return null;
  const queries = Math.max(...quick.budgets);
  const { epochs, batchSize } = quick.surrogate;
  const steps = epochs * Math.floor(queries / batchSize);
  return { seconds: steps / fastest.rate, engine: fastest.name, queries, epochs };
}
