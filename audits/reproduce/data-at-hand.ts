import { statSync } from 'node:fs';
import path from 'node:path';

export type DatasetId = 'cifar10' | 'svhn' | 'stl10';

interface DatasetFacts {
  readonly title: string;
  /** Folders below `--data` in which it may stand, best first. */
  readonly folders: readonly string[];
  /** Below the folder, the part for testing by itself: an image folder or a file. */
  readonly testParts: readonly string[];
  /** What to fetch, and from where. */
  readonly fetch: string;
}

export const datasetFacts: Readonly<Record<DatasetId, DatasetFacts>> = {
  cifar10: {
    title: 'CIFAR-10',
    folders: ['cifar10', 'cifar-10-batches-bin', 'cifar10-jpeg'],
    testParts: ['test', 'test_batch.bin'],
    fetch:
      'cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html, unpacked (cifar-10-batches-bin/), or an image folder cifar10/{train,test}/CLASS',
  },
  svhn: {
    title: 'SVHN',
    folders: ['svhn'],
    testParts: ['test_32x32.mat', 'test'],
    fetch: 'train_32x32.mat and test_32x32.mat from http://ufldl.stanford.edu/housenumbers/ in svhn/',
  },
  stl10: {
    title: 'STL-10',
    folders: ['stl10', 'stl10_binary'],
    testParts: ['test_X.bin', 'test'],
    fetch: 'stl10_binary.tar.gz from https://cs.stanford.edu/~acoates/stl10/, unpacked (stl10_binary/)',
  },
};

export const datasetIds: readonly DatasetId[] = ['cifar10', 'svhn', 'stl10'];

export interface DataPlace {
  /** All of it: as a task, its own parts fit and score; as a pool, its training part is sent. */
  readonly whole: string;
  /** The test part alone, as a pool of images the victim was not trained on. */
  readonly test: string;
}

export type DataAtHand = Readonly<Partial<Record<DatasetId, DataPlace>>>;

/** Which data sets a folder holds; a folder without a test part counts as none. */
export function findData(folder: string): DataAtHand {
  return Object.fromEntries(
    datasetIds.flatMap((id) => {
      const { folders, testParts } = datasetFacts[id];
      for (const name of folders) {
        const whole = path.join(folder, name);
        const test = testParts.map((part) => path.join(whole, part)).find(exists);
        if (test !== undefined) return [[id, { whole, test }]];
      }
      return [];
    }),
  );
}

/** Why rows that need a data set were not run, with what to do about it. */
export function missingData(id: DatasetId): string {
  const { title, fetch } = datasetFacts[id];
  return `${title} is not in the data folder: put ${fetch} there`;
}

function exists(location: string): boolean {
  return statSync(location, { throwIfNoEntry: false }) !== undefined;
}
