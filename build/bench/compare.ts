import type { Benchmark } from '../../audits/bench/benchmark.ts';
import { engineContestants } from '../../audits/bench/contestants.ts';
import { formatRate, formatRatio } from '../../audits/bench/format.ts';
import { describeMachine } from '../../audits/bench/machine.ts';
import { expectedSeconds, remainingSeconds } from '../../audits/bench/remaining.ts';
import { formatEstimatedTime } from '../../audits/cli/render/numbers.ts';
import { figures, type BenchmarkResult, type BenchReport } from '../../audits/bench/result.ts';
import { runBenchmark, type Contestant } from '../../audits/bench/run-benchmark.ts';
import { pythonSide, references, type Python } from './python.ts';

export interface CompareRequest {
  readonly benchmarks: readonly Benchmark[];
  readonly python: Python | null;
  readonly notes: readonly string[];
  readonly engines: readonly string[];
  readonly threads: number;
  readonly rounds: number;
  readonly seconds: number;
  /** One line for people. */
  readonly say: (line: string) => void;
}

/** Every benchmark on every engine and device that is here, beside the reference library where Python has it. */
export async function compare(request: CompareRequest): Promise<BenchReport> {
  const { benchmarks, threads, rounds, seconds, say } = request;
  const startedAt = new Date().toISOString();
  say('trying which engines and devices train here');
  const field = await engineContestants(threads, request.engines);
  const notes = [...request.notes, ...field.notes];
  for (const note of notes) say(`! ${note}`);
  if (field.contestants.length === 0) throw new Error('No engine takes part.');

  const contestantsOf = (benchmark: Benchmark): readonly Contestant[] => [
    ...field.contestants,
    ...referencesOf(benchmark, request.python, threads),
  ];
  const expected = benchmarks.map((benchmark) =>
    expectedSeconds(benchmark, contestantsOf(benchmark).length, rounds, seconds),
  );
  const spent: number[] = [];
  const results: BenchmarkResult[] = [];
  for (const [at, benchmark] of benchmarks.entries()) {
    const left = remainingSeconds(expected, spent);
    say(`[${at + 1}/${benchmarks.length}] ${benchmark.title} (${formatEstimatedTime(1000 * left)} left)`);
    const startedMs = performance.now();
    const result = await runBenchmark(benchmark, contestantsOf(benchmark), { rounds, seconds }, (stage) =>
      say(`    ${stage}`),
    );
    spent.push((performance.now() - startedMs) / 1000);
    results.push(result);
    for (const line of summary(result)) say(`    ${line}`);
  }
  return {
    schemaVersion: 1,
    startedAt,
    machine: describeMachine(),
    settings: { threads, rounds, seconds },
    notes,
    results,
  };
}

/** The library on the processor, and on every accelerator that it can use. */
function referencesOf(benchmark: Benchmark, python: Python | null, threads: number): readonly Contestant[] {
  const { title, packages } = references[benchmark.workload.kind];
  if (python === null || !packages.every((name) => name in python.versions)) return [];
  const command = pythonSide(python, benchmark.threads ?? threads);
  return python.devices[benchmark.workload.kind].map((device) => {
    const name = device === 'cpu' ? title : `${title} ${device}`;
    return { name, isReference: true, command, engine: title, device, threads };
  });
}

function summary(result: BenchmarkResult): readonly string[] {
  return figures(result).map(({ name, rate, ratio, processorRatio, failure }) => {
    if (rate === null) return `${name}: ${failure ?? 'no blocks'}`;
    const speed = `${name}: ${formatRate(rate)} ${result.unit}s/s`;
    if (ratio === null || processorRatio === null) return speed;
    return `${speed}, ratio ${formatRatio(ratio)}, by processor time ${formatRatio(processorRatio)}`;
  });
}
