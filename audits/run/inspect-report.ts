import type { Clock } from '../contract/context.ts';
import type { Images } from '../contract/data.ts';
import type {
  Encoder,
  EncoderDescription,
  EncoderOptions,
  ExpectationReport,
  PreflightReport,
} from '../contract/encoder.ts';
import type { Engine } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import { openDataset } from '../datasets/dataset.ts';
import { readImages } from '../datasets/read.ts';
import { openEncoder, openProjection } from '../encoder/encoder.ts';
import { checkExpectation } from '../encoder/expect.ts';
import { readExpectedReplies } from '../encoder/expected-replies.ts';
import { assertAuditable, preflight } from '../encoder/preflight.ts';
import { probeImages } from '../encoder/probe-images.ts';
import { createRng } from '../rng.ts';
import { writeImageHashes } from './image-hashes.ts';

/** Enough to see a dead dimension, few enough for a large encoder on a laptop. */
const IMAGES_LOOKED_AT = 32;

export interface InspectRequest {
  readonly encoder: string;
  readonly options: EncoderOptions;
  /** `replies.npz` with what production answered. */
  readonly expect?: string | undefined;
  /** A data set whose images are used; without one, drawn images are. */
  readonly images?: string | undefined;
  /** CSV file for the identities of all images of that data set. */
  readonly hashes?: string | undefined;
  /** Entries of the data set's folder that are looked at; default: all of them. */
  readonly mostListed?: number | undefined;
  readonly engine: Pick<Engine, 'loadModel'>;
  readonly clock: Clock;
}

/** What `inspect --json` prints. */
export interface InspectReport {
  readonly encoder: EncoderDescription;
  /** The output that `--projection` names, and how long its vectors are. */
  readonly projection: { readonly output: string; readonly dimension: number } | null;
  /** The images the preflight ran on: a path, or `drawn`. */
  readonly images: string;
  readonly preflight: PreflightReport;
  readonly auditable: boolean;
  readonly expectation: ExpectationReport | null;
  readonly notes: readonly string[];
}

/**
 * Describes an encoder, runs it on a few images, compares it with production's replies.
 * @throws MoatError `encoder-*`, `path-missing`, `dataset-*`
 */
export async function inspectReport(settings: InspectRequest): Promise<InspectReport> {
  const { engine, clock, options, expect } = settings;
  const encoder = await openEncoder(engine, settings.encoder, options);
  let head: Encoder | undefined;
  try {
    head = await openProjection(engine, settings.encoder, options);
    const looked = await imagesFor(encoder, settings);
    const report = await preflight(encoder, looked.images, clock);
    const replies = expect === undefined ? undefined : await readExpectedReplies(expect);
    return {
      encoder: encoder.description,
      projection: head === undefined ? null : { output: head.description.output, dimension: head.dimension },
      images: settings.images ?? 'drawn',
      preflight: report,
      auditable: isAuditable(report),
      expectation:
        replies === undefined ? null : await checkExpectation(engine, settings.encoder, options, replies),
      notes: [...looked.notes, ...(replies?.notes ?? [])],
    };
  } finally {
    await head?.dispose();
    await encoder.dispose();
  }
}

function isAuditable(report: PreflightReport): boolean {
  try {
    assertAuditable(report);
    return true;
  } catch (error) {
    if (error instanceof MoatError) return false;
    throw error;
  }
}

async function imagesFor(
  encoder: Encoder,
  { images: path, hashes: hashesFile, mostListed }: InspectRequest,
): Promise<{ readonly images: Images; readonly notes: readonly string[] }> {
  const { preprocessing } = encoder.description;
  const rng = createRng('inspect');
  if (path === undefined && hashesFile !== undefined)
    throw new MoatError('configuration-invalid', '--hashes needs the images to name: add --images FOLDER.');
  if (path === undefined)
    return {
      images: probeImages(preprocessing, IMAGES_LOOKED_AT, rng),
      notes: [
        `The encoder was run on ${IMAGES_LOOKED_AT} drawn images (color patches, noise, flat colors); --images FOLDER takes real ones.`,
      ],
    };
  const dataset = await openDataset(path, undefined, mostListed);
  const split =
    (['test', 'all', 'train'] as const).find((name) => dataset.splits[name] !== undefined) ?? 'all';
  const count = dataset.splits[split]?.items.length ?? 0;
  const indices = rng.permutation(count).subarray(0, IMAGES_LOOKED_AT);
  const { images, corrupt } = await readImages(dataset, split, indices, preprocessing);
  const written =
    hashesFile === undefined ? undefined : await writeImageHashes(dataset, preprocessing, hashesFile);
  return {
    images,
    notes: [
      `The encoder was run on ${images.count} of the ${count} images of ${dataset.name}.`,
      ...(written === undefined ? [] : [`The identities of ${written} images are in ${hashesFile}.`]),
      ...corrupt.map(({ id, reason }) => `The image ${id} was left out: ${reason}.`),
    ],
  };
}
