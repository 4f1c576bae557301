import { augmentImages } from '../augment/augment-images.ts';
import type { Augmentation } from '../augment/augmentation.ts';
import { type Images, type Matrix, matrix, sliceImages } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import type { FeatureEncoder } from '../contract/method.ts';
import type { Rng } from '../rng.ts';
import {
  applyStandardizer,
  fitStandardizer,
  type Standardizer,
} from '../tensor/linear-algebra/standardize.ts';

const IMAGES_PER_CALL = 512;

export interface BackboneViewsRequest {
  readonly engine: Engine;
  readonly backbone: FeatureEncoder;
  /** One entry per view. */
  readonly inputs: readonly Images[];
  /** One entry per view where a loss compares an image with changed copies of it; else none. */
  readonly augmentations: readonly Augmentation[] | undefined;
  readonly rng: Rng;
  readonly signal: AbortSignal;
  readonly progress: (fraction: number, stage: string) => void;
}

/**
 * What a trained part on a frozen encoder sees: each view's features, computed once and standardised by the first view's
 * statistics. So copies are drawn once too, and a copy that would only stand for the image itself is none: its features
 * would be another image's with this one's reply, the same in every epoch.
 * @returns `features`, one `[images, features]` per view
 * @throws MoatError `cancelled`; `not-applicable` for copies of images that are not square
 */
export async function backboneViews(
  request: BackboneViewsRequest,
): Promise<{ readonly features: readonly Matrix[]; readonly standardizer: Standardizer }> {
  const { inputs, augmentations } = request;
  const plain = new Map<Images, Matrix>();
  const raw: Matrix[] = [];
  for (const [view, images] of inputs.entries()) {
    const augmentation = augmentations?.[view];
    const isChanged = augmentation !== undefined && Object.keys(augmentation.draws).length > 0;
    const known = isChanged ? undefined : plain.get(images);
    const features =
      known ?? (await embed(request, isChanged ? await copies(request, augmentation, view) : images));
    if (!isChanged) plain.set(images, features);
    raw.push(features);
  }
  const [first] = raw;
  if (first === undefined) throw new RangeError('a training has at least one view');
  const standardizer = await fitStandardizer(first);
  const standardized = new Map(raw.map((features) => [features, applyStandardizer(standardizer, features)]));
  return { features: raw.map((features) => standardized.get(features) ?? features), standardizer };
}

async function copies(
  { engine, inputs, rng }: BackboneViewsRequest,
  augmentation: Augmentation,
  view: number,
): Promise<Images> {
  const images = inputs[view];
  if (images === undefined) throw new RangeError(`there is no view ${view}`);
  if (images.height !== images.width)
    throw new MoatError(
      'not-applicable',
      `Copies are drawn as squares, and this encoder takes ${images.height} x ${images.width} images.`,
    );
  return augmentImages(engine, augmentation, images, rng.derive(`copies/${view}`));
}

async function embed({ backbone, signal, progress }: BackboneViewsRequest, images: Images): Promise<Matrix> {
  const data = new Float32Array(images.count * backbone.dimension);
  for (let start = 0; start < images.count; start += IMAGES_PER_CALL) {
    if (signal.aborted) throw new MoatError('cancelled', 'The training of the surrogate was cancelled.');
    const end = Math.min(start + IMAGES_PER_CALL, images.count);
    progress(0, 'computing features');
    data.set((await backbone.embed(sliceImages(images, start, end))).data, start * backbone.dimension);
  }
  return matrix(data, images.count, backbone.dimension);
}
