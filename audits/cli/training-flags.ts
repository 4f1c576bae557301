import { Option, type Command } from 'commander';
import { architectureIds, trainingPresetIds } from '../training/choices.ts';
import { readChoice, readDuration, readNumber, readWhole } from './flags.ts';

/** Three stride-2 layers must leave a pixel. */
const SMALLEST_SIDE = 8;

/** What the flags that trainings share say of themselves where a command means more by them. */
export interface TrainingFlagWords {
  readonly time: string;
  readonly epochs: string;
  /** Added to the sentence of `--preset`. */
  readonly preset: string;
  readonly dimension: string;
  readonly images: string;
}

/** What a training may be told, for `moat train` and for each encoder of `moat zoo train`. */
export function addTrainingOptions(command: Command, words: TrainingFlagWords): Command {
  return command
    .option(
      '--preset <name>',
      `${trainingPresetIds.join(' or ')}${words.preset} (default: small)`,
      readChoice('--preset', trainingPresetIds),
    )
    .option(
      '--architecture <name>',
      `${architectureIds.join(', ')} (default: the preset’s, small-cnn)`,
      readChoice('--architecture', architectureIds),
    )
    .option('--epochs <number>', words.epochs, readWhole('--epochs'))
    .addOption(
      new Option('--time <duration>', words.time).argParser(readDuration('--time')).conflicts('epochs'),
    )
    .option(
      '--resolution <pixels>',
      'side of the square input (default: 32)',
      readWhole('--resolution', SMALLEST_SIDE),
    )
    .option('--dimension <number>', words.dimension, readWhole('--dimension', 2))
    .option('--batch <number>', 'images per step (default: the preset’s, 128)', readWhole('--batch', 2))
    .option(
      '--learning-rate <number>',
      'peak of the learning rate (default: the method’s, for the architecture)',
      readNumber('--learning-rate'),
    )
    .option('--images <number>', words.images, readWhole('--images', 2));
}
