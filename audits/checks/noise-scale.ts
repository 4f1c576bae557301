import type { MethodSpec } from '../contract/method.ts';
import type { Check } from './check.ts';

/**
 * Noise far from the scale of the embeddings: settings copied between encoders of different norms mean nothing
 * (landscape section 7, pitfall 3). Relative noise is read off its setting; absolute noise off what it did to the
 * neighbors of honest users.
 */

/** In standard deviations of a dimension: above, a reply is mostly noise; below, no attack notices. */
const FAR_ABOVE = 5;
const FAR_BELOW = 0.01;
const RECALL_OF_MOSTLY_NOISE = 0.05;
const RECALL_OF_NO_CHANGE = 0.999;

export const noiseScale: Check = {
  id: 'noise-scale',
  run({ evidence }) {
    return evidence.groups.defenses.flatMap(({ label, chain }) => {
      const noise = chain.find(({ id }) => id === 'gaussian-noise');
      if (noise === undefined) return [];
      const recalls = evidence.honest.flatMap(({ group, recall }) =>
        group.defense === label && recall !== undefined ? [recall.value] : [],
      );
      const far = distance(noise, recalls);
      if (far === undefined) return [];
      return [
        {
          severity: 'weakens' as const,
          scope: `defense:${label}`,
          sentence: `The noise of ${label} is far ${far} the scale of the embeddings: its results say little about noise at a sensible scale.`,
        },
      ];
    });
  },
};

function distance(noise: MethodSpec, recalls: readonly number[]): 'above' | 'below' | undefined {
  const { sigma, scale } = noise.config as { readonly sigma?: unknown; readonly scale?: unknown };
  if (scale !== 'absolute' && typeof sigma === 'number') {
    if (sigma > FAR_ABOVE) return 'above';
    return sigma < FAR_BELOW ? 'below' : undefined;
  }
  if (recalls.length === 0) return undefined;
  if (Math.max(...recalls) < RECALL_OF_MOSTLY_NOISE) return 'above';
  return Math.min(...recalls) > RECALL_OF_NO_CHANGE ? 'below' : undefined;
}
