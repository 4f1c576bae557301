import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { resolvePath } from './context.ts';
import { addDeviceOptions, addEncoderOptions, addExample, addJsonOption } from './flags.ts';
import { mergeSettings, checkSettings, readSettings } from '../settings/settings.ts';

interface InspectFlags {
  readonly expect?: string;
  readonly images?: string;
  readonly hashes?: string;
  readonly json?: boolean;
}

export function registerInspect(program: Command, context: CommandContext): void {
  const command = program
    .command('inspect')
    .summary('inputs, outputs, preprocessing, dimension, determinism, norms of an encoder')
    .description(
      'Looks at an encoder before an audit: inputs, outputs, preprocessing and where it comes from, dimension, norms, determinism, throughput. With --expect it proves that the preprocessing is the production one.',
    )
    .argument('<encoder>', 'path of the ONNX file')
    .option('--expect <replies.npz>', 'image paths or arrays, and the vectors production returned for them')
    .option('--images <dir>', 'images to run the encoder on (default: drawn ones)')
    .option(
      '--hashes <file.csv>',
      'write what an audit calls each of these images: the names in a table of recorded replies (docs/defenses.md)',
    );
  addJsonOption(addDeviceOptions(addEncoderOptions(command)));
  addExample(command, 'moat inspect encoder.onnx --range 0-255').action(
    async (encoder: string, flags: InspectFlags & Record<string, unknown>) => {
      const { expect, images, hashes, json, ...encoderFlags } = flags;
      const settings = mergeSettings(
        readSettings(context.folder),
        checkSettings(encoderFlags, 'command line'),
      );
      const { size, mean, std, layout, range, output, pooling, projection } = settings;
      const { inspectEncoder } = await import('./inspect.ts');
      const { createEngine } = await import('../tensor/engine.ts');
      const { chooseDevice } = await import('../devices/choose.ts');
      const { cachedTrials } = await import('../devices/trial-cache.ts');
      const choice = await chooseDevice(
        { engine: settings.engine ?? 'auto', device: settings.device ?? 'auto', workers: 1 },
        cachedTrials(),
      );
      const engine = await createEngine(choice.engine, { threads: 1, device: choice.device });
      try {
        const inspected = await inspectEncoder({
          encoder: resolvePath(context, encoder),
          options: { size, mean, std, layout, range, output, pooling, projection },
          expect: expect === undefined ? undefined : resolvePath(context, expect),
          images: images === undefined ? undefined : resolvePath(context, images),
          hashes: hashes === undefined ? undefined : resolvePath(context, hashes),
          json: json === true,
          engine,
          clock: context.clock,
          write: (text) => context.terminal.print(text.trimEnd()),
          view: context.terminal.output,
        });
        if (json === true) context.terminal.printJson(inspected.json);
        context.exitCode = inspected.exitCode;
      } finally {
        await engine.dispose();
      }
    },
  );
}
