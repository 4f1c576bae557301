import { availableParallelism } from 'node:os';
import type { Clock } from '../contract/context.ts';
import { engineContestants } from './contestants.ts';
import { describeMachine } from './machine.ts';
import { expectedSeconds, remainingSeconds } from './remaining.ts';
import type { BenchReport, BenchmarkResult } from './result.ts';
import { runBenchmark } from './run-benchmark.ts';
import { shortList } from './short-list.ts';

export interface MeasureOptions {
  /** Path of an ONNX file; the demo's when absent. */
  readonly encoder: string | undefined;
  /** Of what runs on the CPU; all cores when absent. */
  readonly threads: number | undefined;
  readonly isQuick: boolean;
  readonly onTrying: () => void;
  /** Engines and devices that this machine lacks. */
  readonly onAbsent: (names: readonly string[]) => void;
  /** @param stage counted from 1 */
  readonly onBenchmark: (stage: {
    readonly number: number;
    readonly count: number;
    readonly title: string;
    readonly leftSeconds: number;
  }) => void;
}

/** How fast this machine trains, embeds and evaluates, on each engine and device it has. */
export async function measureMachine(clock: Clock, options: MeasureOptions): Promise<BenchReport> {
  const startedAt = new Date(clock.now()).toISOString();
  const threads = options.threads ?? availableParallelism();
  const { benchmarks, rounds, seconds } = shortList(options.encoder, options.isQuick);
  options.onTrying();
  const { contestants, absent, notes } = await engineContestants(threads);
  if (absent.length > 0) options.onAbsent(absent);
  const expected = benchmarks.map((benchmark) =>
    expectedSeconds(benchmark, contestants.length, rounds, seconds),
  );
  const spent: number[] = [];
  const results: BenchmarkResult[] = [];
  for (const [at, benchmark] of benchmarks.entries()) {
    const leftSeconds = remainingSeconds(expected, spent);
    options.onBenchmark({ number: at + 1, count: benchmarks.length, title: benchmark.title, leftSeconds });
    const startedMs = clock.monotonicMs();
    results.push(await runBenchmark(benchmark, contestants, { rounds, seconds }, () => undefined));
    spent.push((clock.monotonicMs() - startedMs) / 1000);
  }
  const settings = { threads, rounds, seconds };
  return { schemaVersion: 1, startedAt, machine: describeMachine(), settings, notes: [...notes], results };
}
