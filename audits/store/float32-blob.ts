const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Values `[n]` as little-endian float32, whatever the byte order of this machine. */
export function toFloat32Blob(values: Float32Array): Buffer {
  const blob = Buffer.alloc(values.length * BYTES);
  values.forEach((value, at) => blob.writeFloatLE(value, at * BYTES));
  return blob;
}

/** The inverse of `toFloat32Blob`: `[n]`, newly allocated. */
export function fromFloat32Blob(blob: Uint8Array): Float32Array {
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  return Float32Array.from({ length: blob.byteLength / BYTES }, (_, at) => view.getFloat32(at * BYTES, true));
}
