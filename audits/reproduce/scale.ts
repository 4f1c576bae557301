/** By SimCLR, by labels, or by SimCLR with the rotation watermark. */
export type TrainingKind = 'simclr' | 'supervised' | 'marked';

/** How much of the paper's work is done. */
export interface Scale {
  readonly id: 'reduced' | 'full';
  /** One sentence for people. */
  readonly sentence: string;
  /** Arguments of every audit: preset, rows of the probes. */
  readonly audit: readonly string[];
  /** Arguments of `moat train`. */
  readonly training: Readonly<Record<TrainingKind, readonly string[]>>;
  readonly seeds: number;
  /** Queries that stand for a number of the paper's; null where the row is left out. */
  queries(printed: number): number | null;
  /** Epochs of a copy. */
  readonly epochs: number;
  /** Images of one training of an encoder, views and epochs counted. */
  readonly trainingImages: number;
  /** Minutes of one training on two cores; null where nobody measured. */
  readonly trainingMinutes: number | null;
}

/** The paper's "9 000": CIFAR-10's test images less the last thousand, on which it measures. */
export const TEST_QUERIES = 9000;
/**
 * Of 9 000 images so many may be sent: those that are near-duplicates of images to measure with (3 % of CIFAR-10's test images
 * have one among the training images, Barz and Denzler 2020) are taken out of the pool.
 */
const TEST_QUERIES_LEFT = 8500;
const REDUCED_TEST_QUERIES = 2000;
/** Larger budgets take a quarter of an hour and more on two cores, for one loss. */
const REDUCED_MOST_QUERIES = 10_000;

const training = ['--architecture', 'small-cnn', '--images', '20000', '--epochs', '8', '--dimension', '128'];

export const reducedScale: Scale = {
  id: 'reduced',
  sentence:
    'Copies are small-cnn, 16 x 16 pixels, 12 epochs (preset quick); 2 000 queries stand for 9 000, and rows of more than 10 000 are left out; probes are fitted on 4 000 rows and scored on 2 000; encoders trained here are small-cnn, 8 epochs on 20 000 images.',
  audit: ['--preset', 'quick'],
  training: {
    simclr: training,
    supervised: ['--method', 'supervised', ...training],
    marked: [...training, '--watermark', 'rotation'],
  },
  seeds: 3,
  queries: (printed) =>
    printed === TEST_QUERIES ? REDUCED_TEST_QUERIES : printed <= REDUCED_MOST_QUERIES ? printed : null,
  epochs: 12,
  // Two views, 8 epochs, 20 000 images.
  trainingImages: 320_000,
  trainingMinutes: 6,
};

export const fullScale: Scale = {
  id: 'full',
  sentence:
    'Copies are ResNet-34 with the stem for 32 x 32 pixels, 100 epochs, each loss with its own optimizer (preset paper); 8 500 queries stand for 9 000; probes are fitted on the whole training part and scored on 1 000 rows; encoders trained here are ResNet-34, 200 epochs of SimCLR.',
  audit: ['--preset', 'paper', '--fit-rows', '50000', '--score-rows', '1000'],
  training: {
    simclr: ['--preset', 'paper'],
    supervised: [
      '--method',
      'supervised',
      '--architecture',
      'resnet34',
      '--dimension',
      '512',
      '--epochs',
      '200',
      '--batch',
      '256',
    ],
    // The paper's watermark victims are smaller and trained for half as long.
    marked: ['--preset', 'paper', '--architecture', 'resnet18', '--epochs', '100', '--watermark', 'rotation'],
  },
  seeds: 3,
  queries: (printed) => (printed === TEST_QUERIES ? TEST_QUERIES_LEFT : printed),
  epochs: 100,
  // Two views, 200 epochs, 50 000 images.
  trainingImages: 20_000_000,
  trainingMinutes: null,
};

export const scales: readonly Scale[] = [reducedScale, fullScale];
