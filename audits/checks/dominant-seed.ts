import { defenseName } from '../contract/defense-name.ts';
import { deviation } from '../score/intervals.ts';
import { points } from '../score/sentences.ts';
import type { Check } from './check.ts';

/** One seed far from the others: the mean speaks for none of them. */

/** Spread between seeds below which nobody cares: two points of accuracy. */
const NOTABLE_SPREAD = 0.02;
/** The others agree this many times better than all together. */
const FACTOR = 5;

export const dominantSeed: Check = {
  id: 'dominant-seed',
  run({ evidence }) {
    return evidence.groups.attacks.flatMap((group) =>
      evidence.tasks.flatMap((task) => {
        const values = group.done.flatMap((cell) => {
          const [accuracy] = evidence.readings([cell], 'probe-accuracy', task.name);
          return accuracy === undefined ? [] : [{ cell, value: accuracy.value }];
        });
        const spread = deviation(values.map(({ value }) => value));
        if (values.length < 3 || spread < NOTABLE_SPREAD) return [];
        const odd = values.find(
          ({ cell }) =>
            deviation(values.filter((other) => other.cell !== cell).map(({ value }) => value)) * FACTOR <
            spread,
        );
        if (odd === undefined) return [];
        return [
          {
            severity: 'weakens' as const,
            scope: `cell:${odd.cell.key}`,
            sentence: `Seed ${odd.cell.work.seed} of ${group.attack} on ${defenseName(group.defense)} at ${group.budget} queries stands apart on ${task.name}: the deviation over seeds is ${points(spread)} because of it alone.`,
          },
        ];
      }),
    );
  },
};
