import { MoatError } from '../contract/errors.ts';
import type { PaperTable } from './table.ts';
import { attackMethods } from './tables/attack-methods.ts';
import { datasetInference } from './tables/dataset-inference.ts';
import { detectionErrors } from './tables/detection-errors.ts';
import { distances } from './tables/distances.ts';
import { labels } from './tables/labels.ts';
import { lossesOnCifar10, lossesOnSvhn } from './tables/losses.ts';
import { nearDuplicates } from './tables/near-duplicates.ts';
import { noise } from './tables/noise.ts';
import { ownTrainingImages } from './tables/own-training-images.ts';
import { shiftedQueries } from './tables/shifted-queries.ts';
import { markByCifar10, markBySvhn, watermarkTests } from './tables/watermark.ts';

/** Every table of the paper that can be asked for, in its order. Table 3 needs ImageNet and is not among them. */
export const paperTables: readonly PaperTable[] = Object.freeze([
  attackMethods,
  lossesOnCifar10,
  labels,
  watermarkTests,
  lossesOnSvhn,
  shiftedQueries,
  ownTrainingImages,
  noise,
  nearDuplicates,
  detectionErrors,
  markBySvhn,
  markByCifar10,
  distances,
  datasetInference,
]);

/** `table8` and `8`, by its own name or that of a table which is one experiment with it. @throws MoatError `usage` */
export function findTable(name: string): PaperTable {
  const id = /^\d+$/.test(name) ? `table${name}` : name.toLowerCase();
  const found = paperTables.find((table) => table.id === id || table.alsoCalled.includes(id));
  if (found !== undefined) return found;
  const known = paperTables.flatMap((table) => [table.id, ...table.alsoCalled]);
  throw new MoatError(
    'usage',
    id === 'table3'
      ? 'Table 3 needs ImageNet’s images and the public SimSiam ResNet-50; it cannot be reproduced here.'
      : `There is no table "${name}"; there are ${known
          .map((other) => other.slice('table'.length))
          .sort((a, b) => Number(a) - Number(b))
          .join(', ')}.`,
  );
}
