import type { PixelRange, Preprocessing } from '../contract/encoder.ts';
import { imageBytes, type Images } from '../contract/data.ts';

/** `value * scale + shift` takes a pixel 0...255 into the range. */
const ranges: Readonly<Record<PixelRange, { readonly scale: number; readonly shift: number }>> = {
  '0-1': { scale: 1 / 255, shift: 0 },
  '0-255': { scale: 1, shift: 0 },
  '-1-1': { scale: 1 / 127.5, shift: -1 },
};

/** What happens to pixels 0 and 255 of each channel (in RGB order) between decoding and the input tensor. */
export function pixelEnds(
  preprocessing: Preprocessing,
): readonly { readonly zero: number; readonly full: number }[] {
  return [0, 1, 2].map((channel) => ({
    zero: normalizedValue(preprocessing, channel, 0),
    full: normalizedValue(preprocessing, channel, 255),
  }));
}

/** Mean and standard deviation are given in the order in which the encoder wants the channels. */
function normalizedValue(preprocessing: Preprocessing, channel: number, pixel: number): number {
  const { scale, shift } = ranges[preprocessing.range];
  const slot = preprocessing.channels === 'rgb' ? channel : 2 - channel;
  return (pixel * scale + shift - (preprocessing.mean[slot] ?? 0)) / (preprocessing.std[slot] ?? 1);
}

/** For each channel of the tensor: which channel of the image it is and its 256 possible values. */
function channelTables(
  preprocessing: Preprocessing,
): readonly { readonly source: number; readonly values: Float32Array }[] {
  return [0, 1, 2].map((slot) => {
    const source = preprocessing.channels === 'rgb' ? slot : 2 - slot;
    return {
      source,
      values: Float32Array.from({ length: 256 }, (_, pixel) => normalizedValue(preprocessing, source, pixel)),
    };
  });
}

export type TensorWriter = (images: Images, target: Float32Array | Uint8Array) => void;

/**
 * A function that writes images (already at the input size, RGB, NHWC bytes) as the encoder's input tensor:
 * `[count, 3, height, width]` or `[count, height, width, 3]`.
 * A Uint8Array target receives the values rounded and clamped to 0...255.
 */
export function tensorWriter(preprocessing: Preprocessing): TensorWriter {
  const tables = channelTables(preprocessing);
  const planar = preprocessing.layout === 'nchw';
  return (images, target) => {
    const size = imageBytes(images);
    const positions = images.height * images.width;
    const convert = target instanceof Uint8Array ? byte : (value: number): number => value;
    for (const [slot, { source, values }] of tables.entries()) {
      const start = planar ? slot * positions : slot;
      const step = planar ? 1 : 3;
      for (let image = 0; image < images.count; image++) {
        let from = image * size + source;
        let to = image * size + start;
        for (let position = 0; position < positions; position++, from += 3, to += step)
          target[to] = convert(values[images.data[from] ?? 0] ?? 0);
      }
    }
  };
}

function byte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}
