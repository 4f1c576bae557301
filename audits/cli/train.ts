import { Option, type Command } from 'commander';
import type { CommandContext } from './context.ts';
import {
  addDeviceOptions,
  addExample,
  addJsonOption,
  readChoice,
  readDuration,
  readNumber,
  readWhole,
} from './flags.ts';
import { architectureIds, trainingMethodIds, trainingPresetIds } from '../training/choices.ts';
import type { TrainFlags } from './start-training.ts';

/** Three stride-2 layers must leave a pixel. */
const SMALLEST_SIDE = 8;

export function registerTrain(program: Command, context: CommandContext): void {
  const command = program
    .command('train')
    .summary('train an encoder from a folder of images, to be audited or compared with')
    .description(
      'Trains an image encoder from nothing and writes it as ONNX, ready for `moat audit`: by SimCLR, SimSiam or VICReg without labels, or by labels. Ctrl-C stops at a safe point; the same command goes on (docs/training.md).',
    )
    .argument(
      '<images>',
      'folder of images (class folders give labels), or another data set that an audit reads',
    )
    .option(
      '--method <name>',
      `${trainingMethodIds.join(', ')} (default: simclr)`,
      readChoice('--method', trainingMethodIds),
    )
    .option(
      '--preset <name>',
      `${trainingPresetIds.join(' or ')}: what the other settings are unless named; paper is SimCLR on a ResNet-34 for 200 epochs (default: small)`,
      readChoice('--preset', trainingPresetIds),
    )
    .option(
      '--architecture <name>',
      `${architectureIds.join(', ')} (default: the preset’s, small-cnn)`,
      readChoice('--architecture', architectureIds),
    )
    .option('--epochs <number>', 'passes over the images (default: the preset’s, 30)', readWhole('--epochs'))
    .addOption(
      new Option('--time <duration>', 'train for this long instead: 90s, 5m, 2h')
        .argParser(readDuration('--time'))
        .conflicts('epochs'),
    )
    .option('--out <file>', 'the encoder (default: encoder.onnx)')
    .option(
      '--resolution <pixels>',
      'side of the square input (default: 32)',
      readWhole('--resolution', SMALLEST_SIDE),
    )
    .option(
      '--dimension <number>',
      'length of an embedding (default: the preset’s, 128; 512 for paper)',
      readWhole('--dimension', 2),
    )
    .option('--batch <number>', 'images per step (default: the preset’s, 128)', readWhole('--batch', 2))
    .option(
      '--learning-rate <number>',
      'peak of the learning rate (default: the method’s, for the architecture)',
      readNumber('--learning-rate'),
    )
    .option('--images <number>', 'train on at most so many images, a seeded choice', readWhole('--images', 2))
    .option(
      '--watermark <name>',
      'rotation, or rotation:predictor=frozen: trains a mark into the encoder and writes its key beside it, FILE.mark',
    )
    .option('--seed <number>', 'seed of everything (default: 0)', readWhole('--seed', 0))
    .option('--quiet', 'no progress');
  addJsonOption(addDeviceOptions(command));
  addExample(command, 'moat train photos --method simclr --time 5m --out encoder.onnx').action(
    async (images: string, flags: TrainFlags) => {
      const { startTraining } = await import('./start-training.ts');
      await startTraining(context, images, flags);
    },
  );
}
