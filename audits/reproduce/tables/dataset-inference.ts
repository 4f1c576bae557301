import { missingData, type DatasetId } from '../data-at-hand.ts';
import { between } from '../ordering.ts';
import {
  grid,
  notRun,
  place,
  type EncoderSource,
  type PaperTable,
  type Place,
  type Source,
  type Step,
} from '../table.ts';
import { trainingOf, victimOf } from '../theft.ts';

const COLUMNS = ['difference', 'p', 't'] as const;
const OWN_ROW = 'CIFAR10 SSL (not in the paper)';

interface Row {
  /** `q` images, `r` augmentations of each. */
  readonly row: string;
  readonly data: DatasetId | 'imagenet';
  readonly isSupervised: boolean;
  readonly printed: readonly (number | null)[];
}

/** Table 19 (paper-spec 6.13), in its order; and the row that its CIFAR-10 victim would have had. */
const rows: readonly Row[] = [
  { row: 'SVHN SSL, q 100, r 100', data: 'svhn', isSupervised: false, printed: [-0.17, 0.99, -2.9] },
  { row: 'SVHN SSL, q 10000, r 100', data: 'svhn', isSupervised: false, printed: [-0.005, 0.79, -0.82] },
  { row: 'ImageNet SSL, q 64', data: 'imagenet', isSupervised: false, printed: [-0.005, 0.99, -2.53] },
  { row: 'ImageNet labels, q 32', data: 'imagenet', isSupervised: true, printed: [0.71, 0.028, 1.92] },
  { row: 'ImageNet labels, q 64, first', data: 'imagenet', isSupervised: true, printed: [1.06, 1e-5, 4.03] },
  { row: 'ImageNet labels, q 64, second', data: 'imagenet', isSupervised: true, printed: [0.89, 1e-4, 3.61] },
  { row: 'ImageNet labels, q 128', data: 'imagenet', isSupervised: true, printed: [0.36, 0.02, 1.97] },
  {
    row: 'ImageNet labels, q 256, first',
    data: 'imagenet',
    isSupervised: true,
    printed: [-0.44, 0.99, -3.31],
  },
  {
    row: 'ImageNet labels, q 256, second',
    data: 'imagenet',
    isSupervised: true,
    printed: [-0.12, 0.81, -0.87],
  },
  { row: 'ImageNet SSL, q 1024', data: 'imagenet', isSupervised: false, printed: [-0.02, 1.0, -33.99] },
  { row: 'SVHN labels, q 50, first', data: 'svhn', isSupervised: true, printed: [0.15, 0.0685, 1.49] },
  { row: 'SVHN labels, q 50, second', data: 'svhn', isSupervised: true, printed: [0.39, 0.033, 1.84] },
  { row: 'CIFAR10 labels, q 50', data: 'cifar10', isSupervised: true, printed: [-0.46, 0.99, -4.3] },
  { row: OWN_ROW, data: 'cifar10', isSupervised: false, printed: [] },
];

const LEVEL = 0.05;
/** The engine's own test has 100 images and 10 copies a side; rows that differ in these alone are one row here. */
const repeated: ReadonlySet<string> = new Set(['SVHN SSL, q 10000, r 100', 'SVHN labels, q 50, second']);

export const datasetInference: PaperTable = {
  id: 'table19',
  alsoCalled: [],
  title: 'Dataset inference by augmentation differences',
  setting:
    'How far embeddings of private (training) and public (test) images move under augmentation: public minus private, p and t of a one-sided pooled test. Theft is concluded at p < 0.05.',
  unit: '',
  values: grid(COLUMNS, Object.fromEntries(rows.map(({ row, printed }) => [row, printed]))),
  orderings: [
    {
      sentence: 'No encoder trained without labels is recognised: p of at least 0.05.',
      comparisons: rows
        .filter(({ isSupervised, printed }) => !isSupervised && printed.length > 0)
        .map(({ row }) => between([row, 'p'], LEVEL, 1)),
    },
    {
      sentence: 'Of CIFAR-10’s encoder by labels it is not either.',
      comparisons: [between(['CIFAR10 labels, q 50', 'p'], LEVEL, 1)],
    },
    {
      sentence: 'Of ImageNet’s encoder by labels few images do: up to 128 of them p < 0.05.',
      comparisons: rows
        .filter(({ row }) => /^ImageNet labels, q (32|64|128)/.test(row))
        .map(({ row }) => between([row, 'p'], 0, LEVEL)),
    },
    {
      sentence: 'More images undo it: with 256 p of at least 0.05.',
      comparisons: rows
        .filter(({ row }) => row.startsWith('ImageNet labels, q 256'))
        .map(({ row }) => between([row, 'p'], LEVEL, 1)),
    },
  ],
  differences: [
    'Each side has 100 images with 10 noisy copies each (standard deviation 0.001 of the pixel range), whatever the row’s q and r.',
    'Distances are in units of the encoder’s embeddings: of the difference only the sign can be compared.',
  ],
  plan(means) {
    const sources = new Map<Place, Source>();
    const steps: Step[] = [];
    for (const { row, data: id, isSupervised } of rows) {
      const fill = (source: (column: (typeof COLUMNS)[number]) => Source): void => {
        for (const column of COLUMNS) sources.set(place(row, column), source(column));
      };
      if (id === 'imagenet') {
        fill(() => notRun('it needs an ImageNet encoder and its training images'));
        continue;
      }
      const images = means.data[id];
      if (images === undefined) {
        fill(() => notRun(missingData(id)));
        continue;
      }
      if (repeated.has(row)) {
        fill(() => notRun('it differs in q and r alone from the row before, and these are fixed here'));
        continue;
      }
      const step = `inference-${id}-${isSupervised ? 'labels' : 'ssl'}`;
      const { encoder, training } = encoderOf(id, isSupervised, means);
      for (const needed of training) if (!steps.some((other) => other.id === needed.id)) steps.push(needed);
      steps.push({
        kind: 'own',
        id: step,
        title: row,
        victim: encoder,
        suspect: encoder,
        arguments: [
          '--private',
          images.whole,
          '--public',
          images.test,
          '--tests',
          'dataset-inference:variant=augmentation-difference',
          '--images',
          '200',
        ],
        minutes: 0.3,
        trainedImages: 0,
      });
      fill((figure) => ({ kind: 'ownership', step, figure }));
    }
    return { steps, sources };
  },
};

function encoderOf(
  id: DatasetId,
  isSupervised: boolean,
  means: Parameters<PaperTable['plan']>[0],
): { readonly encoder: EncoderSource; readonly training: readonly Step[] } {
  if (!isSupervised) {
    const { encoder, steps } = victimOf(id, means);
    return { encoder, training: steps };
  }
  const trained = trainingOf(id, means, { seed: 0, kind: 'supervised' });
  return { encoder: { kind: 'trained', step: trained.id }, training: trained.steps };
}
