import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { constants, inflateSync } from 'node:zlib';
import { MoatError } from '../contract/errors.ts';

/**
 * MATLAB's file format, level 5 ("MAT-File Format", The MathWorks, chapter 1), as far as image sets need it: numeric arrays of
 * bytes or doubles, compressed or not. 128 bytes of header, then elements of a type, a length and so many bytes.
 */

const HEADER_BYTES = 128;
const VERSION_AT = 124;
const VERSION = 0x0100;
const TYPE = { int8: 1, uint8: 2, int32: 5, uint32: 6, double: 9, matrix: 14, compressed: 15 } as const;
/** No more is unpacked from one element, whatever it promises. */
const MOST_BYTES = 2 ** 31 - 1;
/** Enough of an unpacked element for its name and its sides. */
const START_BYTES = 4096;

/** One array of the file, its values not read yet. Values are in column-major order: the first index runs fastest. */
export interface MatArray {
  readonly name: string;
  readonly sides: readonly number[];
  /** @throws MoatError `dataset-format` when the file is cut short or holds other values than bytes and doubles */
  read(): Uint8Array | Float64Array;
}

interface Element {
  readonly type: number;
  /** Where the content begins. */
  readonly at: number;
  readonly bytes: number;
}

/** True when a file begins like MATLAB's level 5. */
export function beginsLikeMat5(path: string): boolean {
  const header = readPart(path, 0, HEADER_BYTES);
  return header.length === HEADER_BYTES && header.readUInt16LE(VERSION_AT) === VERSION;
}

/**
 * Lists the arrays of a file without unpacking their values.
 * @throws MoatError `dataset-format`
 */
export function listMat5(path: string): readonly MatArray[] {
  if (!beginsLikeMat5(path))
    throw damaged(path, 'its header is not that of MATLAB level 5 (save with -v6 or -v7)');
  const size = statSync(path).size;
  const arrays: MatArray[] = [];
  for (let at = HEADER_BYTES; at < size;) {
    const tag = readPart(path, at, 8);
    if (tag.length < 8) throw damaged(path, 'it is cut short');
    const element: Element = { type: tag.readUInt32LE(0), at: at + 8, bytes: tag.readUInt32LE(4) };
    if (element.at + element.bytes > size) throw damaged(path, 'it is cut short');
    if (element.type === TYPE.compressed || element.type === TYPE.matrix) arrays.push(arrayAt(path, element));
    at = element.at + element.bytes;
  }
  return arrays;
}

function arrayAt(path: string, element: Element): MatArray {
  const start = content(path, element, START_BYTES);
  const { name, sides } = describe(path, start);
  return {
    name,
    sides,
    read() {
      const bytes = content(path, element);
      const { values } = describe(path, bytes);
      const count = sides.reduce((product, side) => product * side, 1);
      const data = bytes.subarray(values.at, values.at + values.bytes);
      const width = values.type === TYPE.double ? Float64Array.BYTES_PER_ELEMENT : 1;
      if (data.length < values.bytes || values.bytes !== count * width)
        throw damaged(path, 'it is cut short');
      if (values.type === TYPE.uint8) return data;
      if (values.type === TYPE.double)
        return Float64Array.from({ length: count }, (_, i) => data.readDoubleLE(8 * i));
      throw damaged(path, `the values of ${name} are neither bytes nor doubles`);
    },
  };
}

/** A matrix element's content, unpacked; with `most` only its beginning. */
function content(path: string, { type, at, bytes }: Element, most?: number): Buffer {
  if (type === TYPE.matrix) return readPart(path, at, Math.min(bytes, most ?? bytes));
  const packed = readPart(path, at, Math.min(bytes, most ?? bytes));
  try {
    const unpacked = inflateSync(packed, {
      maxOutputLength: MOST_BYTES,
      // A sync flush gives what the first bytes hold without asking for the end of the stream.
      ...(most === undefined ? {} : { finishFlush: constants.Z_SYNC_FLUSH }),
    });
    if (unpacked.length < 8 || unpacked.readUInt32LE(0) !== TYPE.matrix)
      throw damaged(path, 'a compressed element is no array');
    return unpacked.subarray(8);
  } catch (cause) {
    if (cause instanceof MoatError) throw cause;
    throw damaged(path, 'an array cannot be unpacked', cause);
  }
}

/** Flags, sides, name and values, in this order. */
function describe(
  path: string,
  bytes: Buffer,
): { readonly name: string; readonly sides: readonly number[]; readonly values: Element } {
  const flags = elementAt(path, bytes, 0);
  const sides = elementAt(path, bytes, after(flags));
  const name = elementAt(path, bytes, after(sides));
  const values = elementAt(path, bytes, after(name));
  if (flags.type !== TYPE.uint32 || sides.type !== TYPE.int32 || name.type !== TYPE.int8)
    throw damaged(path, 'an array has no name or no sides');
  return {
    name: bytes.toString('latin1', name.at, name.at + name.bytes),
    sides: Array.from({ length: sides.bytes / 4 }, (_, i) => bytes.readInt32LE(sides.at + 4 * i)),
    values,
  };
}

/** Short elements keep length and type in one word and their content in the next. */
function elementAt(path: string, bytes: Buffer, at: number): Element {
  if (at + 8 > bytes.length) throw damaged(path, 'it is cut short');
  const word = bytes.readUInt32LE(at);
  const shortBytes = word >>> 16;
  return shortBytes > 0
    ? { type: word & 0xffff, at: at + 4, bytes: shortBytes }
    : { type: word, at: at + 8, bytes: bytes.readUInt32LE(at + 4) };
}

/** The next element begins at a multiple of eight bytes. */
function after({ at, bytes }: Element): number {
  return Math.ceil((at + bytes) / 8) * 8;
}

function readPart(path: string, at: number, bytes: number): Buffer {
  const part = Buffer.alloc(bytes);
  const handle = openSync(path, 'r');
  try {
    return part.subarray(0, readSync(handle, part, 0, bytes, at));
  } finally {
    closeSync(handle);
  }
}

function damaged(path: string, why: string, cause?: unknown): MoatError {
  return new MoatError('dataset-format', `${path} is no readable MATLAB file: ${why}.`, { cause });
}
