import { z } from 'zod';
import { openAugmentation } from '../augment/registry.ts';
import { type Images, type Matrix, matrix, matrixRow, selectImages } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext } from '../contract/method.ts';
import { findLoss } from '../losses/registry.ts';
import { rdaLoss } from '../losses/rda.ts';
import { fitSurrogate, type FitRequest } from '../surrogates/fit.ts';
import { affordableImages, type Answered, collectReplies } from './collect-replies.ts';
import { defineAttack } from './define-attack.ts';
import { drawViews, interleaveSets } from './queried-views.ts';

/**
 * RDA: refine, discriminate, align (Wu et al., ECCV 2024, sections 3.2 and 3.3). Each image is sent as a few augmented
 * patches, once; the mean of their normalised replies is the image's prototype, from which noise that differs from patch to
 * patch has gone by the root of their number. A fresh encoder is trained on the prototypes alone.
 *
 * Threat model: black box, unlabelled images; knows nothing of the victim, and pays for every patch.
 *
 * - `prototypes`: squared error to the prototypes, which shows what the refining is worth by itself;
 * - `full`: discriminate and align, over several augmented views of the surrogate.
 */
const config = z.object({
  loss: z.enum(['prototypes', 'full']).default('full'),
  /** Queries per image, m of the paper. */
  patches: z.int().min(1).max(64).default(10),
  /** Share of an image's area in a patch that is sent: that of the code. */
  area: z.number().min(0.05).max(1).default(0.9),
  /** Views of the surrogate per image and step, v of the paper. `full` only, as the rest. */
  views: z.int().min(1).max(16).default(5),
  temperature: z.number().positive().max(100).default(0.07),
  /** Weight of discriminating. */
  alpha: z.number().min(0).max(1000).default(1),
  /** Weight of aligning. */
  beta: z.number().min(0).max(1000).default(1),
});

/** Share of an image's area in the surrogate's views: that of the code. */
const VIEW_AREA = 0.75;

/** The rest of both augmentations: that of the code, but for its solarizing of every tenth patch. */
const augmentation = {
  aspectRatio: [1, 1],
  brightness: 0.4,
  contrast: 0.4,
  saturation: 0.4,
  hue: 0.2,
  blur: 0.1,
} as const;

/** Share of the attack's time, for progress only. */
const PATCH_SHARE = 0.1;
const QUERY_SHARE = 0.15;

export const rda = defineAttack({
  meta: {
    id: 'rda',
    version: 1,
    title: 'Refine, discriminate, align',
    summary: 'Averages the replies to patches of an image, then discriminates and aligns.',
    reference: {
      authors: 'S. Wu, C. Ma, K. Wei, X. Xu, M. Ding, Y. Qian, T. Xiang',
      title:
        'Refine, Discriminate and Align: Stealing Encoders via Sample-Wise Prototypes and Multi-Relational Extraction',
      venue: 'ECCV',
      year: 2024,
      url: 'https://arxiv.org/abs/2312.00855',
    },
    knowledge: 'Unlabelled images and the replies to augmented patches of them.',
    requires: [],
    training: 'network',
  },
  config,
  trainedImages: ({ loss, patches, views }, { budget, surrogate }) =>
    Math.floor(budget / patches) * (loss === 'full' ? views : 1) * surrogate.epochs,
  madeImages: ({ patches }, { budget }) => Math.floor(budget / patches) * patches,
  async run(context, settings) {
    const { images, prototypes, patches } = await refine(context, settings);
    const { surrogate, diagnostics } = await fitSurrogate({
      engine: context.engine,
      settings: context.surrogate,
      dimension: context.oracle.dimension,
      ...training(settings, images, prototypes),
      lossOptions: {},
      rng: context.rng.derive('surrogate'),
      checkpoint: context.checkpoint,
      signal: context.signal,
      progress: (fraction, stage) => context.progress(QUERY_SHARE + (1 - QUERY_SHARE) * fraction, stage),
      log: (message) => context.log(message),
    });
    return { surrogate, diagnostics: { ...diagnostics, images: images.count, answeredPatches: patches } };
  },
});

/** Sends patches of as many images as they can be paid for. Images of which no patch was answered are left out. */
async function refine(
  context: AttackContext,
  { patches, area }: z.infer<typeof config>,
): Promise<{ readonly images: Images; readonly prototypes: Matrix; readonly patches: number }> {
  const images = affordableImages(context, patches);
  const names = Array.from({ length: patches }, (_, patch) => String(patch));
  const crops = openAugmentation('simclr', { ...augmentation, areaShare: [area, area] });
  // All patches of an image one after another, so that they mostly go to one account.
  const sent = interleaveSets(
    await drawViews(context, images, crops, names, (fraction) =>
      context.progress(fraction * PATCH_SHARE, 'drawing patches'),
    ),
  );
  const answered = await collectReplies(context, sent, (fraction) =>
    context.progress(PATCH_SHARE + fraction * (QUERY_SHARE - PATCH_SHARE), 'querying'),
  );
  const { rows, prototypes } = averagePatches(answered, patches);
  if (rows.length < 2)
    throw new MoatError('not-applicable', 'Fewer than two images had a patch answered; two are needed.');
  return {
    images: rows.length === images.count ? images : selectImages(images, rows),
    prototypes,
    patches: answered.indices.length,
  };
}

/**
 * The mean of each image's normalised replies. Patch `p` of image `i` was sent in row `i * patches + p`.
 * @returns the images with a reply, ascending, and their prototypes `[rows.length, dimension]`, at most of length 1
 */
export function averagePatches(
  { indices, replies }: Answered,
  patches: number,
): { readonly rows: readonly number[]; readonly prototypes: Matrix } {
  const { columns } = replies;
  const sums = new Map<number, { readonly total: Float64Array; count: number }>();
  for (const [row, index] of indices.entries()) {
    const image = Math.floor(index / patches);
    const sum = sums.get(image) ?? { total: new Float64Array(columns), count: 0 };
    const reply = matrixRow(replies, row);
    // A reply of zeros has no direction and counts as none.
    const length = Math.hypot(...reply) || 1;
    for (const [at, value] of reply.entries()) sum.total[at] = (sum.total[at] ?? 0) + value / length;
    sum.count += 1;
    sums.set(image, sum);
  }
  const data = new Float32Array(sums.size * columns);
  for (const [at, { total, count }] of [...sums.values()].entries())
    data.set(
      total.map((value) => value / count),
      at * columns,
    );
  return { rows: [...sums.keys()], prototypes: matrix(data, sums.size, columns) };
}

function training(
  { loss, views, temperature, alpha, beta }: z.infer<typeof config>,
  images: Images,
  prototypes: Matrix,
): Pick<FitRequest, 'inputs' | 'targets' | 'loss' | 'augmentation'> {
  if (loss === 'prototypes')
    return { inputs: [images], targets: [prototypes], loss: findLoss('mse'), augmentation: 'flip-shift' };
  const crops = openAugmentation('simclr', { ...augmentation, areaShare: [VIEW_AREA, VIEW_AREA] });
  const each = Array.from({ length: views }, (_, view) => view);
  return {
    inputs: each.map(() => images),
    targets: each.map(() => prototypes),
    loss: rdaLoss({ views, temperature, alpha, beta }),
    augmentation: each.map(() => crops),
  };
}
