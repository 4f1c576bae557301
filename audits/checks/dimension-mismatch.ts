import { count } from '../score/sentences.ts';
import type { Check } from './check.ts';

/** Replies of another width than the victim's: raw distances mean nothing, and indexes built before must be built again. */

const BYTES_PER_VALUE = 4;

export const dimensionMismatch: Check = {
  id: 'dimension-mismatch',
  run({ evidence, verdicts }) {
    const { dimension } = evidence.preparation.preflight;
    return verdicts.flatMap(({ defense, overhead }) => {
      const width = overhead.bytes === null ? dimension : overhead.bytes / BYTES_PER_VALUE;
      if (width === dimension) return [];
      return [
        {
          severity: 'note' as const,
          scope: `defense:${defense}`,
          sentence: `${defense} answers with ${count(width)} values where the encoder has ${count(dimension)}: customers must build their indexes anew, and copies made through it are not compared with the encoder value by value.`,
        },
      ];
    });
  },
};
