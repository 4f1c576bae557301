import { listed, percent } from '../score/sentences.ts';
import type { Check } from './check.ts';

/** Surrogates whose loss was still falling when their epochs ended: with more of them the thief would have taken more. */

/** Share of the whole fall of the loss in the last tenth of the epochs; a straight line falls a tenth of the way there. */
const STILL_FALLING = 0.1;

export const notConverged: Check = {
  id: 'not-converged',
  run({ evidence }) {
    const unfinished = evidence.groups.attacks.flatMap((group) => {
      const falls = group.done.flatMap(({ diagnostics }) => diagnostics['lateLossShare'] ?? []);
      const mean = falls.reduce((sum, value) => sum + value, 0) / Math.max(1, falls.length);
      return falls.length > 0 && mean > STILL_FALLING ? [{ group, mean }] : [];
    });
    const [worst] = unfinished.toSorted((a, b) => b.mean - a.mean);
    if (worst === undefined) return [];
    const names = [...new Set(unfinished.map(({ group }) => group.attack))];
    const shown = names.length > 3 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
    return [
      {
        severity: 'weakens',
        scope: 'audit',
        sentence: `The training of ${listed(shown)} had not converged: up to ${percent(worst.mean)} of the whole fall of its loss was in the last tenth of the epochs.`,
      },
    ];
  },
};
