import { above, between, descending, near } from '../ordering.ts';
import { TEST_QUERIES } from '../scale.ts';
import { grid, type PaperTable } from '../table.ts';
import { byLoss, CONTROL, planThefts, TASKS, theftDifferences, VICTIM } from '../theft.ts';

type Loss = keyof typeof byLoss;
/** Points under which a network that learned nothing stays: what the paper calls a collapse of Barlow. */
const COLLAPSED = 30;

const onCifar10 = ['MSE', 'InfoNCE', 'SoftNN', 'Wasserstein', 'SupCon*', 'Barlow*'] as const;

/** Table 2 (paper-spec 6.2): losses of direct extraction. */
export const lossesOnCifar10: PaperTable = {
  id: 'table2',
  alsoCalled: [],
  title: 'Losses, CIFAR-10 victim',
  setting:
    'CIFAR-10 victim, 9 000 queries of its test images, direct extraction; accuracy of a linear classifier. * two views of each image.',
  unit: '%',
  values: grid(TASKS, {
    [VICTIM]: [79.0, 67.9, 65.1],
    MSE: [75.5, 64.8, 58.8],
    InfoNCE: [75.5, 64.6, 69.6],
    SoftNN: [76.9, 67.1, 67.3],
    Wasserstein: [63.9, 50.8, 49.5],
    'SupCon*': [78.5, 63.1, 67.1],
    'Barlow*': [26.9, 26.6, 26.2],
    [CONTROL]: [],
  }),
  orderings: [
    {
      sentence: 'On CIFAR-10 and STL-10 SoftNN is ahead of InfoNCE.',
      comparisons: (['CIFAR10', 'STL10'] as const).map((task) => above(['SoftNN', task], ['InfoNCE', task])),
    },
    {
      sentence: 'On CIFAR-10 and STL-10 InfoNCE and MSE steal the same, within 3 points.',
      comparisons: (['CIFAR10', 'STL10'] as const).map((task) => near(['InfoNCE', task], ['MSE', task])),
    },
    {
      sentence: 'Wasserstein is over 5 points behind MSE, on every task.',
      comparisons: TASKS.map((task) => above(['MSE', task], ['Wasserstein', task], 5)),
    },
    {
      sentence: 'Barlow is over 5 points behind Wasserstein, on every task.',
      comparisons: TASKS.map((task) => above(['Wasserstein', task], ['Barlow*', task], 5)),
    },
    {
      sentence: 'Barlow collapses: under 30 % everywhere.',
      comparisons: TASKS.map((task) => between(['Barlow*', task], 0, COLLAPSED)),
    },
    {
      sentence: 'On SVHN InfoNCE is ahead of SoftNN, and SoftNN over 5 points ahead of MSE.',
      comparisons: [
        above(['InfoNCE', 'SVHN'], ['SoftNN', 'SVHN']),
        above(['SoftNN', 'SVHN'], ['MSE', 'SVHN'], 5),
      ],
    },
    {
      sentence: 'SupCon, which has CIFAR-10’s labels, is the best on CIFAR-10.',
      comparisons: onCifar10
        .filter((loss) => loss !== 'SupCon*')
        .map((loss) => above(['SupCon*', 'CIFAR10'], [loss, 'CIFAR10'])),
    },
    {
      sentence: 'SupCon is the best on CIFAR-10 only: SoftNN is ahead on STL-10, InfoNCE on SVHN.',
      comparisons: [
        above(['SoftNN', 'STL10'], ['SupCon*', 'STL10']),
        above(['InfoNCE', 'SVHN'], ['SupCon*', 'SVHN']),
      ],
    },
  ],
  differences: theftDifferences,
  plan: (means) =>
    planThefts(means, {
      victim: 'cifar10',
      sent: { dataset: 'cifar10', part: 'test' },
      thefts: onCifar10.map((row: Loss) => ({ row, attack: byLoss[row](means), queries: TEST_QUERIES })),
      minutes: 8,
    }),
};

const onSvhn = ['MSE', 'Wasserstein', 'InfoNCE', 'SoftNN', 'SupCon*', 'SimSiam*', 'Barlow*'] as const;

/** Table 6 (paper-spec 6.6): the same against an SVHN encoder. */
export const lossesOnSvhn: PaperTable = {
  id: 'table6',
  alsoCalled: [],
  title: 'Losses, SVHN victim',
  setting:
    'SVHN victim, 9 000 queries of its test images, direct extraction; accuracy of a linear classifier. * two views of each image.',
  unit: '%',
  values: grid(TASKS, {
    [VICTIM]: [57.5, 50.6, 80.5],
    MSE: [51.2, 46.3, 80.6],
    Wasserstein: [46.4, 40.1, 69.4],
    InfoNCE: [56.3, 50.4, 86.2],
    SoftNN: [48.4, 44.6, 78.6],
    'SupCon*': [42.3, 33.9, 92.1],
    'SimSiam*': [49.7, 44.0, 66.7],
    'Barlow*': [17.9, 16.3, 19.4],
    [CONTROL]: [],
  }),
  orderings: [
    {
      sentence: 'Without labels InfoNCE is the best, on every task.',
      comparisons: TASKS.flatMap((task) =>
        (['MSE', 'SoftNN', 'Wasserstein', 'SimSiam*'] as const).map((loss) =>
          above(['InfoNCE', task], [loss, task]),
        ),
      ),
    },
    {
      sentence: 'On SVHN SupCon and InfoNCE copies are better than the victim.',
      comparisons: descending('SVHN', ['SupCon*', 'InfoNCE', VICTIM]),
    },
    {
      sentence: 'SupCon, which has SVHN’s labels, is behind InfoNCE on the other tasks.',
      comparisons: (['CIFAR10', 'STL10'] as const).map((task) => above(['InfoNCE', task], ['SupCon*', task])),
    },
    {
      sentence: 'Barlow collapses: under 30 % everywhere.',
      comparisons: TASKS.map((task) => between(['Barlow*', task], 0, COLLAPSED)),
    },
  ],
  differences: theftDifferences,
  plan: (means) =>
    planThefts(means, {
      victim: 'svhn',
      sent: { dataset: 'svhn', part: 'test' },
      thefts: onSvhn.map((row: Loss) => ({ row, attack: byLoss[row](means), queries: TEST_QUERIES })),
      minutes: null,
    }),
};
