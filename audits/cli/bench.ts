import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { BenchReport } from '../bench/result.ts';
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
      const { measureMachine } = await import('../bench/measure-machine.ts');
      const { quickCellTime } = await import('../bench/short-list.ts');
      const { renderBench } = await import('./render/bench.ts');
      const { terminal, clock } = context;
      const report = await measureMachine(clock, {
        encoder: file,
        threads: flags.threads,
        isQuick: flags.quick === true,
        onTrying: () => terminal.note('Trying which engines and devices train here.'),
        onAbsent: (names) =>
          terminal.note(`Not on this machine: ${names.join(', ')}. What each lacks: ${commandName} doctor`),
        onBenchmark: ({ number, count, title, leftSeconds }) =>
          terminal.note(`${number}/${count} ${title} (${formatEstimatedTime(1000 * leftSeconds)} left)`),
      });
      const cell = quickCellTime(report.results);
      if (flags.json === true) context.terminal.printJson(await describe(report, cell));
      else
        for (const line of renderBench(report, cell, context.terminal.output)) context.terminal.print(line);
      const isMeasured = report.results.some(({ sides }) => sides.some(({ blocks }) => blocks.length > 0));
      if (!isMeasured) context.exitCode = exitCode.error;
    },
  );
}

/** What `--json` prints: the blocks as they were measured, and the figures the table shows. */
async function describe(report: BenchReport, quickCell: unknown): Promise<unknown> {
  const { figures } = await import('../bench/result.ts');
  const results = report.results.map((result) => ({ ...result, figures: figures(result) }));
  return { ...report, results, quickCell };
}
