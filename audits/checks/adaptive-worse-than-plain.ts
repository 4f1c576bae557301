import { withInterval } from '../score/sentences.ts';
import type { Check } from './check.ts';

/**
 * An attack made for a defense that does worse than the plain one has something wrong with it, not the defense
 * something right (the gradient-free gap of AutoAttack's flags). One that launders a copy gives up utility on purpose.
 */
export const adaptiveWorseThanPlain: Check = {
  id: 'adaptive-worse-than-plain',
  run({ evidence, matrix }) {
    const idOf = (attack: string): string => attack.split(':')[0] ?? '';
    const isPlain = (attack: string): boolean => evidence.facts.mustFace([]).includes(idOf(attack));
    const judged = matrix.filter(
      ({ defense, budget }) => defense !== 'none' && budget === evidence.judgedBudget,
    );
    return judged.flatMap((adaptive) => {
      if (!adaptive.adaptive || isPlain(adaptive.attack)) return [];
      if (evidence.facts.launders(idOf(adaptive.attack))) return [];
      const plain = judged.find(
        (cell) =>
          isPlain(cell.attack) &&
          cell.defense === adaptive.defense &&
          cell.task === adaptive.task &&
          cell.accounts === adaptive.accounts &&
          (adaptive.stolenGain?.high ?? Infinity) < (cell.stolenGain?.low ?? -Infinity),
      );
      const plainGain = plain?.stolenGain ?? null;
      if (plain === undefined || plainGain === null || adaptive.stolenGain === null) return [];
      return [
        {
          severity: 'weakens' as const,
          scope: `defense:${adaptive.defense}`,
          sentence: `${adaptive.attack}, made for ${adaptive.defense}, steals less (${withInterval(adaptive.stolenGain)}) than plain ${plain.attack} (${withInterval(plainGain)}) on ${adaptive.task}: the adaptive attack may be too weak.`,
        },
      ];
    });
  },
};
