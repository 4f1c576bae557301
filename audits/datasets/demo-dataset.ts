import type { DatasetContents, Split } from './dataset-parts.ts';
import { DEMO_SIDE, demoClasses, demoLabel, drawDemoImage } from './demo-images.ts';

/** The demo as a data set: the images exist only when read. */

const TRAIN_COUNT = 20_000;
const TEST_COUNT = 4_000;

export function listDemo(): DatasetContents {
  return {
    format: 'demo',
    classes: demoClasses,
    splits: { train: drawnSplit('train', TRAIN_COUNT), test: drawnSplit('test', TEST_COUNT) },
    notes: [],
  };
}

/** The split's name is part of the seed, so that no test image is among the training images. */
function drawnSplit(name: string, count: number): Split {
  return {
    items: Array.from({ length: count }, (_, i) => ({ id: `${name}#${i}`, label: demoLabel(i) })),
    open: () =>
      Promise.resolve({
        load: (index) => ({
          kind: 'pixels',
          pixels: drawDemoImage(name, index, DEMO_SIDE),
          height: DEMO_SIDE,
          width: DEMO_SIDE,
        }),
        close: () => undefined,
      }),
  };
}
