import type { Images } from '../contract/data.ts';
import type { ImageGeometry } from '../contract/encoder.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import type { Rng } from '../rng.ts';

/** Side of the coarse color grid under a drawn image: large enough areas that a network sees structure. */
const GRID = 4;
const NOISE = 24;
/** Every fourth image is one flat color: the least that an encoder can be given. */
const FLAT_EVERY = 4;

/** Drawn test images for an encoder when no folder is named: blurred color patches with noise, and flat colors. */
export function probeImages(
  geometry: Pick<ImageGeometry, 'height' | 'width'>,
  count: number,
  rng: Rng,
): Images {
  const { height, width } = geometry;
  const data = new Uint8Array(count * height * width * 3);
  for (let image = 0; image < count; image++) {
    const target = data.subarray(image * height * width * 3, (image + 1) * height * width * 3);
    if (image % FLAT_EVERY === FLAT_EVERY - 1) drawFlat(target, rng);
    else drawPatches(target, height, width, rng);
  }
  return hashedImages(data, count, height, width);
}

function drawFlat(target: Uint8Array, rng: Rng): void {
  const color = [rng.integer(256), rng.integer(256), rng.integer(256)];
  for (let i = 0; i < target.length; i++) target[i] = color[i % 3] ?? 0;
}

function drawPatches(target: Uint8Array, height: number, width: number, rng: Rng): void {
  const corners = Float32Array.from({ length: (GRID + 1) ** 2 * 3 }, () => rng.uniform() * 255);
  const corner = (row: number, column: number, channel: number): number =>
    corners[(row * (GRID + 1) + column) * 3 + channel] ?? 0;
  for (let y = 0, at = 0; y < height; y++) {
    const gridY = (y / height) * GRID;
    const row = Math.floor(gridY);
    for (let x = 0; x < width; x++) {
      const gridX = (x / width) * GRID;
      const column = Math.floor(gridX);
      for (let channel = 0; channel < 3; channel++, at++) {
        const top = mix(corner(row, column, channel), corner(row, column + 1, channel), gridX - column);
        const bottom = mix(
          corner(row + 1, column, channel),
          corner(row + 1, column + 1, channel),
          gridX - column,
        );
        const value = mix(top, bottom, gridY - row) + NOISE * (rng.uniform() - 0.5);
        target[at] = Math.min(255, Math.max(0, Math.round(value)));
      }
    }
  }
}

function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}
