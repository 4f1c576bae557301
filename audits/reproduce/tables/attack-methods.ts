import { above, near } from '../ordering.ts';
import { TEST_QUERIES } from '../scale.ts';
import { grid, type PaperTable } from '../table.ts';
import { byLoss, CONTROL, planThefts, TASKS, theftDifferences, VICTIM } from '../theft.ts';

const DIRECT = 'Direct Extraction';
const RECREATE = 'Recreate Head';
const ACCESS = 'Access Head';

/** Table 1 (paper-spec 6.1): three ways to steal a CIFAR-10 encoder. */
export const attackMethods: PaperTable = {
  id: 'table1',
  alsoCalled: [],
  title: 'Attack methods',
  setting: 'CIFAR-10 victim, 9 000 queries of its test images; accuracy of a linear classifier.',
  unit: '%',
  values: grid(TASKS, {
    [VICTIM]: [79.0, 67.9, 65.1],
    [DIRECT]: [76.9, 67.1, 67.3],
    [RECREATE]: [59.9, 52.8, 56.3],
    [ACCESS]: [75.6, 65.0, 69.8],
    [CONTROL]: [],
  }),
  orderings: [
    {
      sentence: 'Direct extraction and an accessed head steal the same on CIFAR-10, within 3 points.',
      comparisons: [near([DIRECT, 'CIFAR10'], [ACCESS, 'CIFAR10'])],
    },
    {
      sentence: 'Direct extraction steals over 5 points more than a recreated head, on every task.',
      comparisons: TASKS.map((task) => above([DIRECT, task], [RECREATE, task], 5)),
    },
    {
      sentence: 'An accessed head steals over 5 points more than a recreated one, on every task.',
      comparisons: TASKS.map((task) => above([ACCESS, task], [RECREATE, task], 5)),
    },
  ],
  differences: [
    ...theftDifferences,
    'The recreated head is trained by a rebuilt symmetrized loss: no code of the published row survives.',
  ],
  plan: (means) =>
    planThefts(means, {
      victim: 'cifar10',
      sent: { dataset: 'cifar10', part: 'test' },
      thefts: [
        { row: DIRECT, attack: byLoss.SoftNN(means), queries: TEST_QUERIES },
        { row: RECREATE, attack: 'recreate-head', queries: TEST_QUERIES },
        {
          row: ACCESS,
          attack: 'access-head',
          queries: TEST_QUERIES,
          lacks:
            means.victim === undefined || means.projection === undefined
              ? 'it needs a victim file that also answers with its projection head: --victim FILE --projection OUTPUT'
              : undefined,
        },
      ],
      minutes: 5,
    }),
};
