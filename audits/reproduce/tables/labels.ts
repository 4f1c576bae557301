import { missingData } from '../data-at-hand.ts';
import { above } from '../ordering.ts';
import { TEST_QUERIES } from '../scale.ts';
import { grid, type PaperTable } from '../table.ts';
import { byLoss, CONTROL, planThefts, TASKS, theftDifferences, VICTIM } from '../theft.ts';

const EMBEDDINGS = 'SSL stealing';
const AS_IS = 'SL no fine-tune';
const TUNED = 'SL fine-tune';

/** Table 4 (paper-spec 6.4): stolen embeddings against stolen labels. */
export const labels: PaperTable = {
  id: 'table4',
  alsoCalled: [],
  title: 'Embeddings against labels',
  setting:
    'CIFAR-10 victim, 9 000 queries of its test images: embeddings by InfoNCE, or the labels of each task’s classifier; accuracy of a linear classifier.',
  unit: '%',
  values: grid(TASKS, {
    [VICTIM]: [79.0, 67.9, 65.1],
    [EMBEDDINGS]: [75.5, 64.6, 69.6],
    [AS_IS]: [65.6, 52.4, 32.1],
    [TUNED]: [66.9, 56.0, 38.1],
    [CONTROL]: [],
  }),
  orderings: [
    {
      sentence: 'Embeddings are worth over 5 points more than labels, after fine-tuning too, on every task.',
      comparisons: TASKS.map((task) => above([EMBEDDINGS, task], [TUNED, task], 5)),
    },
    {
      sentence: 'Fine-tuning helps the thief of labels, on every task.',
      comparisons: TASKS.map((task) => above([TUNED, task], [AS_IS, task])),
    },
  ],
  differences: theftDifferences,
  plan: (means) =>
    planThefts(means, {
      victim: 'cifar10',
      sent: { dataset: 'cifar10', part: 'test' },
      thefts: [
        { row: EMBEDDINGS, attack: byLoss.InfoNCE(), queries: TEST_QUERIES },
        {
          row: AS_IS,
          attack: 'label-extraction',
          queries: TEST_QUERIES,
          lacks: 'an audit keeps the student’s features, not the classifier it learned',
        },
        ...TASKS.map((task) => ({
          row: TUNED,
          columns: [task],
          attack: `label-extraction:task=${idOf[task]}`,
          queries: TEST_QUERIES,
          lacks: means.data[idOf[task]] === undefined ? missingData(idOf[task]) : undefined,
        })),
      ],
      minutes: 4,
    }),
};

const idOf = { CIFAR10: 'cifar10', STL10: 'stl10', SVHN: 'svhn' } as const;
