import { augmentImages } from '../augment/augment-images.ts';
import { openAugmentation } from '../augment/registry.ts';
import { matrix, selectRows, type Images, type Matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import {
  SEEDS_PER_STREAM,
  SYNTHETIC_ROUNDS,
  syntheticStreams as syntheticStreamCount,
  VIEW_BATCH,
  viewBatches,
} from '../plan/stream-sizes.ts';
import type { Rng } from '../rng.ts';
import { inputGradients } from '../surrogates/input-gradients.ts';
import { movedPixels } from '../surrogates/moved-pixels.ts';
import type { NetworkModel } from '../surrogates/inference.ts';
import { calibrateStatistics, randomNetwork } from '../surrogates/random-network.ts';
import type { StreamImages } from './detection-cell.ts';

/**
 * Images that thieves make and no data set holds, with what the victim says of them: two augmented views of each image
 * (contrastive thieves), and images moved along the gradients of a network (synthetic queries). The victim embeds them once
 * per seed, whatever the number of defenses.
 */
export interface ComputedStreams {
  /** Row i of both is a view of the same image; a whole number of batches. Absent for images that are not square. */
  readonly views: { readonly first: StreamImages; readonly second: StreamImages } | undefined;
  /** One stream of queries each, in the order in which they are sent. */
  readonly synthetic: readonly StreamImages[];
}

export interface ComputedStreamOptions {
  readonly engine: Engine;
  readonly rng: Rng;
  readonly signal: AbortSignal;
  /** How many pool images there are, and the images of some of them. */
  readonly pool: { readonly rows: number; images(indices: ArrayLike<number>): Images };
  readonly embed: (images: Images) => Promise<Matrix>;
  readonly project: ((images: Images) => Promise<Matrix>) | undefined;
  /** Length of the victim's embeddings, and side of the image which the thief's network sees, in pixels. */
  readonly dimension: number;
  readonly inputSize: number;
}

/** A thief with nothing trained yet: the smallest network there is, with running statistics of these images. */
const ARCHITECTURE = 'small-cnn';
const CALIBRATION_IMAGES = 512;
/** Largest change of a pixel per round in grey levels: a tenth of the range, as in `jacobian-augmentation`. */
const STEP = 25.5;

/**
 * @returns whatever the pool's size allows: no views for less than a batch, no synthetic stream for less than its seeds
 * @throws MoatError `cancelled` between two parts
 */
export async function computeStreams(options: ComputedStreamOptions): Promise<ComputedStreams> {
  const order = options.rng.derive('images').permutation(options.pool.rows);
  return { views: await twoViews(options, order), synthetic: await syntheticStreams(options, order) };
}

async function twoViews(
  options: ComputedStreamOptions,
  order: Uint32Array,
): Promise<ComputedStreams['views']> {
  const batches = viewBatches(order.length);
  if (batches === 0) return undefined;
  const images = options.pool.images(order.subarray(0, batches * VIEW_BATCH));
  if (images.height !== images.width) return undefined;
  const augmentation = openAugmentation('simclr');
  const view = async (name: string): Promise<StreamImages> => {
    throwIfCancelled(options.signal);
    const drawn = await augmentImages(
      options.engine,
      augmentation,
      images,
      options.rng.derive(`views/${name}`),
    );
    return answered(options, drawn);
  };
  return { first: await view('first'), second: await view('second') };
}

/**
 * Jacobian augmentation (Papernot et al. 2017, 4.2) with an untrained network in the surrogate's place: queries crowd around
 * the seeds as those of the real attack do, and no training is needed.
 */
async function syntheticStreams(
  options: ComputedStreamOptions,
  order: Uint32Array,
): Promise<readonly StreamImages[]> {
  const streams = syntheticStreamCount(order.length);
  if (streams === 0) return [];
  const seeds = streams * SEEDS_PER_STREAM;
  // From the far end, so that a large pool's seeds are no images of the views.
  const first = options.pool.images(order.subarray(order.length - seeds));
  const network = await untrainedNetwork(options, order);
  let known = first;
  for (let round = 0; round < SYNTHETIC_ROUNDS; round++) {
    throwIfCancelled(options.signal);
    known = joined(known, await movedImages(options, network, known, round));
  }
  const all = await answered(options, known);
  return Array.from({ length: streams }, (_, stream) =>
    select(
      all,
      Array.from({ length: known.count }, (__, row) => row).filter(
        // Each round appends a moved copy of all rows, so a row's seed is its number modulo the seeds.
        (row) => Math.floor((row % seeds) / SEEDS_PER_STREAM) === stream,
      ),
    ),
  );
}

async function untrainedNetwork(
  { engine, rng, pool, dimension, inputSize }: ComputedStreamOptions,
  order: Uint32Array,
): Promise<NetworkModel> {
  const drawn = randomNetwork(ARCHITECTURE, rng.derive('network'), dimension, inputSize);
  return calibrateStatistics(engine, drawn, pool.images(order.subarray(0, CALIBRATION_IMAGES)));
}

async function movedImages(
  { engine, rng, signal, dimension, inputSize }: ComputedStreamOptions,
  network: NetworkModel,
  images: Images,
  round: number,
): Promise<Images> {
  const draws = rng.derive(`directions/${round}`);
  const directions = matrix(
    Float32Array.from({ length: images.count * dimension }, () => draws.normal()),
    images.count,
    dimension,
  );
  const gradients = await inputGradients(engine, network, images, directions, signal);
  return hashedImages(
    movedPixels(images, gradients, inputSize, STEP),
    images.count,
    images.height,
    images.width,
  );
}

/** Images as the victim answers them; classes are nobody's. */
async function answered({ embed, project }: ComputedStreamOptions, images: Images): Promise<StreamImages> {
  const embeddings = await embed(images);
  return {
    embeddings,
    ...(project === undefined ? {} : { projections: await project(images) }),
    hashes: images.hashes,
    labels: new Int32Array(images.count).fill(-1),
  };
}

/** The given rows in the given order. */
export function select(
  { embeddings, projections, hashes, labels }: StreamImages,
  rows: readonly number[],
): StreamImages {
  return {
    embeddings: selectRows(embeddings, rows),
    ...(projections === undefined ? {} : { projections: selectRows(projections, rows) }),
    hashes: rows.map((row) => hashes[row] ?? ''),
    labels: Int32Array.from(rows, (row) => labels[row] ?? -1),
  };
}

/** One after the other; both with projections, or neither. */
export function join(first: StreamImages, second: StreamImages): StreamImages {
  const { projections } = first;
  return {
    embeddings: joinRows(first.embeddings, second.embeddings),
    ...(projections === undefined || second.projections === undefined
      ? {}
      : { projections: joinRows(projections, second.projections) }),
    hashes: [...first.hashes, ...second.hashes],
    labels: Int32Array.from([...first.labels, ...second.labels]),
  };
}

function joinRows(first: Matrix, second: Matrix): Matrix {
  const data = new Float32Array(first.data.length + second.data.length);
  data.set(first.data);
  data.set(second.data, first.data.length);
  return matrix(data, first.rows + second.rows, first.columns);
}

function joined(first: Images, second: Images): Images {
  const data = new Uint8Array(first.data.length + second.data.length);
  data.set(first.data);
  data.set(second.data, first.data.length);
  return {
    ...first,
    data,
    count: first.count + second.count,
    hashes: [...first.hashes, ...second.hashes],
  };
}

function throwIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new MoatError('cancelled', 'The audit was cancelled.');
}
