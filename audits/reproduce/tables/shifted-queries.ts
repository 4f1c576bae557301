import { above, near } from '../ordering.ts';
import type { PaperTable, PaperValue } from '../table.ts';
import { byLoss, CONTROL, planThefts, TASKS, theftDifferences, VICTIM, type Theft } from '../theft.ts';

const BUDGETS = [500, 1000, 5000, 10_000, 20_000, 30_000, 50_000] as const;
const LOSSES = ['SoftNN', 'MSE', 'InfoNCE'] as const;
type Loss = (typeof LOSSES)[number];
const rowOf = (loss: Loss, budget: number): string => `${loss}, ${budget}`;

/** Table 8, whose block of InfoNCE is Table 7; cells by `TASKS`. */
const printed: Readonly<Record<Loss, readonly (readonly [number, number, number])[]>> = {
  SoftNN: [
    [39.3, 36.1, 28.2],
    [40.0, 39.6, 40.9],
    [55.5, 49.5, 66.0],
    [60.4, 53.4, 65.9],
    [67.2, 58.5, 68.0],
    [70.8, 58.5, 67.3],
    [70.9, 60.3, 67.7],
  ],
  MSE: [
    [36.1, 33.2, 39.5],
    [43.4, 39.7, 58.1],
    [55.6, 47.6, 58.7],
    [59.3, 50.0, 58.0],
    [58.1, 50.9, 56.6],
    [60.6, 51.0, 58.7],
    [61.6, 52.7, 59.3],
  ],
  InfoNCE: [
    [35.7, 31.1, 26.4],
    [38.6, 34.7, 40.4],
    [50.5, 46.6, 72.7],
    [59.3, 51.6, 73.1],
    [69.3, 56.6, 72.8],
    [69.9, 56.6, 67.5],
    [71.8, 57.6, 67.1],
  ],
};

const values: readonly PaperValue[] = [
  ...TASKS.map((column, at) => ({ row: VICTIM, column, value: [79.0, 67.9, 65.1][at] ?? null })),
  ...LOSSES.flatMap((loss) =>
    BUDGETS.flatMap((budget, step) =>
      TASKS.map((column, at) => ({
        row: rowOf(loss, budget),
        column,
        value: printed[loss][step]?.[at] ?? null,
      })),
    ),
  ),
  ...TASKS.map((column) => ({ row: CONTROL, column, value: null })),
];

const on = (loss: Loss, budget: number): readonly [string, string] => [rowOf(loss, budget), 'CIFAR10'];

/** Tables 7 and 8 (paper-spec 6.7): a CIFAR-10 victim asked about street numbers. */
export const shiftedQueries: PaperTable = {
  id: 'table8',
  alsoCalled: ['table7'],
  title: 'Queries of another domain (Table 7 is the block of InfoNCE)',
  setting:
    'CIFAR-10 victim, queries of SVHN’s training images, direct extraction; accuracy of a linear classifier.',
  unit: '%',
  values,
  orderings: [
    {
      sentence: 'On CIFAR-10 MSE is ahead of InfoNCE up to 5 000 queries.',
      comparisons: [500, 1000, 5000].map((budget) => above(on('MSE', budget), on('InfoNCE', budget))),
    },
    {
      sentence: 'At 10 000 they steal the same, within 3 points.',
      comparisons: [near(on('MSE', 10_000), on('InfoNCE', 10_000))],
    },
    {
      sentence: 'From 20 000 InfoNCE is over 9 points ahead of MSE.',
      comparisons: [20_000, 30_000, 50_000].map((budget) =>
        above(on('InfoNCE', budget), on('MSE', budget), 9),
      ),
    },
    {
      sentence: 'MSE saturates: from 10 000 to 50 000 it gains at most 3 points.',
      comparisons: [20_000, 30_000, 50_000].map((budget) => near(on('MSE', budget), on('MSE', 10_000))),
    },
    {
      sentence: 'SoftNN and InfoNCE end at the same place, within 3 points, over 7 below the victim.',
      comparisons: [
        near(on('SoftNN', 50_000), on('InfoNCE', 50_000)),
        above([VICTIM, 'CIFAR10'], on('SoftNN', 50_000), 7),
        above([VICTIM, 'CIFAR10'], on('InfoNCE', 50_000), 7),
      ],
    },
    {
      sentence: 'On SVHN, whose images were sent, InfoNCE ends above the victim.',
      comparisons: [above([rowOf('InfoNCE', 50_000), 'SVHN'], [VICTIM, 'SVHN'])],
    },
  ],
  differences: theftDifferences,
  plan: (means) =>
    planThefts(means, {
      victim: 'cifar10',
      sent: { dataset: 'svhn', part: 'train' },
      thefts: LOSSES.flatMap((loss) =>
        BUDGETS.map((queries): Theft => ({
          row: rowOf(loss, queries),
          attack: byLoss[loss](means),
          queries,
        })),
      ),
      minutes: null,
    }),
};
