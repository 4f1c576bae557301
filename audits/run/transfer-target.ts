import { imageBytes, sliceImages, type Images, type Matrix } from '../contract/data.ts';
import type { Preprocessing } from '../contract/encoder.ts';
import { enlarge } from '../datasets/enlarge.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import { fitHead, type TaskEmbeddings } from '../metrics/evaluate.ts';
import { classifyWithHead } from '../metrics/linear-probe.ts';
import type { MetricContext } from '../metrics/metric.ts';
import { epsilons, MOST_TRANSFER_IMAGES } from '../metrics/transfer.ts';
import type { Rng } from '../rng.ts';
import { movedPixels } from '../surrogates/moved-pixels.ts';

/** What adversarial images made on copies are shown to: the victim with the head that its owner trained on clean embeddings. */

const BLOCK = 64;

export interface TransferTarget {
  readonly task: string;
  /** Which rows to score these images are. */
  readonly rows: Int32Array;
  /** As the audit keeps them: at most 64 pixels wide. */
  readonly images: Images;
  readonly labels: Int32Array;
  /** 1 where victim and head name the right class of the undisturbed image. */
  readonly right: Float32Array;
  /** 1 where they still do, after each image was replaced. */
  stillRight(images: Images): Promise<Float32Array>;
  /**
   * The control, per epsilon: 1 where they are still right after each pixel moved by epsilon up or down at random.
   * @param grain side of the network whose gradients it is a control for: they are constant on as large patches
   */
  underNoise(grain: number): Promise<readonly Float32Array[]>;
}

export interface TargetParts {
  readonly context: MetricContext;
  readonly embeddings: TaskEmbeddings;
  readonly images: (rows: Int32Array) => Images;
  readonly victim: {
    readonly preprocessing: Pick<Preprocessing, 'height' | 'width'>;
    embed(images: Images): Promise<Matrix>;
  };
  /** Draws the noise: the same for every copy. */
  readonly rng: Rng;
}

/** @returns undefined for a task without images to score */
export async function openTransferTarget(parts: TargetParts): Promise<TransferTarget | undefined> {
  const { context, embeddings, victim, rng } = parts;
  const total = embeddings.score.labels.length;
  if (total === 0) return undefined;
  const count = Math.min(total, MOST_TRANSFER_IMAGES);
  const rows = Int32Array.from({ length: count }, (_, i) => Math.floor((i * total) / count));
  const labels = rows.map((row) => embeddings.score.labels[row] ?? 0);
  const images = parts.images(rows);
  const head = await fitHead(context, embeddings);
  const stillRight = async (shown: Images): Promise<Float32Array> => {
    const right = new Float32Array(count);
    for (let start = 0; start < count; start += BLOCK) {
      const block = sliceImages(shown, start, Math.min(count, start + BLOCK));
      const seen = await victim.embed(atSize(block, victim.preprocessing));
      const found = await classifyWithHead(context.engine, head, seen);
      found.forEach((value, i) => (right[start + i] = value === labels[start + i] ? 1 : 0));
    }
    return right;
  };
  const controls = new Map<number, Promise<readonly Float32Array[]>>();
  const disturbed = async (grain: number): Promise<readonly Float32Array[]> => {
    const draws = rng.derive(`noise/${grain}`);
    const signs = Float32Array.from({ length: count * grain * grain * 3 }, () =>
      draws.uniform() < 0.5 ? -1 : 1,
    );
    return alongEpsilons((epsilon) => stillRight(moveImages(images, signs, grain, epsilon)));
  };
  return {
    task: embeddings.name,
    rows,
    images,
    labels,
    right: await stillRight(images),
    stillRight,
    underNoise(grain) {
      const known = controls.get(grain) ?? disturbed(grain);
      controls.set(grain, known);
      return known;
    },
  };
}

/** Images moved by `epsilon` along the sign of `gradients` `[images, size, size, 3]`, cut to what a pixel can be. */
export function moveImages(images: Images, gradients: Float32Array, size: number, epsilon: number): Images {
  const { count, height, width } = images;
  return hashedImages(movedPixels(images, gradients, size, epsilon * 255), count, height, width);
}

export async function alongEpsilons<T>(of: (epsilon: number) => Promise<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for (const epsilon of epsilons) found.push(await of(epsilon));
  return found;
}

/** Images kept smaller than the victim takes them are enlarged, undisturbed and disturbed ones alike. */
function atSize(images: Images, full: { readonly height: number; readonly width: number }): Images {
  const { height, width } = full;
  if (images.height === height && images.width === width) return images;
  const data = new Uint8Array(images.count * imageBytes(full));
  for (let i = 0; i < images.count; i++) {
    const pixels = images.data.subarray(i * imageBytes(images), (i + 1) * imageBytes(images));
    const window = { top: 0, left: 0, height, width };
    data.set(enlarge(pixels, images, full, window, 'bilinear'), i * imageBytes(full));
  }
  return hashedImages(data, images.count, height, width);
}
