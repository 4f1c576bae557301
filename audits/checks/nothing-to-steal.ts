import { undefinedGain } from '../score/matrix-cells.ts';
import type { Check } from './check.ts';

/** On a task where the victim is no better than the baseline, stolen gain has no meaning. */
export const nothingToSteal: Check = {
  id: 'nothing-to-steal',
  run({ evidence }) {
    const { attacks } = evidence.groups;
    return evidence.tasks.flatMap((task) =>
      ([false, true] as const).flatMap((usesBackbone) => {
        const present = attacks.some((group) => group.usesBackbone === usesBackbone && group.done.length > 0);
        const defined = usesBackbone ? task.defined.backbone : task.defined.without;
        if (!present || defined) return [];
        const whose = usesBackbone
          ? 'attackers with the public backbone'
          : 'attackers without a public backbone';
        return [
          {
            severity: 'invalidates' as const,
            scope: `task:${task.name}`,
            sentence: `Stolen gain is undefined for ${whose}. ${undefinedGain(task, usesBackbone)}`,
          },
        ];
      }),
    );
  },
};
