import path from 'node:path';
import type { EncoderOptions, ImageGeometry } from '../contract/encoder.ts';
import type { Engine } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import type { DisturbanceId, EncoderObservations, OwnershipContext } from '../contract/ownership.ts';
import { readImages } from '../datasets/read.ts';
import { openEncoder } from '../encoder/encoder.ts';
import { createFidelity } from '../run/measure-fidelity.ts';
import { chooseOwnershipImages, observeEncoder, type OwnershipImages } from '../run/observe-encoder.ts';
import { readMark } from '../run/read-mark.ts';
import { embedUntrained } from '../run/untrained-embeddings.ts';
import type { Rng } from '../rng.ts';
import type { readRotationKey } from '../watermarks/rotation-key.ts';

/** Shows encoders the images of ownership tests. */

export interface LookSettings {
  readonly private?: string | undefined;
  readonly public?: string | undefined;
  readonly images?: number | undefined;
  /** Hold for every encoder; what is absent is found in each file. */
  readonly options: EncoderOptions;
}

/** An encoder file in a report. */
export interface ExaminedEncoder {
  readonly file: string;
  readonly digest: string;
  readonly dimension: number;
}

const DEFAULT_IMAGES = 2000;
/** Side at which the untrained network, the zero of the mutual-information score, sees images; as in an audit. */
const UNTRAINED_SIDE = 32;

/** An encoder and what it answered. */
export interface Looked {
  readonly encoder: ExaminedEncoder;
  readonly observed: EncoderObservations;
  readonly images: OwnershipImages;
  readonly geometry: ImageGeometry;
}

/** Opens an encoder, shows it the images (chosen for the first one, the victim) and closes it. */
export function createLook(
  engine: Engine,
  settings: LookSettings,
  {
    rng,
    rates,
    mark,
    disturbances,
    signal,
  }: {
    readonly rng: Rng;
    readonly rates: Readonly<Record<string, readonly number[]>>;
    readonly mark: ReturnType<typeof readRotationKey> | undefined;
    readonly disturbances: ReadonlySet<DisturbanceId>;
    readonly signal: AbortSignal;
  },
): (file: string) => Promise<Looked> {
  let images: OwnershipImages | undefined;
  return async (file) => {
    const encoder = await openEncoder(engine, file, settings.options);
    try {
      const { digest, preprocessing } = encoder.description;
      images ??= await chooseOwnershipImages(
        settings,
        settings.images ?? DEFAULT_IMAGES,
        preprocessing,
        rng.derive('images'),
      );
      const name = path.basename(file);
      const observed = await observeEncoder(encoder, name, images, {
        rng: rng.derive('noise'),
        disturbances,
        signal,
      });
      const own = rates[name];
      const read =
        mark === undefined
          ? {}
          : await readMark(encoder, name, mark.key, images.compared, { rng: rng.derive('angles'), signal });
      return {
        encoder: { file, digest, dimension: encoder.dimension },
        observed: {
          ...observed,
          ...(own === undefined ? read : { markRates: Float64Array.from(own) }),
        },
        images,
        geometry: preprocessing,
      };
    } finally {
      await encoder.dispose();
    }
  };
}

/** What every test of every encoder is given, the victim being known. */
export async function contextOf(
  engine: Engine,
  victim: Looked,
  rng: Rng,
  signal: AbortSignal,
): Promise<OwnershipContext> {
  const untrained = await embedUntrainedNetwork(engine, victim, rng, signal);
  return {
    engine,
    rng: rng.derive('tests'),
    signal,
    victim: victim.observed,
    fidelity: createFidelity({ engine, rng: rng.derive('fidelity') }, untrained),
  };
}

async function embedUntrainedNetwork(
  engine: Engine,
  { images: { compared }, geometry, encoder }: Looked,
  rng: Rng,
  signal: AbortSignal,
): Promise<EncoderObservations['compared']> {
  const small: ImageGeometry = {
    ...geometry,
    height: UNTRAINED_SIDE,
    width: UNTRAINED_SIDE,
    resize: 'stretch',
    resizeTo: UNTRAINED_SIDE,
  };
  const { images } = await readImages(compared.dataset, compared.split, compared.indices, small, { signal });
  const [embedded] = await embedUntrained(
    { engine, rng: rng.derive('untrained'), pool: images },
    { dimension: encoder.dimension, inputSize: UNTRAINED_SIDE },
    [images],
  );
  if (embedded === undefined) throw new MoatError('internal', 'The untrained network embedded nothing.');
  return embedded;
}
