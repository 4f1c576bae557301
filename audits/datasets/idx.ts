import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { MoatError } from '../contract/errors.ts';
import type { DatasetContents, Split, SplitName } from './dataset-parts.ts';
import { classesOf } from './labels.ts';
import { naturalOrder } from './natural-order.ts';
import { channelsToPixels } from './pixels.ts';

/**
 * IDX, the format of MNIST (yann.lecun.com/exdb/mnist): two zero bytes, the element type (8: unsigned byte), the count
 * of axes, each axis as a big-endian 32-bit integer, then the values. Files may be gzipped.
 */

const UNSIGNED_BYTE = 0x08;
const NAME = /[-._]idx\d-ubyte(\.gz)?$/i;
/** No more is unpacked from one file, whatever its header or its compression promise. */
const MAX_BYTES = 2 ** 31 - 1;

interface Shape {
  readonly axes: readonly number[];
  readonly dataOffset: number;
}

interface Part {
  readonly name: SplitName;
  readonly images: string;
  readonly labels: string | null;
}

/** True when a folder holds files by the usual names (`train-images-idx3-ubyte.gz`). */
export function looksLikeIdx(files: readonly string[]): boolean {
  return files.some((name) => NAME.test(name));
}

/** True when a file begins like IDX, gzipped or not. */
export function beginsLikeIdx(path: string): boolean {
  const start = readStart(path);
  return start !== null && start[0] === 0 && start[1] === 0 && start[2] === UNSIGNED_BYTE;
}

/**
 * Lists a folder of IDX files, or one images file (with its labels when they lie beside it). Labels are read, pixels not.
 * @throws MoatError `dataset-format` for a wrong magic number, missing bytes, or counts that disagree.
 */
export function listIdx(path: string): DatasetContents {
  const isFolder = statSync(path).isDirectory();
  const folder = isFolder ? path : dirname(path);
  const files = readdirSync(folder).filter((name) => !name.startsWith('.'));
  const imageFiles = isFolder
    ? naturalOrder(files.filter((name) => NAME.test(name) && /images/i.test(name)))
    : [basename(path)];
  if (imageFiles.length === 0)
    throw new MoatError('dataset-empty', `There is no IDX file of images in ${path}, only labels.`);
  const parts = imageFiles.map((name): Part => {
    const labels = files.find(
      (other) => /images/i.test(name) && withoutGzip(other) === withoutGzip(labelsName(name)),
    );
    return {
      name: isFolder ? splitOf(name) : 'all',
      images: join(folder, name),
      labels: labels === undefined ? null : join(folder, labels),
    };
  });
  if (new Set(parts.map((part) => part.name)).size < parts.length)
    throw new MoatError(
      'dataset-format',
      `${path} holds several sets of IDX images (${imageFiles.join(', ')}); name one file, or part them into folders.`,
    );
  const labelled = parts.every((part) => part.labels !== null);
  const values = parts.map((part) => (labelled ? readLabels(part.labels ?? '') : []));
  const { classes, labelOf } = classesOf(values);
  return {
    format: 'idx',
    classes,
    notes:
      labelled || parts.every((part) => part.labels === null)
        ? []
        : ['Labels are not used: one of the image files has none beside it.'],
    splits: Object.fromEntries(
      parts.map((part, i) => [part.name, imagesSplit(part, (values[i] ?? []).map(labelOf))]),
    ),
  };
}

function imagesSplit(part: Part, labels: readonly number[]): Split {
  const { axes } = readShape(part.images, [3, 4]);
  const [count = 0, height = 0, width = 0, channels = 1] = axes;
  if (count === 0 || height === 0 || width === 0)
    throw new MoatError('dataset-empty', `${part.images} declares no images.`);
  if (channels !== 1 && channels !== 3)
    throw new MoatError('dataset-format', `${part.images} has ${channels} channels; Moat reads 1 or 3.`);
  if (labels.length > 0 && labels.length !== count)
    throw new MoatError('dataset-format', `${part.images} has ${count} images but ${labels.length} labels.`);
  const file = basename(part.images);
  const area = height * width;
  return {
    items: Array.from({ length: count }, (_, i) => ({ id: `${file}#${i}`, label: labels[i] ?? null })),
    open() {
      const { data } = readValues(part.images, [3, 4]);
      return Promise.resolve({
        load: (index) => ({
          kind: 'pixels',
          pixels: channelsToPixels(
            data.subarray(index * area * channels, (index + 1) * area * channels),
            channels,
            area,
          ),
          height,
          width,
        }),
        close: () => undefined,
      });
    },
  };
}

function readLabels(path: string): number[] {
  return Array.from(readValues(path, [1]).data);
}

/** The header, from the beginning of the file alone; an unpacked file's length is checked too. */
function readShape(path: string, axisCounts: readonly number[]): Shape {
  const shape = parseShape(readStart(path), path, axisCounts);
  if (!path.endsWith('.gz')) expectLength(shape, statSync(path).size, path);
  return shape;
}

function readValues(path: string, axisCounts: readonly number[]): { shape: Shape; data: Uint8Array } {
  let bytes: Uint8Array = readFileSync(path);
  if (isGzip(bytes)) {
    try {
      bytes = gunzipSync(bytes, { maxOutputLength: MAX_BYTES });
    } catch (cause) {
      throw new MoatError('dataset-format', `${path} is not a whole gzip file.`, { cause });
    }
  }
  const shape = parseShape(bytes, path, axisCounts);
  expectLength(shape, bytes.length, path);
  return { shape, data: bytes.subarray(shape.dataOffset) };
}

function parseShape(bytes: Uint8Array | null, path: string, axisCounts: readonly number[]): Shape {
  const wrong = (why: string): MoatError =>
    new MoatError('dataset-format', `${path} is no readable IDX file: ${why}.`);
  if (bytes === null || bytes.length < 4) throw wrong('it is cut short');
  const [first, second, type, axisCount = 0] = bytes;
  if (first !== 0 || second !== 0 || type !== UNSIGNED_BYTE || !axisCounts.includes(axisCount))
    throw wrong(`its magic number is ${Buffer.from(bytes.subarray(0, 4)).toString('hex')}`);
  const dataOffset = 4 + 4 * axisCount;
  if (bytes.length < dataOffset) throw wrong('it is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { axes: Array.from({ length: axisCount }, (_, i) => view.getUint32(4 + 4 * i)), dataOffset };
}

function expectLength({ axes, dataOffset }: Shape, length: number, path: string): void {
  const needed = axes.reduce((product, side) => product * side, 1) + dataOffset;
  if (length < needed)
    throw new MoatError('dataset-format', `${path} is cut short: it holds ${length} bytes of ${needed}.`);
}

/** The first bytes of a file, unpacked; null when there are none. */
function readStart(path: string): Uint8Array | null {
  const start = new Uint8Array(4096);
  const handle = openSync(path, 'r');
  let length;
  try {
    length = readSync(handle, start, 0, start.length, 0);
  } finally {
    closeSync(handle);
  }
  const bytes = start.subarray(0, length);
  if (!isGzip(bytes)) return length > 0 ? bytes : null;
  try {
    // A sync flush gives what the first bytes hold without asking for the end of the stream.
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return null;
  }
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function splitOf(name: string): SplitName {
  if (/train/i.test(name)) return 'train';
  return /t10k|test/i.test(name) ? 'test' : 'all';
}

function labelsName(imagesName: string): string {
  return imagesName.replace(/images/i, 'labels').replace(/idx\d/i, 'idx1');
}

function withoutGzip(name: string): string {
  return name.replace(/\.gz$/i, '');
}
