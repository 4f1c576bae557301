import { listed } from '../score/sentences.ts';
import type { Check } from './check.ts';

/** A defense that did not meet the attack made for it has not been tested. */
export const adaptiveAttackMissing: Check = {
  id: 'adaptive-attack-missing',
  run: ({ verdicts }) =>
    verdicts
      .filter(({ missingAttacks }) => missingAttacks.length > 0)
      .map(({ defense, missingAttacks }) => ({
        severity: 'weakens',
        scope: `defense:${defense}`,
        sentence: `${defense} has not faced ${listed(missingAttacks)} at the judged budget, so it cannot pass.`,
      })),
};
