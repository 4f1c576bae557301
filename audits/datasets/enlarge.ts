import type { Interpolation } from '../contract/encoder.ts';

/**
 * Enlarges RGB pixels as Pillow does, which is what most encoders were trained with. The decoder's library shrinks
 * rightly but enlarges half an output pixel off center (libvips 8.18), so enlarging is done here.
 */

interface Size {
  readonly height: number;
  readonly width: number;
}

/** Part of the enlarged image that is wanted. May reach beyond it: black, as in torchvision's CenterCrop. */
export interface Window extends Size {
  readonly top: number;
  readonly left: number;
}

interface Kernel {
  /** Half width in source pixels. */
  readonly support: number;
  weight(distance: number): number;
}

/** As in Pillow's Resample.c. */
const KERNELS: Readonly<Record<Exclude<Interpolation, 'nearest'>, Kernel>> = {
  bilinear: { support: 1, weight: (distance) => Math.max(0, 1 - Math.abs(distance)) },
  bicubic: { support: 2, weight: (distance) => cubic(Math.abs(distance)) },
  lanczos: {
    support: 3,
    weight: (distance) => (Math.abs(distance) < 3 ? sinc(distance) * sinc(distance / 3) : 0),
  },
};

/**
 * The window of `source` enlarged to `full`.
 * @param pixels `[source.height, source.width, 3]`
 * @param full not smaller than the source along either axis
 * @returns `[window.height, window.width, 3]`
 */
export function enlarge(
  pixels: Uint8Array,
  source: Size,
  full: Size,
  window: Window,
  interpolation: Interpolation,
): Uint8Array {
  const columns = taps(source.width, full.width, window.left, window.width, interpolation);
  const rows = taps(source.height, full.height, window.top, window.height, interpolation);
  const across = resample(pixels, source.height, source.width * 3, 3, columns);
  // One pass per axis, rounded to bytes in between, as Pillow does.
  const result = new Uint8ClampedArray(window.height * window.width * 3);
  const rowBytes = window.width * 3;
  for (let y = 0; y < window.height; y++) {
    const first = rows.first[y] ?? 0;
    for (let x = 0; x < rowBytes; x++) {
      let sum = 0;
      for (let k = 0; k < rows.length; k++)
        sum += (rows.weights[y * rows.length + k] ?? 0) * (across[(first + k) * rowBytes + x] ?? 0);
      result[y * rowBytes + x] = sum;
    }
  }
  return new Uint8Array(result.buffer);
}

interface Taps {
  /** Taps per output position. */
  readonly length: number;
  /** First source position per output position. */
  readonly first: Int32Array;
  /** `[outputs, length]`, rows sum to 1; all 0 outside of the image. */
  readonly weights: Float64Array;
}

function resample(
  pixels: Uint8Array,
  lines: number,
  lineBytes: number,
  channels: number,
  { length, first, weights }: Taps,
): Uint8ClampedArray {
  const outputs = first.length;
  const result = new Uint8ClampedArray(lines * outputs * channels);
  for (let line = 0; line < lines; line++)
    for (let x = 0; x < outputs; x++)
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        const at = line * lineBytes + (first[x] ?? 0) * channels + channel;
        for (let k = 0; k < length; k++)
          sum += (weights[x * length + k] ?? 0) * (pixels[at + k * channels] ?? 0);
        result[(line * outputs + x) * channels + channel] = sum;
      }
  return result;
}

/** Which source positions make each output position, pixel centers at halves; cut and renormalised at the edges. */
function taps(
  sourceSide: number,
  fullSide: number,
  offset: number,
  outputs: number,
  interpolation: Interpolation,
): Taps {
  const scale = sourceSide / fullSide;
  const kernel = interpolation === 'nearest' || scale === 1 ? null : KERNELS[interpolation];
  const length = Math.min(sourceSide, kernel ? kernel.support * 2 : 1);
  const first = new Int32Array(outputs);
  const weights = new Float64Array(outputs * length);
  for (let i = 0; i < outputs; i++) {
    const position = i + offset;
    if (position < 0 || position >= fullSide) continue;
    const center = (position + 0.5) * scale;
    const start = kernel ? Math.round(center - kernel.support) : Math.floor(center);
    first[i] = Math.min(Math.max(start, 0), sourceSide - length);
    if (!kernel) {
      weights[i] = 1;
      continue;
    }
    let sum = 0;
    for (let k = 0; k < length; k++) {
      const weight = kernel.weight((first[i] ?? 0) + k + 0.5 - center);
      weights[i * length + k] = weight;
      sum += weight;
    }
    for (let k = 0; k < length; k++) weights[i * length + k] = (weights[i * length + k] ?? 0) / sum;
  }
  return { length, first, weights };
}

/** Keys' cubic with a = -0.5. */
function cubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
