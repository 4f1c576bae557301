/** Bytes `[size, size, 3]` as numbers in [0, 1]. */
export function writePixels(source: Uint8Array, target: Float32Array): void {
  for (let at = 0; at < source.length; at++) target[at] = (source[at] ?? 0) / 255;
}
