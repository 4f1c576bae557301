import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { BenchReport, BenchmarkResult } from '../bench/result.ts';
import type { Benchmark } from '../bench/benchmark.ts';
import { exitCode, MoatError } from '../contract/errors.ts';
import { commandName } from './command-name.ts';
import { resolvePath, type CommandContext } from './context.ts';
import { addExample, addJsonOption, readWhole } from './flags.ts';
import { formatEstimatedTime } from './render/numbers.ts';

interface BenchFlags {
  readonly threads?: number;
  readonly quick?: boolean;
  readonly json?: boolean;
}

export function registerBench(program: Command, context: CommandContext): void {
  const command = program
    .command('bench')
    .summary('how fast this machine trains, embeds and evaluates, on each engine and device')
    .description(
      'Measures, on every engine and device that this machine has: training steps of the surrogates, images an encoder embeds, linear algebra; and says what that means for an audit. One or two minutes.',
    )
    .argument('[encoder]', 'path of an ONNX file (default: the demo’s encoder)')
    .option(
      '--threads <number>',
      'threads of what runs on the CPU (default: all cores)',
      readWhole('--threads'),
    )
    .option('--quick', 'the least that tells how long a cell takes: some seconds per engine');
  addJsonOption(command);
  addExample(command, 'moat bench encoder.onnx --quick').action(
    async (encoder: string | undefined, flags: BenchFlags) => {
      const file = encoder === undefined ? undefined : resolvePath(context, encoder);
      if (file !== undefined && !existsSync(file))
        throw new MoatError('path-missing', `There is no encoder at ${file}.`);
      const { quickCellTime } = await import('../bench/short-list.ts');
      const { renderBench } = await import('./render/bench.ts');
      const report = await measure(context, file, flags);
      const cell = quickCellTime(report.results);
      if (flags.json === true) context.terminal.printJson(await describe(report, cell));
      else
        for (const line of renderBench(report, cell, context.terminal.output)) context.terminal.print(line);
      const isMeasured = report.results.some(({ sides }) => sides.some(({ blocks }) => blocks.length > 0));
      if (!isMeasured) context.exitCode = exitCode.error;
    },
  );
}

async function measure(
  context: CommandContext,
  encoder: string | undefined,
  flags: BenchFlags,
): Promise<BenchReport> {
  const { terminal, clock } = context;
  const { availableParallelism } = await import('node:os');
  const { engineContestants } = await import('../bench/contestants.ts');
  const { describeMachine } = await import('../bench/machine.ts');
  const { expectedSeconds, remainingSeconds } = await import('../bench/remaining.ts');
  const { runBenchmark } = await import('../bench/run-benchmark.ts');
  const { shortList } = await import('../bench/short-list.ts');

  const startedAt = new Date(clock.now()).toISOString();
  const threads = flags.threads ?? availableParallelism();
  const { benchmarks, rounds, seconds } = shortList(encoder, flags.quick === true);
  terminal.note('Trying which engines and devices train here.');
  const { contestants, absent, notes } = await engineContestants(threads);
  if (absent.length > 0)
    terminal.note(`Not on this machine: ${absent.join(', ')}. What each lacks: ${commandName} doctor`);
  const expected = benchmarks.map((benchmark: Benchmark) =>
    expectedSeconds(benchmark, contestants.length, rounds, seconds),
  );
  const spent: number[] = [];
  const results: BenchmarkResult[] = [];
  for (const [at, benchmark] of benchmarks.entries()) {
    const left = formatEstimatedTime(1000 * remainingSeconds(expected, spent));
    terminal.note(`${at + 1}/${benchmarks.length} ${benchmark.title} (${left} left)`);
    const startedMs = clock.monotonicMs();
    results.push(await runBenchmark(benchmark, contestants, { rounds, seconds }, () => undefined));
    spent.push((clock.monotonicMs() - startedMs) / 1000);
  }
  const settings = { threads, rounds, seconds };
  return { schemaVersion: 1, startedAt, machine: describeMachine(), settings, notes: [...notes], results };
}

/** What `--json` prints: the blocks as they were measured, and the figures the table shows. */
async function describe(report: BenchReport, quickCell: unknown): Promise<unknown> {
  const { figures } = await import('../bench/result.ts');
  const results = report.results.map((result) => ({ ...result, figures: figures(result) }));
  return { ...report, results, quickCell };
}
