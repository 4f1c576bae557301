import { missingData } from '../data-at-hand.ts';
import { above, type Comparison } from '../ordering.ts';
import { TEST_QUERIES } from '../scale.ts';
import {
  grid,
  notRun,
  place,
  type EncoderSource,
  type Means,
  type OwnStep,
  type PaperTable,
  type Place,
  type Source,
  type Step,
} from '../table.ts';
import { attackArguments, byLoss, leftOut, taskArguments, trainingOf, victimOf } from '../theft.ts';

const RANDOM = 'Random';
const LOSSES = ['MSE', 'InfoNCE', 'SoftNN'] as const;
const COLUMNS = [RANDOM, ...LOSSES] as const;

const NINE = 'CIFAR10 by 9000 unseen images';
const FIFTY = 'CIFAR10 by 50000 of its own';
const IMAGENET = 'ImageNet by 50000 of CIFAR10';
const rows = [NINE, FIFTY, IMAGENET] as const;

/** Fewer of the victim's own images at the reduced scale, which has no row of 50 000. */
const REDUCED_OWN = 5000;
/** One copy a row: the paper has one, and each takes an ownership test of its own. */
const SEEDS = 1;

const nearerThanRandom = (row: string, column: string): Comparison => above([row, RANDOM], [row, column]);

/** Table 18 (paper-spec 6.13): how far copies stand from the victim. */
export const distances: PaperTable = {
  id: 'table18',
  alsoCalled: [],
  title: 'Distance between suspect and victim',
  setting:
    'Mean Euclidean distance of a suspect’s embeddings from the victim’s on the victim’s training images; Random: an independent encoder of the same data.',
  unit: 'l2',
  values: grid(COLUMNS, {
    [NINE]: [34.1, 26.6, 44, 14.4],
    [FIFTY]: [34.1, 14.6, 40, 12.8],
    [IMAGENET]: [65.8, 25.2, 36.2, 119.6],
  }),
  orderings: [
    {
      sentence: 'A copy by MSE stands nearer than an independent encoder.',
      comparisons: rows.map((row) => nearerThanRandom(row, 'MSE')),
    },
    {
      sentence: 'Of the CIFAR-10 victim a copy by SoftNN stands nearer still.',
      comparisons: [NINE, FIFTY].map((row) => above([row, 'MSE'], [row, 'SoftNN'])),
    },
    {
      sentence: 'Of the CIFAR-10 victim a copy by InfoNCE stands farther away than an independent encoder.',
      comparisons: [NINE, FIFTY].map((row) => above([row, 'InfoNCE'], [row, RANDOM])),
    },
    {
      sentence: 'More queries bring every copy nearer.',
      comparisons: LOSSES.map((loss) => above([NINE, loss], [FIFTY, loss])),
    },
    {
      sentence: 'Of the ImageNet victim a copy by SoftNN stands farther away than an independent encoder.',
      comparisons: [above([IMAGENET, 'SoftNN'], [IMAGENET, RANDOM])],
    },
  ],
  differences: [
    'Distances are in units of the victim’s embeddings: only their order can be compared.',
    'They are taken on the images as they are; the paper’s code takes two SimCLR views of each.',
    `At the reduced scale ${REDUCED_OWN} of its own images stand for 50 000, and Random is a small-cnn, whatever the victim is.`,
  ],
  plan(means) {
    const { data, scale } = means;
    const sources = new Map<Place, Source>();
    for (const column of COLUMNS)
      sources.set(place(IMAGENET, column), notRun('it needs an ImageNet encoder and its training images'));
    const cifar10 = data.cifar10;
    if (cifar10 === undefined) {
      for (const row of [NINE, FIFTY])
        for (const column of COLUMNS) sources.set(place(row, column), notRun(missingData('cifar10')));
      return { steps: [], sources };
    }
    const { encoder: victim, steps: training } = victimOf('cifar10', means);
    const random = trainingOf('cifar10', means, { seed: 1 });
    const steps: Step[] = [...training, ...random.steps];
    const compare = (id: string, title: string, suspect: EncoderSource): OwnStep => ({
      kind: 'own',
      id,
      title,
      victim,
      suspect,
      arguments: ['--private', cifar10.whole, '--tests', 'distance-test', '--images', '1000'],
      minutes: 0.3,
      trainedImages: 0,
    });
    steps.push(compare('random', 'an independent encoder', { kind: 'trained', step: random.id }));
    for (const row of [NINE, FIFTY])
      sources.set(place(row, RANDOM), { kind: 'ownership', step: 'random', figure: 'distance' });
    for (const { row, pool, printed, name } of [
      { row: NINE, pool: cifar10.test, printed: TEST_QUERIES, name: 'unseen' },
      { row: FIFTY, pool: cifar10.whole, printed: 50_000, name: 'own' },
    ]) {
      const budget = scale.queries(printed) ?? (scale.id === 'reduced' ? REDUCED_OWN : null);
      if (budget === null) {
        for (const loss of LOSSES) sources.set(place(row, loss), notRun(leftOut(printed, scale.id)));
        continue;
      }
      steps.push({
        kind: 'audit',
        id: `thefts-${name}`,
        title: `copies by ${name} images`,
        encoder: victim,
        arguments: [
          '--pool',
          pool,
          ...taskArguments(means, 'cifar10'),
          ...attackArguments(
            withBudget(means, budget),
            LOSSES.map((loss) => ({ attack: byLoss[loss](means), queries: printed })),
          ),
          '--defenses',
          'none',
        ],
        minutes: scale.id === 'reduced' ? (name === 'own' ? 3 : 1.5) : null,
        trainedImages: LOSSES.length * budget * scale.epochs * SEEDS,
      });
      for (const loss of LOSSES) {
        const id = `${loss.toLowerCase()}-${name}`;
        steps.push(
          compare(id, `a copy by ${loss}, ${name} images`, {
            kind: 'copy',
            step: `thefts-${name}`,
            attack: byLoss[loss](means),
            budget,
          }),
        );
        sources.set(place(row, loss), { kind: 'ownership', step: id, figure: 'distance' });
      }
    }
    return { steps, sources };
  },
};

function withBudget(means: Means, budget: number): Means {
  return { ...means, seeds: SEEDS, scale: { ...means.scale, queries: () => budget } };
}
