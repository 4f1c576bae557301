import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { addDeviceOptions, addExample, addJsonOption, readChoice, readWhole } from './flags.ts';
import { trainingMethodIds } from '../training/choices.ts';
import type { TrainFlags } from './start-training.ts';
import { addTrainingOptions } from './training-flags.ts';

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
    );
  addTrainingOptions(command, {
    preset: ': what the other settings are unless named; paper is SimCLR on a ResNet-34 for 200 epochs',
    epochs: 'passes over the images (default: the preset’s, 30)',
    time: 'train for this long instead: 90s, 5m, 2h',
    dimension: 'length of an embedding (default: the preset’s, 128; 512 for paper)',
    images: 'train on at most so many images, a seeded choice',
  })
    .option('--out <file>', 'the encoder (default: encoder.onnx)')
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
