import { z } from 'zod';
import { MoatError } from '../contract/errors.ts';
import { fidelityIds, obfuscationIds, type FidelityId, type ObfuscationId } from '../contract/ownership.ts';
import { defineOwnershipTest } from './define-ownership-test.ts';

/**
 * How alike the geometry of suspect and victim is on images of the owner's choice, by the measures surrogates are judged with:
 * linear CKA, Procrustes R², shared neighbors, mutual information. All are blind to rotation, permutation and one scale for all,
 * with which a thief hides a copy from raw distances. Encoders of one recipe on like data resemble each other too, so a value
 * means nothing without those of independent encoders (landscape D10 and A18).
 * Threat model: the suspect can be asked for the owner's images; anything that bends the space lowers the likeness.
 */
/** Cosines of neighbors see an offset; the entropies behind the mutual information see the nominal dimension. */
const invariances: Readonly<Record<FidelityId, readonly ObfuscationId[]>> = {
  cka: obfuscationIds,
  'procrustes-r2': obfuscationIds,
  'neighbor-overlap-10': ['rotated', 'permuted', 'padded', 'scaled'],
  'mi-score': ['rotated', 'permuted', 'scaled', 'shifted'],
};

export const similarityFingerprint = defineOwnershipTest({
  meta: {
    id: 'similarity-fingerprint',
    version: 1,
    title: 'Similarity fingerprint',
    summary: 'Likeness of suspect’s and victim’s embeddings of the same images, whatever their coordinates.',
    assumes:
      'Independent encoders like those of the null distribution are as alike as an honest suspect may be.',
    proves:
      'That the suspect is more like the victim than independent encoders are; not which was there first.',
    reference: {
      authors: 'Klabunde, Schumacher, Strohmaier, Lemmerich',
      title: 'Similarity of Neural Network Models: A Survey of Functional and Representational Measures',
      venue: 'ACM Computing Surveys',
      year: 2025,
      url: 'https://arxiv.org/abs/2305.06329',
    },
  },
  config: z.object({
    measure: z.enum(fidelityIds).default('cka').describe('which likeness, as in docs/metrics.md'),
  }),
  runs: fidelityIds.map((measure) => ({ measure })),
  invariantTo: ({ measure }) => invariances[measure],
  async measure(context, suspect, { measure }) {
    const value = await context.fidelity(measure, context.victim.compared, suspect.compared);
    if (value === undefined)
      throw new MoatError(
        'not-applicable',
        `${measure} has no meaning for ${suspect.name} beside the victim.`,
      );
    return { statistic: value, unit: 'fraction', n: suspect.compared.rows, figures: {} };
  },
});
