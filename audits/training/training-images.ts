import { sliceImages, type Images, type LabelledImages } from '../contract/data.ts';
import type { ImageGeometry } from '../contract/encoder.ts';
import { MoatError } from '../contract/errors.ts';
import type { Dataset } from '../datasets/dataset.ts';
import { readItems, type ReadOptions } from '../datasets/read.ts';
import { poolOrder, type ItemRef } from '../datasets/split.ts';
import { resolvePreprocessing } from '../encoder/preprocessing.ts';
import type { Rng } from '../rng.ts';
import type { LookImages } from './neighbor-look.ts';

/** Pixels of all images are held in memory: 700 000 images of 32 x 32, 14 000 of 224 x 224. */
const MOST_BYTES = 2 ** 31;
/** Held-out images that are voted on: the accuracy's 95 % interval is then within 3 points. */
const SCORED = 1000;
/** Without a test part: the share held out. */
const HELD_OUT_SHARE = 0.1;
/** Training images that vote. */
const VOTING = 2000;

export interface TrainingImages {
  readonly images: Images;
  /** Class of each image; absent for images without classes. */
  readonly labels?: Int32Array;
  readonly classes: readonly string[];
  readonly look: LookImages;
  /** Images held out for the look. */
  readonly heldOut: number;
  /** Plain sentences: what was left out and why. */
  readonly notes: readonly string[];
}

/** Images at this side as an audit will prepare them for the finished encoder, when nobody says otherwise. */
export function trainingGeometry(inputSize: number): ImageGeometry {
  const port = { name: 'image', elementType: 'float32', shape: ['batch', inputSize, inputSize, 3] } as const;
  const facts = {
    port,
    layout: 'nhwc',
    layoutCertain: true,
    height: inputSize,
    width: inputSize,
    arithmetic: undefined,
  } as const;
  return resolvePreprocessing(facts, {}, undefined).preprocessing;
}

/**
 * Reads the images to train on, in a seeded order: the data's training part, else all but a held-out tenth where there are
 * classes. Images of the test part, or of the tenth, are only looked at.
 * @param options.needsClasses leaves images without a class out; default: false
 * @param options.most images to train on at most; default: all that fit the memory set aside for them
 * @throws MoatError `dataset-too-small` for fewer than two images, `dataset-unreadable`, `cancelled`
 */
export async function readTrainingImages(
  dataset: Dataset,
  options: {
    readonly inputSize: number;
    readonly rng: Rng;
    readonly most?: number | undefined;
    readonly needsClasses?: boolean;
  } & ReadOptions,
): Promise<TrainingImages> {
  const { inputSize, rng } = options;
  const geometry = trainingGeometry(inputSize);
  const notes: string[] = [...dataset.notes];
  const listed = poolOrder(dataset, rng.derive('images'));
  const labelled = listed.filter(({ label }) => label !== null);
  const all = options.needsClasses === true ? labelled : listed;
  // Images of a data set with classes may have none (STL-10's unlabeled part): then they are only trained on.
  const isLabelled = dataset.classes.length > 0 && labelled.length === all.length;
  const { held, rest } = isLabelled ? holdOut(dataset, all, rng) : { held: [], rest: all };
  const room = Math.floor(MOST_BYTES / (3 * inputSize * inputSize));
  const chosen = rest.slice(0, Math.min(options.most ?? room, room));
  if (chosen.length < 2)
    throw new MoatError(
      'dataset-too-small',
      `A training needs at least two images; ${dataset.name} has ${chosen.length}.`,
    );
  if (chosen.length < rest.length && options.most === undefined)
    notes.push(
      `${rest.length - chosen.length} of ${rest.length} images are left out: more do not fit the 2 GB set aside for pixels of ${inputSize} x ${inputSize}.`,
    );
  const read = async (refs: readonly ItemRef[]): Promise<LabelledImages> => {
    const { images, kept, corrupt } = await readItems(dataset, refs, geometry, options);
    const [first] = corrupt;
    if (first !== undefined)
      notes.push(
        `${corrupt.length} of ${refs.length} images could not be read and are left out: ${first.id} ${first.reason}${corrupt.length > 1 ? ', and others' : ''}.`,
      );
    const labels = Int32Array.from(kept, (at) => refs[at]?.label ?? 0);
    return { images, labels, classes: dataset.classes };
  };
  const training = await read(chosen);
  const voting = Math.min(VOTING, training.images.count);
  const fit: LabelledImages = {
    ...training,
    images: sliceImages(training.images, 0, voting),
    labels: training.labels.subarray(0, voting),
  };
  const look: LookImages =
    held.length === 0
      ? { kind: 'unlabelled', images: sliceImages(training.images, 0, Math.min(SCORED, voting)) }
      : { kind: 'labelled', fit, score: await read(held) };
  return {
    images: training.images,
    ...(isLabelled ? { labels: training.labels } : {}),
    classes: dataset.classes,
    look,
    heldOut: look.kind === 'labelled' ? look.score.images.count : 0,
    notes,
  };
}

/** Labelled images that are not trained on: of the test part, else the first tenth. */
function holdOut(
  dataset: Dataset,
  all: readonly ItemRef[],
  rng: Rng,
): { readonly held: readonly ItemRef[]; readonly rest: readonly ItemRef[] } {
  const { train, test } = dataset.splits;
  if (train !== undefined && test !== undefined) {
    const order = rng.derive('held-out').permutation(test.items.length).subarray(0, SCORED);
    const held = Array.from(order, (index): ItemRef => {
      const item = test.items[index];
      return { split: 'test', index, id: item?.id ?? '', label: item?.label ?? null };
    });
    return { held: held.filter(({ label }) => label !== null), rest: all };
  }
  const count = Math.min(SCORED, Math.floor(HELD_OUT_SHARE * all.length));
  return { held: all.slice(0, count), rest: all.slice(count) };
}
