import { listed } from '../score/sentences.ts';
import type { Check } from './check.ts';

/** Surrogates trained with a smaller batch than asked for, since theirs did not fit the device's memory. */
export const smallerBatch: Check = {
  id: 'smaller-batch',
  run({ evidence }) {
    const { surrogate, furtherSurrogates = [] } = evidence.config;
    const chosen = [surrogate, ...furtherSurrogates.map(({ settings }) => settings)];
    const shrunk = evidence.groups.attacks.concat(evidence.groups.controls).flatMap(({ cells }) =>
      cells.flatMap(({ work }) => {
        if (work.kind !== 'attack') return [];
        const { architecture, epochs, batchSize } = work.surrogate;
        // Two of them may differ in the batch alone.
        const asked = chosen
          .filter((settings) => settings.architecture === architecture && settings.epochs === epochs)
          .map((settings) => settings.batchSize);
        const from = asked.filter((size) => size > batchSize);
        return asked.includes(batchSize) || from.length === 0 ? [] : [{ batchSize, from: Math.min(...from) }];
      }),
    );
    if (shrunk.length === 0) return [];
    const sizes = shrunk.map(({ batchSize }) => batchSize);
    const different = descending(sizes);
    const asked = descending(shrunk.map(({ from }) => from));
    return [
      {
        severity: 'weakens',
        scope: 'audit',
        sentence: `${sizes.length} attack ${sizes.length === 1 ? 'cell' : 'cells'} trained with batches of ${listed(different)} instead of ${listed(asked)} images, because more did not fit the memory of the device: they are not quite the attack that was asked for.`,
      },
    ];
  },
};

function descending(sizes: readonly number[]): readonly string[] {
  return [...new Set(sizes)].toSorted((a, b) => b - a).map(String);
}
