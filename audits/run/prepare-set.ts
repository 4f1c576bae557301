import path from 'node:path';
import { imageBytes, type Images, type Matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { FeatureEncoder } from '../contract/method.ts';
import { resizePixels } from '../surrogates/resize.ts';
import { bytesOf } from './files.ts';
import { openRows, packHashes, preparedColumns } from './prepared.ts';
import type { LabelledBlock } from './read-data.ts';
import { rechunk } from './rechunk.ts';
import type { RowColumn } from './row-format.ts';
import type { RowTable } from './row-reader.ts';
import { RowWriter } from './row-writer.ts';

/** Images embedded at a time and written as one chunk: what a kill costs at most. */
const CHUNK_IMAGES = 256;

export interface SetOptions {
  readonly folder: string;
  readonly name: string;
  readonly victim: FeatureEncoder;
  readonly backbone: FeatureEncoder | undefined;
  /** The victim's projection head, when that output is named. */
  readonly projection?: FeatureEncoder | undefined;
  /** Side at which the pixels are kept; as they come where undefined or where they are smaller. */
  readonly largestSide: number | undefined;
  /** Folder of a whole preparation from an equal request, whose embeddings are taken where the images are the same. */
  readonly earlier: string | undefined;
  readonly signal: AbortSignal;
  /** @param done images of this set that are written or were found */
  progress(done: number): void;
}

export interface SetSummary {
  readonly hashes: readonly string[];
  readonly labels: Int32Array;
}

/**
 * Embeds the images of one set as they are decoded and writes everything cells need of them. Memory: a chunk and the
 * blocks being decoded. What a killed preparation left is taken up again, but only where the images have the very pixels
 * they had: decoding is repeated, embedding is not.
 * @throws MoatError `encoder-not-finite`, `cancelled`, `disk-full`
 */
export async function prepareSet(
  blocks: AsyncIterable<LabelledBlock>,
  options: SetOptions,
): Promise<SetSummary> {
  const { victim, backbone, projection } = options;
  const earlier =
    options.earlier === undefined ? undefined : openRows(path.join(options.earlier, options.name));
  const hashes: string[] = [];
  const labels: number[] = [];
  let writer: RowWriter | undefined;
  let columns: readonly RowColumn[] = [];
  for await (const chunk of rechunk(blocks, CHUNK_IMAGES)) {
    if (options.signal.aborted) throw new MoatError('cancelled', 'The preparation was stopped.');
    if (writer === undefined) {
      const size = keptSize(chunk.images, options.largestSide);
      columns = preparedColumns(size, victim.dimension, backbone?.dimension, projection?.dimension);
      writer = new RowWriter(path.join(options.folder, options.name), columns, CHUNK_IMAGES);
    }
    const packed = packHashes(chunk.images.hashes);
    if (isWritten(writer, packed, chunk.labels)) writer.keep();
    else {
      const kept = keptPixels(chunk.images, options.largestSide);
      const start = writer.rows;
      const features = async (encoder: FeatureEncoder, column: string): Promise<Float32Array> =>
        (earlier && earlierRows(earlier, column, encoder.dimension, start, packed)) ??
        (await embed(encoder, chunk.images, start)).data;
      writer.append(
        {
          hashes: packed,
          labels: chunk.labels,
          pixels: kept,
          embeddings: await features(victim, 'embeddings'),
          ...(backbone === undefined ? {} : { backbone: await features(backbone, 'backbone') }),
          ...(projection === undefined ? {} : { projections: await features(projection, 'projections') }),
        },
        chunk.images.count,
      );
    }
    hashes.push(...chunk.images.hashes);
    labels.push(...chunk.labels);
    options.progress(hashes.length);
  }
  earlier?.close();
  if (writer === undefined) throw new RangeError(`${options.name} has no images`);
  writer.finish();
  return { hashes, labels: Int32Array.from(labels) };
}

/** Did a killed preparation write this very chunk? */
function isWritten(writer: RowWriter, packedHashes: Uint8Array, labels: Int32Array): boolean {
  const found = writer.earlier('hashes');
  if (found === undefined || Buffer.compare(found, packedHashes) !== 0) return false;
  return Buffer.compare(writer.earlier('labels') ?? new Uint8Array(), bytesOf(labels)) === 0;
}

/**
 * Rows of an earlier preparation, when the same images stand in the same place: what shares a batch shares rounding.
 * @returns undefined when they do not
 */
function earlierRows(
  table: RowTable,
  column: string,
  dimension: number,
  start: number,
  packedHashes: Uint8Array,
): Float32Array | undefined {
  const count = packedHashes.length / 32;
  const end = start + count;
  const isSameBatch = count === CHUNK_IMAGES ? end <= table.rows : end === table.rows;
  if (!isSameBatch || table.column(column)?.shape[0] !== dimension) return undefined;
  const found = new Uint8Array(packedHashes.length);
  table.read('hashes', start, end, found);
  return Buffer.compare(found, packedHashes) === 0 ? table.floats(column).range(start, end).data : undefined;
}

async function embed(encoder: FeatureEncoder, images: Images, start: number): Promise<Matrix> {
  const block = await encoder.embed(images);
  const bad = block.data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new MoatError(
      'encoder-not-finite',
      `The encoder returned NaN or infinity for image ${start + Math.floor(bad / encoder.dimension) + 1}.`,
    );
  return block;
}

function keptSize(
  { height, width }: Images,
  largestSide: number | undefined,
): Pick<Images, 'height' | 'width'> {
  return largestSide === undefined || Math.max(height, width) <= largestSide
    ? { height, width }
    : { height: largestSide, width: largestSide };
}

/** The same images (by identity) at a side that surrogates can use. */
function keptPixels(images: Images, largestSide: number | undefined): Uint8Array {
  const size = keptSize(images, largestSide);
  const pixels = size.height === images.height ? images.data : resizePixels(images, size.height);
  return pixels.subarray(0, images.count * imageBytes(size));
}
