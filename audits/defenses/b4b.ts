import { z } from 'zod';
import { matrixRow, selectRows } from '../contract/data.ts';
import type { ProviderStatistics } from '../contract/method.ts';
import type { Rng } from '../rng.ts';
import { type CoverageNoise, coverageOf, openCoverageSession } from './coverage-noise.ts';
import { defineDefense } from './define-defense.ts';

/**
 * Noise that grows with the part of the embedding space an account has been in (Dubiński et al. 2023, sections 3.1 and 3.2;
 * landscape D2). Random hyperplanes cut the space into `2^bits` buckets; an account that has visited `c` percent of them gets
 * `e + N(0, sigma(c)^2)`, `sigma(c) = lambda (exp(ln(alpha / lambda) c / beta) - 1)`, so about `alpha` at `c = beta`.
 *
 * Threat model: honest users stay within their task's part of the space, thieves roam. State belongs to the account: who has
 * several begins anew on each. The noise is fresh for every reply, deterministic in (key, account, order); the published code
 * seeds it by batch, so that its evaluation never meets an attacker who averages.
 *
 * As published: `b4b:calibrate=false:centering=false:scale=absolute`. There hyperplanes pass through the origin, far from
 * which embeddings behind a ReLU occupy a few buckets only, and `alpha` is in embedding units.
 */
const config = z
  .object({
    /** Hyperplanes; there are 2^bits buckets. */
    bits: z.int().min(1).max(20).default(12),
    /** Noise at coverage `beta`, in the unit of `scale`. */
    alpha: z.number().positive().max(1000).default(0.8),
    /** Coverage at which the noise is `alpha`, in percent. For `calibrate=false`. */
    beta: z.number().positive().max(1000).default(80),
    /** Curvature: the smaller, the later and steeper the noise sets in; in the unit of `scale`. */
    lambda: z.number().positive().max(1).default(1e-6),
    /** Hyperplanes through the provider's mean embedding instead of the origin. */
    centering: z.boolean().default(true),
    /** `relative`: in standard deviations of each dimension over the provider's data; `absolute`: embedding units. */
    scale: z.enum(['relative', 'absolute']).default('relative'),
    /** Chooses `beta` from the provider's data instead. */
    calibrate: z.boolean().default(true),
  })
  .refine(({ alpha, lambda }) => lambda < alpha, { path: ['lambda'], error: 'must be below alpha' })
  .refine(({ beta, calibrate }) => !calibrate || beta === 80, {
    path: ['beta'],
    error: 'is chosen from the provider’s data unless calibrate=false',
  });

type Config = z.infer<typeof config>;

/** Noise, in standard deviations of an embedding, which an honest user does not notice: where the onset lies. */
const ONSET = 0.01;
/** An honest user's data for the calibration: this share of the provider's, all in one place. One class of ten. */
const HONEST_SHARE = 0.1;
/** Places at which such a user is put; the widest of them counts. */
const HONEST_USERS = 20;
/**
 * Where the onset lies between the coverage of such a user (0) and of the whole sample (1). Coverage grows with the rows asked
 * for, and an honest user may ask for as many as the sample has: on two CIFAR-10 encoders a middle (0.5) gave users with 1 000
 * rows of one class noise of 0.8 and 3.8 standard deviations.
 */
const ONSET_PLACE = 0.9;
/** Beyond this nothing of a reply is left, and the exponential would soon leave float32. */
const LARGEST_SIGMA = 1e6;

export const b4b = defineDefense({
  meta: {
    id: 'b4b',
    version: 1,
    title: 'B4B coverage noise',
    summary: 'Adds noise that grows exponentially with the buckets of the space an account has visited.',
    reference: {
      authors: 'J. Dubiński, S. Pawlak, F. Boenisch, T. Trzciński, A. Dziedzic',
      title: 'Bucks for Buckets (B4B): Active Defenses Against Stealing Encoders',
      venue: 'NeurIPS',
      year: 2023,
      url: 'https://arxiv.org/abs/2310.08571',
    },
    mechanism: 'A thief has to roam the whole embedding space, which an honest user’s task does not need.',
    mustFace: [
      'direct-extraction',
      'repeat-averaging',
      'view-averaging',
      'sybil-remap',
      'defense-aware-schedule',
    ],
    stateful: true,
  },
  config,
  openSession({ config: settings, provider, account, rng }) {
    const buckets = signBuckets(settings, provider, rng.derive('hyperplanes'));
    const beta = settings.calibrate ? calibratedBeta(settings, provider, buckets, rng) : settings.beta;
    return openCoverageSession(
      {
        ...buckets,
        sigma: (coverage) => coverageSigma(100 * coverage, { ...settings, beta }),
        unit: unitOf(settings, provider),
      },
      account,
      rng,
    );
  },
});

/** `lambda (exp(ln(alpha / lambda) c / beta) - 1)` for a coverage `c` in percent, bounded where nothing is left to hide. */
export function coverageSigma(
  percent: number,
  { alpha, beta, lambda }: Pick<Config, 'alpha' | 'beta' | 'lambda'>,
): number {
  return Math.min(LARGEST_SIGMA, lambda * Math.expm1((Math.log(alpha / lambda) * percent) / beta));
}

/** Buckets by the sides of random hyperplanes, the same for all accounts of a service. */
export function signBuckets(
  { bits, centering }: Pick<Config, 'bits' | 'centering'>,
  { embeddings: { columns }, mean }: ProviderStatistics,
  rng: Rng,
): Pick<CoverageNoise, 'cells' | 'cellOf'> {
  const planes = Array.from({ length: bits }, () => {
    const normal = Float64Array.from({ length: columns }, () => rng.normal());
    return { normal, threshold: centering ? inner(normal, mean) : 0 };
  });
  return {
    cells: 2 ** bits,
    cellOf: (embedding) =>
      planes.reduce(
        (bucket, { normal, threshold }) => 2 * bucket + (inner(normal, embedding) >= threshold ? 1 : 0),
        0,
      ),
  };
}

/**
 * The `beta` with which the noise of a user who holds a tenth of the provider's data, all from one place, stays below the
 * onset, while that of somebody who asks for all of it lies above.
 */
export function calibratedBeta(
  settings: Config,
  provider: ProviderStatistics,
  buckets: Pick<CoverageNoise, 'cells' | 'cellOf'>,
  rng: Rng,
): number {
  const { embeddings } = provider;
  const anchors = rng.derive('honest users').permutation(embeddings.rows).slice(0, HONEST_USERS);
  const honest = Array.from(anchors, (anchor) =>
    coverageOf(buckets, selectRows(embeddings, nearestRows(provider, anchor))),
  );
  const narrow = Math.max(...honest);
  const onset = 100 * (narrow + ONSET_PLACE * (coverageOf(buckets, embeddings) - narrow));
  const spread = settings.scale === 'absolute' ? rootMeanSquare(provider.standardDeviation) : 1;
  const { alpha, lambda } = settings;
  return (onset * Math.log(alpha / lambda)) / Math.log1p((ONSET * spread) / lambda);
}

/** Rows of the provider's data nearest to one of them, `HONEST_SHARE` of all. */
function nearestRows({ embeddings }: ProviderStatistics, anchor: number): readonly number[] {
  const center = matrixRow(embeddings, anchor);
  const distances = Array.from({ length: embeddings.rows }, (_, row) => {
    let sum = 0;
    const values = matrixRow(embeddings, row);
    for (let i = 0; i < values.length; i++) sum += ((values[i] ?? 0) - (center[i] ?? 0)) ** 2;
    return sum;
  });
  return Array.from(distances.keys())
    .sort((a, b) => (distances[a] ?? 0) - (distances[b] ?? 0) || a - b)
    .slice(0, Math.max(1, Math.round(HONEST_SHARE * embeddings.rows)));
}

function unitOf({ scale }: Config, { standardDeviation }: ProviderStatistics): ArrayLike<number> {
  return scale === 'relative' ? standardDeviation : standardDeviation.map(() => 1);
}

function inner(weights: Float64Array, values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (weights[i] ?? 0) * (values[i] ?? 0);
  return sum;
}

function rootMeanSquare(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}
