import { count } from '../score/sentences.ts';
import type { Check } from './check.ts';

/** Copies inside a pool make a budget smaller than it looks: plain attacks send each pool image once. */

const NOTABLE_SHARE = 0.01;

export const poolDuplicates: Check = {
  id: 'pool-duplicates',
  run({ evidence, matrix }) {
    const plain = evidence.facts.mustFace([]);
    const worst = matrix
      .filter(({ attack, queriesUsed }) => plain.includes(attack.split(':')[0] ?? '') && queriesUsed !== null)
      .map(({ queriesUsed, uniqueInputs }) => ({ sent: queriesUsed ?? 0, unique: uniqueInputs ?? 0 }))
      .toSorted((a, b) => b.sent - b.unique - (a.sent - a.unique))[0];
    if (worst === undefined || worst.sent - worst.unique < NOTABLE_SHARE * worst.sent) return [];
    return [
      {
        severity: 'note',
        scope: 'audit',
        sentence: `The query pool holds copies: ${count(worst.sent)} queries were only ${count(worst.unique)} different images.`,
      },
    ];
  },
};
