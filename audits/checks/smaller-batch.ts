import { listed } from '../score/sentences.ts';
import type { Check } from './check.ts';

/** Surrogates trained with a smaller batch than asked for, since theirs did not fit the device's memory. */
export const smallerBatch: Check = {
  id: 'smaller-batch',
  run({ evidence }) {
    const asked = evidence.config.surrogate.batchSize;
    const sizes = evidence.groups.attacks
      .concat(evidence.groups.controls)
      .flatMap(({ cells }) =>
        cells.map(({ work }) => (work.kind === 'attack' ? work.surrogate.batchSize : asked)),
      )
      .filter((size) => size < asked);
    if (sizes.length === 0) return [];
    const different = [...new Set(sizes)].toSorted((a, b) => b - a).map(String);
    return [
      {
        severity: 'weakens',
        scope: 'audit',
        sentence: `${sizes.length} attack ${sizes.length === 1 ? 'cell' : 'cells'} trained with batches of ${listed(different)} instead of ${asked} images, because more did not fit the memory of the device: they are not quite the attack that was asked for.`,
      },
    ];
  },
};
