import type { Command } from 'commander';
import { trainingMethodIds, type TrainingMethodId } from '../training/choices.ts';
import type { CommandContext } from './context.ts';
import { addDeviceOptions, addExample, addJsonOption, readChoice, readList, readWhole } from './flags.ts';
import type { ZooFlags } from './start-zoo.ts';
import { addTrainingOptions } from './training-flags.ts';

export function registerZooTrain(zoo: Command, context: CommandContext): void {
  const command = zoo
    .command('train')
    .summary('train many small encoders, one after another')
    .description(
      'Trains encoders that are independent of yours: every method on every folder of images, seed after seed, with zoo.json beside them. What is finished is not trained again; Ctrl-C stops at a safe point and the same command goes on. Name the images your encoder was trained on, so that encoders of the same data are among them, and others, which saw none of your private images.',
    )
    .argument(
      '<images...>',
      'folders of images (class folders give labels), or other data sets that an audit reads',
    )
    .option('--out <dir>', 'folder of the encoders (default: zoo)')
    .option(
      '--count <number>',
      'encoders in all (default: 20; 19 are the fewest for p = 0.05)',
      readWhole('--count'),
    )
    .option(
      '--methods <list>',
      `${trainingMethodIds.join(', ')} (default: all that the images have labels for)`,
      readMethods,
    )
    .option(
      '--first-seed <number>',
      'of the first encoders; counts up (default: 1)',
      readWhole('--first-seed', 0),
    );
  addTrainingOptions(command, {
    preset: ', as in `moat train`',
    epochs: 'passes over the images instead of a time',
    time: 'for each encoder: 90s, 5m, 2h (default: 1m)',
    dimension:
      'length of an embedding; your encoder’s lets distance-test take part (default: the preset’s, 128)',
    images: 'train on at most so many images of each folder, the same for all',
  }).option('--quiet', 'no progress');
  addJsonOption(addDeviceOptions(command));
  addExample(command, 'moat zoo train train-images other-images --out zoo --count 20 --time 1m').action(
    async (images: readonly string[], flags: ZooFlags) => {
      const { startZoo } = await import('./start-zoo.ts');
      await startZoo(context, images, flags);
    },
  );
}

function readMethods(text: string, earlier?: readonly TrainingMethodId[]): readonly TrainingMethodId[] {
  const check = readChoice('--methods', trainingMethodIds);
  const named = readList('--methods')(text).map((name) => check(name) as TrainingMethodId);
  return [...new Set([...(earlier ?? []), ...named])];
}
