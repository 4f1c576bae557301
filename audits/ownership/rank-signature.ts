import { z } from 'zod';
import { obfuscationIds } from '../contract/ownership.ts';
import { numericalRank, singularValues } from '../tensor/linear-algebra/spectrum.ts';
import { defineOwnershipTest } from './define-ownership-test.ts';

/**
 * Spectrum of the centred embeddings as a fingerprint: the shares of variance along principal directions, largest first, of
 * suspect and victim, compared by the Bhattacharyya coefficient `Σ √(p_i q_i)` (1 = the same spectrum). Rank and largest gap are
 * figures beside it. Needs no paired coordinates: padding, permuting, turning, shifting and scaling leave it as it is.
 * Threat model: the suspect answers with a linear image of its embedding. Encoders of one recipe have like spectra, so this tells
 * families apart rather than copies; it is judged against independent encoders like every other test.
 * Source: landscape A11 (after Carlini et al. 2024) and D10; the coefficient is our choice.
 */
export const rankSignature = defineOwnershipTest({
  meta: {
    id: 'rank-signature',
    version: 1,
    title: 'Rank signature',
    summary:
      'Likeness of the spectra of suspect’s and victim’s embeddings, without comparing a single vector.',
    assumes: 'The suspect answers with a linear image of the stolen embedding.',
    proves: 'That two spectra are alike; encoders of one architecture and recipe often are.',
    reference: {
      authors:
        'Carlini, Paleka, Dvijotham, Steinke, Hayase, Cooper, Lee, Jagielski, Nasr, Conmy, Wallace, Rolnick, Tramèr',
      title: 'Stealing Part of a Production Language Model',
      venue: 'ICML',
      year: 2024,
      url: 'https://arxiv.org/abs/2403.06634',
    },
  },
  config: z.object({}),
  runs: [{}],
  invariantTo: () => obfuscationIds,
  notApplicable: (_config, { compared }) =>
    compared.rows > 2 ? undefined : 'A spectrum needs at least three images.',
  async measure({ engine, victim }, suspect) {
    const [own, others] = [
      await singularValues(engine, suspect.compared, { centred: true }),
      await singularValues(engine, victim.compared, { centred: true }),
    ];
    return {
      statistic: spectraLikeness(own, others),
      unit: 'fraction',
      n: suspect.compared.rows,
      figures: {
        rank: numericalRank(own, suspect.compared),
        victimRank: numericalRank(others, victim.compared),
        largestGapAt: largestGap(own, numericalRank(own, suspect.compared)),
        victimLargestGapAt: largestGap(others, numericalRank(others, victim.compared)),
      },
    };
  },
});

/** Bhattacharyya coefficient of the variance shares of two spectra, the shorter one continued by zeros; 0 where nothing varies. */
export function spectraLikeness(first: Float64Array, second: Float64Array): number {
  const [a, b] = [first, second].map((values) => values.reduce((sum, value) => sum + value * value, 0));
  if (a === undefined || b === undefined || a === 0 || b === 0) return 0;
  // √(s²/a · r²/b) = s r / √(a b).
  const products = first.reduce((sum, value, i) => sum + value * (second[i] ?? 0), 0);
  return products / Math.sqrt(a * b);
}

/** `argmax_i (log s_i - log s_{i+1})` among the values that rounding cannot explain, counted from 1; 0 where there are fewer than two. */
function largestGap(values: Float64Array, rank: number): number {
  let at = 0;
  let widest = 0;
  for (let i = 0; i + 1 < rank; i++) {
    const gap = Math.log((values[i] ?? 1) / (values[i + 1] ?? 1));
    if (gap > widest) [widest, at] = [gap, i + 1];
  }
  return at;
}
