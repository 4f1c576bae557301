import { FEWEST_SEEDS } from '../score/intervals.ts';
import type { Check } from './check.ts';

/** What a time limit left out, and what counts with fewer seeds than were asked for because of it. */
export const timeLimit: Check = {
  id: 'time-limit',
  run({ evidence }) {
    const leftOut = evidence.cells.filter(({ state }) => state === 'not-run');
    if (leftOut.length === 0) return [];
    const { attacks, controls, honest } = evidence.groups;
    const shortened = [...attacks, ...controls, ...honest].filter(
      ({ done, cells }) => done.length >= FEWEST_SEEDS && done.length < cells.length,
    );
    const fewer =
      shortened.length === 0
        ? ''
        : ` ${shortened.length} of the measured groups ${shortened.length === 1 ? 'counts' : 'count'} with the seeds that finished, fewer than asked.`;
    return [
      {
        severity: 'weakens',
        scope: 'audit',
        sentence: `The time limit left out ${leftOut.length} of ${evidence.cells.length} cells; what they would have shown is not measured.${fewer}`,
      },
    ];
  },
};
