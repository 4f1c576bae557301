/** IEEE 754 binary16 as bit patterns: the bindings of the runtime take and give half floats in 16-bit words. */

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** Rounds to the nearest half float, ties to even; beyond 65504 becomes infinity. */
export function toFloat16(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, (value) => {
    float[0] = value;
    const bits = word[0] ?? 0;
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return sign | 0x7e00;
    // 65520 is the midpoint between the largest half float and the next power of two.
    if (magnitude >= 0x477ff000) return sign | 0x7c00;
    // Subnormal halves are multiples of 2^-24, on which float32 addition of 0.5 rounds by itself.
    if (magnitude < 0x38800000) {
      float[0] = Math.abs(value) + 0.5;
      return sign | ((word[0] ?? 0) - 0x3f000000);
    }
    const odd = (magnitude >>> 13) & 1;
    return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13);
  });
}

/** Exact: every half float is a float32. */
export function fromFloat16(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >>> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1024 + fraction) * 2 ** (exponent - 25);
  });
}
