import { imageBytes, type Images } from '../contract/data.ts';

/**
 * Two views of an image for finding near-duplicates: a small vector that a copy keeps (shifted by a pixel, re-encoded,
 * brightened), to pick candidates, and its luminance on a grid, to judge them.
 */
export interface Descriptors {
  readonly count: number;
  /** `[count, 64]`, unit length, zero mean: a blurred 8 x 8 luminance thumbnail in Haar coordinates, coarse ones first. */
  readonly vectors: Float32Array;
  /** Length of each vector beyond its first `COARSE` coordinates. */
  readonly tails: Float32Array;
  /** `[count, gridHeight, gridWidth]` luminance, 0 ... 255. */
  readonly grids: Float32Array;
  readonly gridHeight: number;
  readonly gridWidth: number;
  /** Images without texture: only their color can be compared. */
  readonly flat: Uint8Array;
  /** `[count, 3]` mean color. */
  readonly colors: Float32Array;
}

export const DIMENSIONS = 64;
export const COARSE = 16;
const THUMBNAIL_SIDE = 8;
/** Larger images are averaged down to this: finer detail does not survive re-encoding. */
const GRID_SIDE = 32;
/** Of the box blur before the thumbnail, so that a shift by one pixel hardly moves it. */
const BLUR_RADIUS = 2;
/** Standard deviation of luminance below which an image is flat. */
const FLAT = 2;

export function describeImages(images: Images): Descriptors {
  const gridHeight = Math.min(GRID_SIDE, images.height);
  const gridWidth = Math.min(GRID_SIDE, images.width);
  const area = gridHeight * gridWidth;
  const result = {
    count: images.count,
    vectors: new Float32Array(images.count * DIMENSIONS),
    tails: new Float32Array(images.count),
    grids: new Float32Array(images.count * area),
    gridHeight,
    gridWidth,
    flat: new Uint8Array(images.count),
    colors: new Float32Array(images.count * 3),
  };
  const size = imageBytes(images);
  for (let i = 0; i < images.count; i++) {
    const pixels = images.data.subarray(i * size, (i + 1) * size);
    const luminance = luminanceOf(pixels);
    const grid = average(luminance, images.height, images.width, gridHeight, gridWidth);
    result.grids.set(grid, i * area);
    result.colors.set(meanColor(pixels), i * 3);
    const thumbnail = average(
      blur(grid, gridHeight, gridWidth),
      gridHeight,
      gridWidth,
      THUMBNAIL_SIDE,
      THUMBNAIL_SIDE,
    );
    center(thumbnail);
    const length = Math.hypot(...thumbnail);
    if (length / THUMBNAIL_SIDE < FLAT) {
      result.flat[i] = 1;
      continue;
    }
    const vector = haar(thumbnail.map((value) => value / length));
    result.vectors.set(vector, i * DIMENSIONS);
    result.tails[i] = Math.hypot(...vector.subarray(COARSE));
  }
  return result;
}

/** ITU-R BT.601 weights, those of JPEG. */
function luminanceOf(pixels: Uint8Array): Float32Array {
  const result = new Float32Array(pixels.length / 3);
  for (let i = 0; i < result.length; i++)
    result[i] =
      0.299 * (pixels[3 * i] ?? 0) + 0.587 * (pixels[3 * i + 1] ?? 0) + 0.114 * (pixels[3 * i + 2] ?? 0);
  return result;
}

function meanColor(pixels: Uint8Array): [number, number, number] {
  const sum: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < pixels.length; i += 3) {
    sum[0] += pixels[i] ?? 0;
    sum[1] += pixels[i + 1] ?? 0;
    sum[2] += pixels[i + 2] ?? 0;
  }
  const count = pixels.length / 3;
  return [sum[0] / count, sum[1] / count, sum[2] / count];
}

/** Means of the cells of a grid laid over the source; where the source is smaller than the grid, its values repeat. */
function average(
  source: Float32Array,
  height: number,
  width: number,
  rows: number,
  columns: number,
): Float32Array {
  if (rows === height && columns === width) return source;
  const result = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const top = Math.floor((row * height) / rows);
    const bottom = Math.max(top + 1, Math.floor(((row + 1) * height) / rows));
    for (let column = 0; column < columns; column++) {
      const left = Math.floor((column * width) / columns);
      const right = Math.max(left + 1, Math.floor(((column + 1) * width) / columns));
      let sum = 0;
      for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += source[y * width + x] ?? 0;
      result[row * columns + column] = sum / ((bottom - top) * (right - left));
    }
  }
  return result;
}

function blur(source: Float32Array, height: number, width: number): Float32Array {
  const across = boxBlur(source, height, width, width, 1);
  return boxBlur(across, width, height, 1, width);
}

/** Running means along `length` values `step` apart, for `lines` lines `lineStep` apart; shorter at the ends. */
function boxBlur(
  source: Float32Array,
  lines: number,
  length: number,
  lineStep: number,
  step: number,
): Float32Array {
  const result = new Float32Array(source.length);
  for (let line = 0; line < lines; line++)
    for (let i = 0; i < length; i++) {
      const first = Math.max(0, i - BLUR_RADIUS);
      const last = Math.min(length - 1, i + BLUR_RADIUS);
      let sum = 0;
      for (let k = first; k <= last; k++) sum += source[line * lineStep + k * step] ?? 0;
      result[line * lineStep + i * step] = sum / (last - first + 1);
    }
  return result;
}

function center(values: Float32Array): void {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) - mean;
}

/** One orthonormal Haar step on the 8 x 8 thumbnail: 16 sums of 2 x 2 blocks, then their 48 differences. */
function haar(thumbnail: Float32Array): Float32Array {
  const result = new Float32Array(DIMENSIONS);
  for (let block = 0; block < COARSE; block++) {
    const at = Math.floor(block / 4) * 2 * THUMBNAIL_SIDE + (block % 4) * 2;
    const a = thumbnail[at] ?? 0;
    const b = thumbnail[at + 1] ?? 0;
    const c = thumbnail[at + THUMBNAIL_SIDE] ?? 0;
    const d = thumbnail[at + THUMBNAIL_SIDE + 1] ?? 0;
    result[block] = (a + b + c + d) / 2;
    result[COARSE + block] = (a + b - c - d) / 2;
    result[2 * COARSE + block] = (a - b + c - d) / 2;
    result[3 * COARSE + block] = (a - b - c + d) / 2;
  }
  return result;
}
