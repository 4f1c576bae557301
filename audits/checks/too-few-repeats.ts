import { FEWEST_SEEDS } from '../score/intervals.ts';
import type { Check } from './check.ts';

/** Below three finished seeds there is no interval, and without an interval no verdict but "not measured". */
export const tooFewRepeats: Check = {
  id: 'too-few-repeats',
  run({ evidence }) {
    const { attacks, controls, honest } = evidence.groups;
    const few = [...attacks, ...controls, ...honest].filter(
      ({ done }) => done.length > 0 && done.length < FEWEST_SEEDS,
    );
    if (few.length === 0) return [];
    return [
      {
        severity: 'weakens',
        scope: 'audit',
        sentence: `${few.length} of the measured groups ${few.length === 1 ? 'has' : 'have'} fewer than ${FEWEST_SEEDS} finished seeds: too few repeats for an interval.`,
      },
    ];
  },
};
