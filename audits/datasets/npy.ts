import { MoatError } from '../contract/errors.ts';

/**
 * NumPy's .npy format, read without NumPy: numbers, booleans and strings. Object arrays are pickles, that is programs,
 * and are refused. Format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */

export type NumericArray =
  Float32Array | Float64Array | Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;

export type NumericDtype =
  | 'float16'
  | 'float32'
  | 'float64'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'uint32'
  | 'int32'
  | 'uint64'
  | 'int64'
  | 'bool';

/** Values in C order. float16 is widened to Float32Array, 64-bit integers to Float64Array (exact or refused), bool to 0/1. */
export type NpyArray =
  | { readonly shape: readonly number[]; readonly dtype: NumericDtype; readonly data: NumericArray }
  | { readonly shape: readonly number[]; readonly dtype: 'string'; readonly data: readonly string[] };

interface Header {
  readonly descriptor: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  readonly dataOffset: number;
}

interface ElementKind {
  readonly dtype: NumericDtype;
  readonly bytes: number;
  read(bytes: Uint8Array, count: number): NumericArray;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** A shape of more axes than NumPy itself allows is not from NumPy. */
const MAX_AXES = 64;

/**
 * Reads one .npy file's bytes. `source` names it in errors.
 * @throws MoatError `dataset-format` for a damaged header, missing bytes, or an element type that is not plain data.
 */
export function parseNpy(bytes: Uint8Array, source: string): NpyArray {
  const header = parseHeader(bytes, source);
  const count = header.shape.reduce((product, side) => product * side, 1);
  if (!Number.isSafeInteger(count)) throw damaged(source, 'its shape is impossibly large');
  const body = bytes.subarray(header.dataOffset);
  const text = /^([<>|=])([US])(\d{1,9})$/.exec(header.descriptor);
  if (text) {
    const strings = readStrings(body, count, text, source);
    return {
      shape: header.shape,
      dtype: 'string',
      data: header.fortranOrder ? fromFortran(strings, header.shape) : strings,
    };
  }
  const kind = kinds[header.descriptor.slice(1)];
  if (!kind) throw refused(header.descriptor, source);
  expectBytes(body, count * kind.bytes, source);
  const native = header.descriptor.startsWith('>')
    ? swapped(body.subarray(0, count * kind.bytes), kind.bytes)
    : body;
  let data: NumericArray;
  try {
    data = kind.read(native, count);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new MoatError('dataset-format', `${source}: ${cause.message}.`, { cause });
  }
  return {
    shape: header.shape,
    dtype: kind.dtype,
    data: header.fortranOrder ? fromFortran(data, header.shape) : data,
  };
}

function parseHeader(bytes: Uint8Array, source: string): Header {
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte))
    throw damaged(source, 'it does not begin like a NumPy array');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = view.getUint8(6) >= 2;
  if (wide && bytes.length < 12) throw damaged(source, 'its header is cut short');
  const start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (start + length > bytes.length) throw damaged(source, 'its header is cut short');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('utf8');
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const axes = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  const descriptor = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  if (order === undefined || axes === undefined) throw damaged(source, 'its header cannot be read');
  if (descriptor === undefined) throw refused('a structured type', source);
  const shape = axes
    .split(',')
    .map((axis) => axis.replaceAll('L', '').trim())
    .filter((axis) => axis !== '')
    .map(Number);
  if (shape.length > MAX_AXES || shape.some((side) => !Number.isSafeInteger(side)))
    throw damaged(source, 'its shape cannot be read');
  return { descriptor, fortranOrder: order === 'True', shape, dataOffset: start + length };
}

/**
 * A buffer that starts at a multiple of the element's size, as typed arrays ask for: the same one, or a copy.
 * `new Uint8Array` copies; `slice` of Node's Buffer would not.
 */
function aligned(bytes: Uint8Array, size: number): { buffer: ArrayBufferLike; offset: number } {
  if (bytes.byteOffset % size === 0) return { buffer: bytes.buffer, offset: bytes.byteOffset };
  return { buffer: new Uint8Array(bytes).buffer, offset: 0 };
}

type ArrayOver<A> = {
  new (buffer: ArrayBufferLike, offset: number, length: number): A;
  BYTES_PER_ELEMENT: number;
};

function plain(dtype: NumericDtype, ArrayType: ArrayOver<NumericArray>): ElementKind {
  const size = ArrayType.BYTES_PER_ELEMENT;
  return {
    dtype,
    bytes: size,
    read(bytes, count) {
      const { buffer, offset } = aligned(bytes, size);
      return new ArrayType(buffer, offset, count);
    },
  };
}

function wideInteger(
  dtype: 'int64' | 'uint64',
  ArrayType: ArrayOver<BigInt64Array | BigUint64Array>,
): ElementKind {
  return {
    dtype,
    bytes: 8,
    read(bytes, count) {
      const { buffer, offset } = aligned(bytes, 8);
      const values = new ArrayType(buffer, offset, count);
      return Float64Array.from(values, (value) => {
        const number = Number(value);
        if (!Number.isSafeInteger(number)) throw new RangeError(`the integer ${value} is beyond 2^53`);
        return number;
      });
    },
  };
}

const kinds: Readonly<Record<string, ElementKind>> = {
  f2: {
    dtype: 'float16',
    bytes: 2,
    read(bytes, count) {
      const { buffer, offset } = aligned(bytes, 2);
      return Float32Array.from(new Uint16Array(buffer, offset, count), halfToNumber);
    },
  },
  f4: plain('float32', Float32Array),
  f8: plain('float64', Float64Array),
  u1: plain('uint8', Uint8Array),
  i1: plain('int8', Int8Array),
  u2: plain('uint16', Uint16Array),
  i2: plain('int16', Int16Array),
  u4: plain('uint32', Uint32Array),
  i4: plain('int32', Int32Array),
  u8: wideInteger('uint64', BigUint64Array),
  i8: wideInteger('int64', BigInt64Array),
  b1: plain('bool', Uint8Array),
};

/** IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** `U`: UCS-4 code points; `S`: bytes, read as UTF-8. Both are padded with zeros. */
function readStrings(body: Uint8Array, count: number, type: RegExpExecArray, source: string): string[] {
  const [, order, letter] = type;
  const bytes = Number(type[3]) * (letter === 'U' ? 4 : 1);
  expectBytes(body, count * bytes, source);
  // Without this a header may ask for billions of empty strings at no cost in bytes.
  if (bytes === 0 && count > body.length + 1) throw damaged(source, 'it declares strings of no length');
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return Array.from({ length: count }, (_, i) => {
    const start = i * bytes;
    if (letter === 'S') {
      const text = body.subarray(start, start + bytes);
      let end = text.length;
      while (end > 0 && text[end - 1] === 0) end--;
      return Buffer.from(text.subarray(0, end)).toString('utf8');
    }
    let text = '';
    for (let at = start; at < start + bytes; at += 4) {
      const point = view.getUint32(at, order !== '>');
      if (point > 0x10ffff) throw damaged(source, 'a string holds something that is no character');
      if (point !== 0) text += String.fromCodePoint(point);
    }
    return text;
  });
}

/** Column-major to row-major: axis 0 runs fastest in the file. */
function fromFortran<A extends NumericArray | string[]>(values: A, shape: readonly number[]): A {
  const result = values.slice() as A;
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, side) => product * side, 1));
  const index = shape.map(() => 0);
  for (let i = 0; i < values.length; i++) {
    let from = 0;
    for (let axis = 0; axis < shape.length; axis++) from += (index[axis] ?? 0) * (strides[axis] ?? 0);
    result[i] = values[from] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      index[axis] = next === shape[axis] ? 0 : next;
      if (next !== shape[axis]) break;
    }
  }
  return result;
}

function swapped(bytes: Uint8Array, size: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  for (let at = 0; at < copy.length; at += size) copy.subarray(at, at + size).reverse();
  return copy;
}

function expectBytes(body: Uint8Array, bytes: number, source: string): void {
  if (body.length < bytes)
    throw damaged(source, `it holds ${body.length} bytes of values where its shape needs ${bytes}`);
}

function damaged(source: string, what: string): MoatError {
  return new MoatError('dataset-format', `${source} is not a readable NumPy array: ${what}.`);
}

function refused(descriptor: string, source: string): MoatError {
  const why = descriptor.includes('O')
    ? 'it holds Python objects (a pickle), which Moat never loads; save plain numbers or strings'
    : `its element type is ${descriptor}; Moat reads numbers, booleans and strings`;
  return new MoatError('dataset-format', `${source} cannot be read: ${why}.`);
}
