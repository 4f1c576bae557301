import { createHash } from 'node:crypto';
import { sliceImages, type Images } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { Rng } from '../rng.ts';
import { writeFileAtomic } from '../run/files.ts';
import { openSurrogate } from '../surrogates/open.ts';
import type { TrainedEncoder } from '../training/encoder-training.ts';
import type { TrainingImages } from '../training/training-images.ts';
import type { TrainedWatermark } from '../watermarks/choices.ts';
import { encodeRotationKey, type RotationKey } from '../watermarks/rotation-key.ts';
import { turnedImages } from '../watermarks/rotation-task.ts';
import { successRate } from '../watermarks/success-rates.ts';

/** Beside the encoder: what reads its watermark. */
export const KEY_ENDING = '.mark';

/** Images whose turned copies tell how well a mark is read: its rate is then within 2 points. */
const READ_IMAGES = 1000;

/** What a training says of the watermark it has left. */
export interface MarkReport extends TrainedWatermark {
  /** The provider's secret. */
  readonly key: string;
  readonly keyDigest: string;
  /** Watermark success rates of the encoder itself, in [0, 1]; 0.5 is chance. */
  readonly successRate: { readonly training: number; readonly heldOut: number | null };
}

/** Writes the key and reads the mark by it, from images that were trained on and from others where there are some. */
export async function keepMark(
  out: string,
  trained: TrainedEncoder,
  watermark: TrainedWatermark,
  {
    onnx,
    data,
    engine,
    rng,
  }: {
    /** The encoder's file. */
    readonly onnx: Uint8Array;
    readonly data: TrainingImages;
    readonly engine: Engine;
    readonly rng: Rng;
  },
): Promise<MarkReport> {
  const { encoder, predictor } = trained;
  if (predictor === undefined) throw new RangeError('a marked training gave no predictor');
  const key: RotationKey = {
    predictor: watermark.predictor,
    dimension: encoder.dimension,
    encoder: createHash('sha256').update(onnx).digest('hex'),
    weights: predictor,
  };
  const file = out + KEY_ENDING;
  const { sha256 } = writeFileAtomic(file, [encodeRotationKey(key)]);
  const opened = await openSurrogate(engine, encoder);
  const read = async (images: Images): Promise<number> => {
    const some = sliceImages(images, 0, Math.min(images.count, READ_IMAGES));
    return successRate(key, await opened.embed(turnedImages(some, rng.derive('angles'))));
  };
  try {
    return {
      ...watermark,
      key: file,
      keyDigest: sha256,
      successRate: {
        training: await read(data.images),
        heldOut: data.look.kind === 'labelled' ? await read(data.look.score.images) : null,
      },
    };
  } finally {
    await opened.dispose();
  }
}
