import { z } from 'zod';
import { matrix } from '../contract/data.ts';
import type { ProviderStatistics } from '../contract/method.ts';
import type { Rng } from '../rng.ts';
import { defineDefense } from './define-defense.ts';

/**
 * Gaussian noise on every reply: `y = e + N(mean, sigma^2)` per coordinate (Dziedzic et al. 2022, A.2 and A.4).
 *
 * Threat model: the service perturbs, the attacker knows that it does, not the draws.
 * - `fresh`: new noise for every row sent, repeats included (the paper's setting);
 * - `keyed`: a function of (account, input), as a service that caches its replies would give;
 * - `static`: one vector per account, added to every reply: a mere offset.
 *
 * The paper's code switches the whole defense off at `sigma = 0`; here the mean remains (unless `asCoded`), since a
 * pure offset is the case an audit must show to be worth nothing.
 */
const config = z.object({
  /** Standard deviation of the noise, in the unit of `scale`. */
  sigma: z.number().min(0).max(1000).default(0.5),
  /** Offset of every coordinate, in the unit of `scale` (the paper's mu, there 0 or 10 absolute). */
  mean: z.number().min(-10_000).max(10_000).default(0),
  /** `relative`: in standard deviations of each dimension over the provider's data; `absolute`: embedding units. */
  scale: z.enum(['relative', 'absolute']).default('relative'),
  mode: z.enum(['fresh', 'keyed', 'static']).default('fresh'),
  /** `true`: `sigma = 0` switches the mean off too, as the paper's code does; its first rows of Tables 10 and 11 are that. */
  asCoded: z.boolean().optional(),
});

type Config = z.infer<typeof config>;

/** The mandatory-cells table of the design, one row per mode: averaging for what varies, recovery for what does not. */
const mustFaceByMode: Readonly<Record<Config['mode'], readonly string[]>> = {
  fresh: ['direct-extraction', 'repeat-averaging', 'inverse-fit'],
  keyed: ['direct-extraction', 'repeat-averaging', 'view-averaging', 'sybil-remap', 'inverse-fit'],
  static: ['direct-extraction', 'affine-removal', 'sybil-remap'],
};

export const gaussianNoise = defineDefense({
  meta: {
    id: 'gaussian-noise',
    version: 1,
    title: 'Gaussian noise',
    summary: 'Adds Gaussian noise to every coordinate of every reply.',
    reference: {
      authors: 'A. Dziedzic, N. Dhawan, M. A. Kaleem, J. Guan, N. Papernot',
      title: 'On the Difficulty of Defending Self-Supervised Learning against Model Extraction',
      venue: 'ICML',
      year: 2022,
      url: 'https://arxiv.org/abs/2205.07890',
    },
    mechanism: 'A thief trains on blurred targets, while an honest classifier tolerates the blur.',
    mustFace: mustFaceByMode.fresh,
    stateful: true,
  },
  config,
  mustFace(settings) {
    const required = mustFaceByMode[settings.mode];
    // Any head with a bias absorbs an offset, so no claim may rest on one before the mean was subtracted.
    return settings.mean === 0 || required.includes('affine-removal')
      ? required
      : [...required, 'affine-removal'];
  },
  openSession({ config: settings, provider, account, rng }) {
    const { offset, deviation } = noiseScale(settings, provider);
    const accountRng = rng.derive(`account/${account}`);
    const source = noiseSource(settings.mode, accountRng);
    return {
      reply(embeddings, inputs) {
        const { rows, columns } = embeddings;
        const data = new Float32Array(rows * columns);
        for (let row = 0; row < rows; row++) {
          const draws = source(inputs[row] ?? '');
          for (let column = 0; column < columns; column++) {
            const at = row * columns + column;
            data[at] =
              (embeddings.data[at] ?? 0) + (offset[column] ?? 0) + (deviation[column] ?? 0) * draws.normal();
          }
        }
        return matrix(data, rows, columns);
      },
    };
  },
});

/** Where the draws of a row come from. The `fresh` stream moves on row by row, so a batch equals its rows. */
function noiseSource(mode: Config['mode'], accountRng: Rng): (input: string) => Rng {
  if (mode === 'static') return () => accountRng.derive('static');
  if (mode === 'keyed') return (input) => accountRng.derive(`input/${input}`);
  const stream = accountRng.derive('fresh');
  return () => stream;
}

/** Offset and standard deviation per dimension, in embedding units, `[dimension]` each. */
function noiseScale(
  settings: Config,
  provider: ProviderStatistics,
): { readonly offset: Float64Array; readonly deviation: Float64Array } {
  const unit = (dimension: number): number =>
    settings.scale === 'absolute' ? 1 : (provider.standardDeviation[dimension] ?? 0);
  const length = provider.embeddings.columns;
  const mean = settings.asCoded === true && settings.sigma === 0 ? 0 : settings.mean;
  return {
    offset: Float64Array.from({ length }, (_, i) => mean * unit(i)),
    deviation: Float64Array.from({ length }, (_, i) => settings.sigma * unit(i)),
  };
}
