import type { ImageLayout, Pooling } from '../contract/encoder.ts';
import type { HostTensor } from '../contract/engine.ts';

/**
 * One vector per image out of whatever the chosen output holds.
 * - `[rows, dim]` passes as it is.
 * - `[rows, tokens, dim]`: `cls` takes the first token, `mean` the mean of all.
 * - `[rows, channels, height, width]` (or `[rows, height, width, channels]`): `mean` over positions.
 * - `none` strings the values of higher ranks together.
 * @param rows how many leading rows to keep: a padded batch has more
 * @param layout decides what a rank-4 output is when its shape does not
 * @returns row-major `[rows, dimension]`
 */
export function poolOutput(
  tensor: HostTensor,
  rows: number,
  pooling: Pooling,
  layout: ImageLayout,
): { readonly data: Float32Array; readonly dimension: number } {
  const rest = tensor.shape.slice(1);
  const perRow = rest.reduce((product, size) => product * size, 1);
  const values = Float32Array.from(tensor.data.subarray(0, rows * perRow));
  if (pooling === 'none' || rest.length < 2) return { data: values, dimension: perRow };
  if (rest.length === 2) {
    const [tokens = 1, dimension = 1] = rest;
    return pooling === 'cls'
      ? { data: firstTokens(values, rows, tokens, dimension), dimension }
      : { data: meanOver(values, rows, tokens, dimension, { position: dimension, channel: 1 }), dimension };
  }
  const axes = featureMapLayout(rest, layout);
  const dimension = (axes === 'nchw' ? rest[0] : rest.at(-1)) ?? 1;
  const positions = perRow / dimension;
  const strides = axes === 'nchw' ? { position: 1, channel: positions } : { position: dimension, channel: 1 };
  return { data: meanOver(values, rows, positions, dimension, strides), dimension };
}

/** Square maps give themselves away: `[c, s, s]` or `[s, s, c]`; otherwise the output follows the input. */
export function featureMapLayout(shape: readonly (number | string)[], inputLayout: ImageLayout): ImageLayout {
  const [first, second, third] = shape;
  if (typeof second === 'number' && second === third && first !== second) return 'nchw';
  if (typeof first === 'number' && first === second && third !== second) return 'nhwc';
  return inputLayout;
}

function firstTokens(values: Float32Array, rows: number, tokens: number, dimension: number): Float32Array {
  const pooled = new Float32Array(rows * dimension);
  for (let row = 0; row < rows; row++) {
    const start = row * tokens * dimension;
    pooled.set(values.subarray(start, start + dimension), row * dimension);
  }
  return pooled;
}

function meanOver(
  values: Float32Array,
  rows: number,
  positions: number,
  dimension: number,
  stride: { readonly position: number; readonly channel: number },
): Float32Array {
  const pooled = new Float32Array(rows * dimension);
  for (let row = 0; row < rows; row++) {
    const start = row * positions * dimension;
    for (let channel = 0; channel < dimension; channel++) {
      let sum = 0;
      for (let position = 0; position < positions; position++)
        sum += values[start + position * stride.position + channel * stride.channel] ?? 0;
      pooled[row * dimension + channel] = sum / positions;
    }
  }
  return pooled;
}
