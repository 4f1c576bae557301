import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { resolvePath } from './context.ts';
import {
  addDeviceOptions,
  addEncoderOptions,
  addExample,
  addJsonOption,
  readList,
  readNumber,
  readWhole,
} from './flags.ts';
import { cleanText } from '../contract/clean-text.ts';
import { checkSettings, mergeSettings, readSettings } from '../settings/settings.ts';

interface OwnFlags {
  readonly suspect?: string;
  readonly victim?: string;
  readonly private?: string;
  readonly public?: string;
  readonly zoo?: string;
  readonly mark?: string;
  readonly markRates?: string;
  readonly tests?: readonly string[];
  readonly images?: number;
  readonly level?: number;
  readonly leastEffect?: number;
  readonly seed?: number;
  readonly commit?: string;
  readonly commitment?: string;
  readonly seen?: string;
  readonly json?: boolean;
}

export function registerOwn(program: Command, context: CommandContext): void {
  const command = program
    .command('own')
    .summary('whether a suspect encoder is a copy of yours, against independent encoders')
    .description(
      'Tests whether a suspect encoder is a copy of the victim. A claim needs independent encoders (--zoo): m of them give no p-value below 1 / (m + 1), so 19 or more for 0.05. Without them only effect sizes are printed.',
    )
    .option('--suspect <file>', 'ONNX file of the encoder under suspicion')
    .option('--victim <file>', 'ONNX file of the encoder that may have been copied')
    .option('--private <dir>', 'images the victim was trained on and nobody else was')
    .option('--public <dir>', 'images of the same kind that no one was trained on')
    .option('--zoo <dir>', 'folder of ONNX encoders known to be independent of the victim')
    .option(
      '--mark <file>',
      'key of the rotation watermark that `moat train --watermark` left in the victim: it is read back from every encoder',
    )
    .option(
      '--mark-rates <file>',
      'JSON: for each encoder’s file name, the share of a watermark read back per batch, each from 0 to 1',
    )
    .option(
      '--tests <list>',
      'tests to run, as id[:key=value]*, commas between (default: all)',
      readList('--tests'),
    )
    .option('--images <number>', 'images per side at most (default: 2000)', readWhole('--images', 2))
    .option(
      '--level <p>',
      'largest p-value of a claim, between 0 and 1 (default: 0.05)',
      readNumber('--level'),
    )
    .option(
      '--least-effect <number>',
      'smallest effect of a claim, in deviations between independent encoders (default: 3)',
      readNumber('--least-effect'),
    )
    .option(
      '--seed <number>',
      'seed of the choice of images, halves and noise (default: 0)',
      readWhole('--seed', 0),
    )
    .option(
      '--commit <file>',
      'write a commitment to victim, images and tests and stop: before a suspect is seen',
    )
    .option('--commitment <file>', 'check that this commitment is to what is tested now')
    .option('--seen <date>', 'when the suspect was first seen, ISO 8601, UTC (default: now)');
  addJsonOption(addDeviceOptions(addEncoderOptions(command)));
  addExample(
    command,
    'moat own --suspect copy.onnx --victim encoder.onnx --private train --public test --zoo independent',
  ).action(async (flags: OwnFlags & Record<string, unknown>) => {
    const {
      suspect,
      victim,
      private: own,
      public: strangers,
      zoo,
      mark,
      markRates,
      tests,
      images,
      level,
      leastEffect,
      seed,
      commit,
      commitment,
      seen,
      json,
      ...encoderFlags
    } = flags;
    const settings = mergeSettings(readSettings(context.folder), checkSettings(encoderFlags, 'command line'));
    const { size, mean, std, layout, range, output, pooling } = settings;
    const locate = (location: string | undefined): string | undefined =>
      location === undefined ? undefined : resolvePath(context, location);
    const { examineOwnership } = await import('./examine-ownership.ts');
    const { createEngine } = await import('../tensor/engine.ts');
    const { chooseDevice } = await import('../devices/choose.ts');
    const { cachedTrials } = await import('../devices/trial-cache.ts');
    const { renderOwnership } = await import('./render/ownership.ts');
    const examine = await examineOwnership({
      suspect: locate(suspect),
      victim: locate(victim),
      private: locate(own),
      public: locate(strangers),
      zoo: locate(zoo),
      mark: locate(mark),
      markRates: locate(markRates),
      tests,
      images,
      level,
      leastEffect,
      seed,
      commit: locate(commit),
      commitment: locate(commitment),
      seen,
      options: { size, mean, std, layout, range, output, pooling },
      clock: context.clock,
      note: (line) => context.terminal.note(cleanText(line)),
    });
    const choice = await chooseDevice(
      { engine: settings.engine ?? 'auto', device: settings.device ?? 'auto', workers: 1 },
      cachedTrials(),
    );
    const engine = await createEngine(choice.engine, { threads: 1, device: choice.device });
    try {
      const examined = await examine(engine);
      if (json === true) context.terminal.printJson(examined.report);
      else
        for (const line of renderOwnership(examined.report, context.terminal.output))
          context.terminal.print(line);
      context.exitCode = examined.exitCode;
    } finally {
      await engine.dispose();
    }
  });
}
