import { z } from 'zod';
import {
  obfuscationIds,
  type DisturbedEmbeddings,
  type EncoderObservations,
  type ObfuscationId,
  type OwnershipContext,
  type OwnershipReading,
  type SampleFigures,
  type SideObservations,
} from '../contract/ownership.ts';
import { hedgesG } from '../statistics/effect-size.ts';
import { summarize } from '../statistics/students-t.ts';
import { batchLosses } from './contrastive-loss.ts';
import { defineOwnershipTest } from './define-ownership-test.ts';
import { heldOutLikelihoods } from './held-out-likelihood.ts';
import { distancesToOriginals } from './row-distances.ts';

/**
 * Dataset inference: does the suspect treat the images the victim was trained on differently from others of their kind?
 * `gmm` compares likelihoods under a mixture (paper-spec 6.16), `augmentation-difference` how far embeddings move under small
 * noise (4.5, Table 19), `loss` the contrastive loss (4.5). The last two are the root paper's, which found that they do not
 * tell self-supervised encoders; they are run to show it.
 * The statistic is the difference in pooled deviations (Hedges' g), which does not grow with the number of images as t does: any
 * shift between two sets of images is significant at some n (landscape section 7, pitfall 16).
 * Threat model: the thief trained on the victim's replies; private and public images come from one distribution. Turning,
 * padding and scaling do not help the thief; an encoder honestly trained on the private images is accused too.
 */

const variants = ['gmm', 'augmentation-difference', 'loss'] as const;

const config = z.object({
  variant: z.enum(variants).default('gmm').describe('what is compared between private and public images'),
  components: z.int().min(1).max(1000).default(10).describe('gmm: Gaussians of the mixture'),
  covariance: z.enum(['diagonal', 'full']).default('diagonal').describe('gmm: shape of each Gaussian'),
  axes: z
    .int()
    .min(0)
    .default(64)
    .describe(
      'gmm: principal axes of the fitted half that the mixture lives on; 0 = the coordinates as they are',
    ),
  batch: z.int().min(2).default(32).describe('loss: images per batch'),
  temperature: z.number().positive().default(0.07).describe('loss: temperature of InfoNCE'),
});
type Config = z.infer<typeof config>;

/** Fewer images per Gaussian give one that describes its own rows and no others. */
const FEWEST_PER_COMPONENT = 10;

interface Variant {
  readonly invariantTo: (config: Config) => readonly ObfuscationId[];
  /** A sentence where it cannot be made of what was observed. */
  readonly lacks: (sides: Sides, config: Config) => string | undefined;
  readonly measure: (context: OwnershipContext, sides: Sides, config: Config) => Promise<OwnershipReading>;
}

interface Sides {
  readonly private: SideObservations;
  readonly public: SideObservations;
}

const variantTable: Readonly<Record<Config['variant'], Variant>> = {
  gmm: {
    // Vectors are scaled to length 1. In given coordinates only a whole covariance does not depend on them.
    invariantTo: ({ axes, covariance }) =>
      axes > 0 || covariance === 'full'
        ? ['rotated', 'permuted', 'padded', 'scaled']
        : ['permuted', 'padded', 'scaled'],
    lacks: (sides, { components }) =>
      sides.private.embeddings.rows < 2 * FEWEST_PER_COMPONENT * components ||
      sides.public.embeddings.rows < 2
        ? `A mixture of ${components} Gaussians on half of the private images needs ${2 * FEWEST_PER_COMPONENT * components} of them, and two public ones.`
        : undefined,
    async measure({ engine, rng }, sides, { components, covariance, axes }) {
      const found = await heldOutLikelihoods(
        engine,
        sides.private.embeddings,
        sides.public.embeddings,
        rng.derive('dataset-inference'),
        { components, covariance, axes },
      );
      return compared(
        { values: found.private, name: 'log-density per private image held out' },
        { values: found.public, name: 'log-density per public image' },
        { fittedRows: found.fittedRows, axes: found.axes },
      );
    },
  },
  'augmentation-difference': {
    invariantTo: () => obfuscationIds,
    lacks: (sides) =>
      noisyPair(sides) === undefined ? 'It needs noisy copies of private and of public images.' : undefined,
    async measure(_context, sides) {
      const [own, strangers] = sidesWithNoise(sides);
      // The paper's test: theft where public images move farther.
      return compared(
        {
          values: distancesToOriginals(sides.public.embeddings, strangers),
          name: 'distance to a noisy copy, public',
        },
        {
          values: distancesToOriginals(sides.private.embeddings, own),
          name: 'distance to a noisy copy, private',
        },
        { images: own.images, copies: own.perImage },
      );
    },
  },
  loss: {
    invariantTo: () => ['rotated', 'permuted', 'padded', 'scaled'],
    lacks: (sides, { batch }) => {
      const pair = noisyPair(sides);
      const enough = pair?.every(({ images, perImage }) => images >= 2 * batch && perImage >= 2) ?? false;
      return enough
        ? undefined
        : `It needs two noisy copies each of ${2 * batch} private and ${2 * batch} public images.`;
    },
    async measure(context, sides, settings) {
      const [own, strangers] = sidesWithNoise(sides);
      const losses = async (side: DisturbedEmbeddings): Promise<Float64Array> => {
        const embeddings = (await context.head?.(side.embeddings)) ?? side.embeddings;
        return batchLosses(context.engine, { ...side, embeddings }, settings);
      };
      return compared(
        { values: await losses(strangers), name: 'loss per batch, public' },
        { values: await losses(own), name: 'loss per batch, private' },
        { throughHead: context.head === undefined ? 0 : 1 },
      );
    },
  },
};

export const datasetInference = defineOwnershipTest({
  meta: {
    id: 'dataset-inference',
    version: 1,
    title: 'Dataset inference',
    summary: 'Whether a suspect treats the victim’s private training images differently from public ones.',
    assumes:
      'Private and public images come from one distribution, and no honest suspect was trained on the private ones.',
    proves: 'That the suspect has seen the private images, directly or through the victim.',
    reference: {
      authors: 'Dziedzic, Duan, Kaleem, Dhawan, Guan, Cattan, Boenisch, Papernot',
      title: 'Dataset Inference for Self-Supervised Models',
      venue: 'NeurIPS',
      year: 2022,
      url: 'https://arxiv.org/abs/2209.09024',
    },
  },
  config,
  runs: variants.map((variant) => ({ variant })),
  disturbances: ({ variant }) => (variant === 'gmm' ? [] : ['noisy']),
  invariantTo: (settings) => variantTable[settings.variant].invariantTo(settings),
  notApplicable(settings, _victim, suspect) {
    const sides = sidesOf(suspect);
    if (sides === undefined) return 'It needs private and public images (--private, --public).';
    return sawImages(suspect) ?? variantTable[settings.variant].lacks(sides, settings);
  },
  async measure(context, suspect, settings) {
    const sides = sidesOf(suspect);
    if (sides === undefined) throw new RangeError('no private or public images');
    return variantTable[settings.variant].measure(context, sides, settings);
  },
});

/** An encoder known to have seen them says nothing about those that have not. */
function sawImages({ name, trainedOn }: EncoderObservations): string | undefined {
  if (trainedOn === undefined || trainedOn.private + trainedOn.public === 0) return undefined;
  const sides = (['private', 'public'] as const).filter((side) => trainedOn[side] > 0);
  return `${name} was trained on ${sides.map((side) => `${trainedOn[side]} of the ${side} images`).join(' and ')}.`;
}

interface Named {
  readonly values: Float64Array;
  readonly name: string;
}

/**
 * Values that differ by less than this share of their size are products of float32 rounding, as of an encoder that answers the
 * same to everything: divided by their deviation they would look like an effect.
 */
const ROUNDING_SHARE = 1e-6;

/** The reading of a comparison in which a larger first sample speaks for theft. */
function compared(
  larger: Named,
  smaller: Named,
  figures: Readonly<Record<string, number>>,
): OwnershipReading {
  const both = summarize([...larger.values, ...smaller.values]);
  const isRounding = Math.sqrt(both.variance) <= ROUNDING_SHARE * Math.abs(both.mean);
  const sample = ({ values }: Named): SampleFigures =>
    isRounding ? { count: values.length, mean: both.mean, variance: 0 } : summarize(values);
  const [first, second] = [sample(larger), sample(smaller)];
  return {
    statistic: hedgesG(first, second),
    unit: 'none',
    n: first.count + second.count,
    figures: { difference: first.mean - second.mean, ...figures },
    withinModel: { first, second, alternative: 'greater', samples: [larger.name, smaller.name] },
  };
}

function sidesOf({ private: own, public: strangers }: EncoderObservations): Sides | undefined {
  return own === undefined || strangers === undefined ? undefined : { private: own, public: strangers };
}

function noisyPair(sides: Sides): readonly [DisturbedEmbeddings, DisturbedEmbeddings] | undefined {
  const [own, strangers] = [sides.private.noisy, sides.public.noisy];
  return own === undefined || strangers === undefined ? undefined : [own, strangers];
}

function sidesWithNoise(sides: Sides): readonly [DisturbedEmbeddings, DisturbedEmbeddings] {
  const pair = noisyPair(sides);
  if (pair === undefined) throw new RangeError('no noisy copies');
  return pair;
}
