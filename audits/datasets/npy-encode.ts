/** Writes NumPy's .npy format, version 1.0, little-endian, C order. */

export interface WritableArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Uint8Array | Int32Array | readonly string[];
}

/** NumPy aligns the values to 64 bytes so that files can be mapped into memory. */
const ALIGNMENT = 64;

/** @throws RangeError when the shape does not fit the number of values, which is a bug of the caller. */
export function encodeNpy(array: WritableArray): Uint8Array {
  const { descriptor, body } = encodeBody(array.data);
  const count = array.shape.reduce((product, side) => product * side, 1);
  if (count !== array.data.length)
    throw new RangeError(`shape [${array.shape.join(', ')}] needs ${count} values, got ${array.data.length}`);
  return Buffer.concat([encodeNpyHeader(descriptor, array.shape), body]);
}

/** What stands before the values; for files that are written in parts. */
export function encodeNpyHeader(descriptor: string, sides: readonly number[]): Uint8Array {
  const shape = sides.length === 1 ? `${sides[0]},` : sides.join(', ');
  const text = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': (${shape}), }`;
  const padding = ALIGNMENT - ((10 + text.length + 1) % ALIGNMENT);
  const header = `${text}${' '.repeat(padding)}\n`;
  const bytes = new Uint8Array(10 + header.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 0xff, header.length >> 8]);
  bytes.set(Buffer.from(header, 'latin1'), 10);
  return bytes;
}

function encodeBody(data: WritableArray['data']): { descriptor: string; body: Uint8Array } {
  if (data instanceof Float32Array) return { descriptor: '<f4', body: bytesOf(data) };
  if (data instanceof Float64Array) return { descriptor: '<f8', body: bytesOf(data) };
  if (data instanceof Int32Array) return { descriptor: '<i4', body: bytesOf(data) };
  if (data instanceof Uint8Array) return { descriptor: '|u1', body: data };
  const points = data.map((text) => Array.from(text, (character) => character.codePointAt(0) ?? 0));
  const width = Math.max(1, ...points.map((text) => text.length));
  const codes = new Uint32Array(data.length * width);
  points.forEach((text, i) => codes.set(text, i * width));
  return { descriptor: `<U${width}`, body: bytesOf(codes) };
}

function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
