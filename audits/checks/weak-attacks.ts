import { strongestUndefended } from '../score/headline.ts';
import { percent, withInterval } from '../score/sentences.ts';
import type { Check } from './check.ts';

/** Attacks that steal nothing undefended show nothing about a defense. */
export const weakAttacks: Check = {
  id: 'weak-attacks',
  run({ evidence, matrix }) {
    const worst = strongestUndefended(evidence, matrix);
    const gain = worst?.stolenGain ?? null;
    if (worst === undefined || gain === null || gain.low === null) return [];
    const { minUndefendedGain } = evidence.config.policy;
    if (!(gain.low > 0))
      return [
        {
          severity: 'invalidates',
          scope: 'audit',
          sentence: `The strongest undefended attack, ${worst.attack}, did not beat the no-victim baseline (${withInterval(gain)}): no defense can be judged by these attacks.`,
        },
      ];
    if (gain.low >= minUndefendedGain) return [];
    return [
      {
        severity: 'weakens',
        scope: 'audit',
        sentence: `The strongest undefended attack, ${worst.attack}, steals ${withInterval(gain)}; its lower end must reach ${percent(minUndefendedGain)} before a defense can be cleared.`,
      },
    ];
  },
};
