import { defenseName } from '../contract/defense-name.ts';
import { listed } from '../score/sentences.ts';
import type { Check } from './check.ts';

/** Surrogates that diverged or cells that failed: the attacker might have done better with more care. */
export const trainingFailed: Check = {
  id: 'training-failed',
  run({ evidence }) {
    const failed = evidence.groups.attacks.filter(({ cells }) =>
      cells.some(({ state }) => state === 'failed'),
    );
    if (failed.length === 0) return [];
    const cells = failed.flatMap((group) => group.cells.filter(({ state }) => state === 'failed'));
    const diverged = cells.filter(({ error }) => error?.code === 'training-diverged').length;
    const names = [...new Set(failed.map(({ attack, defense }) => `${attack} on ${defenseName(defense)}`))];
    const shown = names.length > 3 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
    return [
      {
        severity: 'weakens',
        scope: 'audit',
        sentence: `${cells.length} attack ${cells.length === 1 ? 'cell' : 'cells'} failed, ${diverged} of them because training diverged (${listed(shown)}): none of them counts for a defense.`,
      },
    ];
  },
};
