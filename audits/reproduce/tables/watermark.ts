import { above, between, descending, type Comparison } from '../ordering.ts';
import { INDEPENDENT, planMarks, type MarkedCopy } from '../marked.ts';
import { grid, place, type PaperTable, type PaperValue } from '../table.ts';

const differences: readonly string[] = [
  'The victim is always trained here, with a trained predictor of the whole embedding; which of the two coded versions made the published numbers is not known.',
  'One copy a value. Rates are of 30 batches of 32 training images.',
];

const testRows = ['CIFAR10, 10000', 'CIFAR10, 50000', 'SVHN, 10000', 'SVHN, 50000'] as const;
const TEST_COLUMNS = ['difference', 'p', 't'] as const;
const tests: readonly PaperValue[] = grid(TEST_COLUMNS, {
  'CIFAR10, 10000': [0.07, 6.34e-14, 9.81],
  'CIFAR10, 50000': [0.11, 1.27e-21, 15],
  'SVHN, 10000': [0.06, 2.59e-11, 8.22],
  'SVHN, 50000': [0.09, 3e-15, 10.64],
});

/** Table 5 (paper-spec 6.5): the t-test of ownership by a watermark. */
export const watermarkTests: PaperTable = {
  id: 'table5',
  alsoCalled: [],
  title: 'Watermark: t-tests of ownership',
  setting:
    'Victim trained with rotations as a mark; rows: data sent and queries. Difference of success rates between copy and independent encoder, p and t of a pooled test.',
  unit: '',
  values: tests,
  orderings: [
    {
      sentence: 'Every copy is claimed at p < 0.05.',
      comparisons: testRows.map((row) => between([row, 'p'], 0, 0.05)),
    },
    {
      sentence: 'More queries make the difference larger, with either data set.',
      comparisons: ['CIFAR10', 'SVHN'].map((data) =>
        above([`${data}, 50000`, 'difference'], [`${data}, 10000`, 'difference']),
      ),
    },
  ],
  differences,
  plan: (means) =>
    planMarks(
      means,
      tests,
      (['cifar10', 'svhn'] as const).flatMap((sent) =>
        [10_000, 50_000].map((queries): MarkedCopy => ({
          // The paper does not say which; MSE's mark is the one that Figure 2 shows first.
          loss: 'MSE',
          sent,
          queries,
          values: TEST_COLUMNS.map((figure) => ({
            at: place(`${sent.toUpperCase()}, ${queries}`, figure),
            figure,
          })),
        })),
      ),
    ),
};

const LOSSES = ['MSE', 'SoftNN', 'InfoNCE'] as const;
const elsewhere: readonly PaperValue[] = [
  ...grid(LOSSES, {
    '10000': [55.35, 55.82, 57.45],
    '20000': [55.92, 55.32, 57.2],
    '30000': [58.19, 54.5, 57.78],
    '40000': [55.78, 56.68, 55.75],
    '50000': [58.84, 57.11, 58.98],
    '60000': [56.84, 57.58, 58.02],
    '70000': [56.89, 59.53, 56.52],
  }),
  INDEPENDENT,
];

/** Above an independent encoder's 50 %, and under what a thief gets who sends rotated images too. */
const STOLEN = [54, 65] as const;
const ROTATED = [73, 79] as const;

/** Table 16 (paper-spec 6.12): the mark in copies made with SVHN's images. */
export const markBySvhn: PaperTable = {
  id: 'table16',
  alsoCalled: [],
  title: 'Watermark success rate, SVHN queries',
  setting:
    'Victim trained with rotations as a mark, queries of SVHN; share of rotations that the victim’s predictor reads from the copy (independent encoder: 50).',
  unit: '%',
  values: elsewhere,
  orderings: [
    {
      sentence: 'An independent encoder does not carry it: 45 to 55 %.',
      comparisons: [between([INDEPENDENT.row, INDEPENDENT.column], 45, 55)],
    },
    {
      sentence: 'Every copy carries the mark: 54 to 65 %.',
      comparisons: elsewhere
        .filter((value) => value !== INDEPENDENT)
        .map(({ row, column }) => between([row, column], ...STOLEN)),
    },
  ],
  differences,
  plan: (means) =>
    planMarks(
      means,
      elsewhere,
      elsewhere
        .filter((value) => value !== INDEPENDENT)
        .map(({ row, column }): MarkedCopy => ({
          loss: LOSSES.find((loss) => loss === column) ?? 'MSE',
          sent: 'svhn',
          queries: Number(row),
          values: [{ at: place(row, column), figure: 'rate' }],
        })),
    ),
};

/** How images are sent, in the paper's order. */
const sentAs = { SimCLR: 'simclr', rotated: 'simclr-rotation', plain: undefined } as const;
type View = keyof typeof sentAs;
const VIEWS: readonly View[] = ['SimCLR', 'rotated', 'plain'];
const atHome: readonly PaperValue[] = [
  ...grid(
    LOSSES.flatMap((loss) => VIEWS.map((view) => `${loss}, ${view}`)),
    {
      '10000': [54.69, 73.76, 54.61, 55.48, 74.49, 56.45, 56.53, 56.85, 57.0],
      '20000': [60.62, 74.68, 60.49, 58.43, 76.67, 59.45, 58.38, 59.52, 57.72],
      '30000': [61.45, 75.84, 61.45, 59.03, 77.86, 62.03, 58.01, 59.92, 58.84],
      '40000': [61.21, 76.15, 62.66, 62.56, 77.86, 60.86, 58.84, 60.99, 61.76],
      '50000': [59.81, 76.5, 60.95, 62.15, 78.53, 63.94, 59.42, 63.21, 62.34],
    },
  ),
  INDEPENDENT,
];
const budgets = ['10000', '20000', '30000', '40000', '50000'] as const;
const inEvery = (columns: readonly string[], range: readonly [number, number]): readonly Comparison[] =>
  columns.flatMap((column) => budgets.map((row) => between([row, column], ...range)));

/** Table 17 (paper-spec 6.12). */
export const markByCifar10: PaperTable = {
  id: 'table17',
  alsoCalled: [],
  title: 'Watermark success rate, CIFAR-10 queries',
  setting:
    'As Table 16 with queries of the victim’s own data, sent plainly, in SimCLR’s views, or in those with rotations besides.',
  unit: '%',
  values: atHome,
  orderings: [
    {
      sentence: 'An independent encoder does not carry it: 45 to 55 %.',
      comparisons: [between([INDEPENDENT.row, INDEPENDENT.column], 45, 55)],
    },
    {
      sentence: 'Without rotations in the queries copies carry the mark: 54 to 65 %.',
      comparisons: inEvery(
        LOSSES.flatMap((loss) => [`${loss}, SimCLR`, `${loss}, plain`]),
        STOLEN,
      ),
    },
    {
      sentence: 'With rotations in the queries MSE and SoftNN copies carry 73 to 79 %.',
      comparisons: inEvery(['MSE, rotated', 'SoftNN, rotated'], ROTATED),
    },
    {
      sentence: 'InfoNCE copies do not: rotations leave them under 65 %.',
      comparisons: inEvery(['InfoNCE, rotated'], STOLEN),
    },
    {
      sentence: 'With rotations more queries always carry more (SoftNN: up to 30 000).',
      comparisons: [
        ...descending('MSE, rotated', budgets.toReversed()),
        ...descending('SoftNN, rotated', budgets.slice(0, 3).toReversed()),
        ...descending('InfoNCE, rotated', budgets.toReversed()),
      ],
    },
    {
      sentence: '50 000 queries carry more than 10 000, by every loss.',
      comparisons: LOSSES.flatMap((loss) =>
        VIEWS.map((view) => above(['50000', `${loss}, ${view}`], ['10000', `${loss}, ${view}`])),
      ),
    },
  ],
  differences: [
    ...differences,
    'Views are drawn and paid for once; the paper draws them anew in every epoch.',
  ],
  plan: (means) =>
    planMarks(
      means,
      atHome,
      LOSSES.flatMap((loss) =>
        VIEWS.flatMap((view) =>
          budgets.map((row): MarkedCopy => ({
            loss,
            ...(sentAs[view] === undefined ? {} : { queryAugmentation: sentAs[view] }),
            sent: 'cifar10',
            queries: Number(row),
            values: [{ at: place(row, `${loss}, ${view}`), figure: 'rate' }],
          })),
        ),
      ),
    ),
};
