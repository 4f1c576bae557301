import { bounds } from '../score/intervals.ts';
import { percent } from '../score/sentences.ts';
import type { Check } from './check.ts';

/** A victim whose probe guesses says nothing about the encoder: wrong labels, wrong preprocessing, wrong task. */
export const probeAtChance: Check = {
  id: 'probe-at-chance',
  run: ({ evidence }) =>
    evidence.tasks.flatMap(({ name, classes, victimProbe }) => {
      if (victimProbe === undefined) return [];
      const chance = 1 / Math.max(1, classes);
      if ((bounds(victimProbe).low ?? victimProbe.value) > chance) return [];
      return [
        {
          severity: 'invalidates' as const,
          scope: `task:${name}`,
          sentence: `On ${name} the probe of the victim itself is at chance (${percent(victimProbe.value)} of ${classes} classes): check labels and preprocessing.`,
        },
      ];
    }),
};
