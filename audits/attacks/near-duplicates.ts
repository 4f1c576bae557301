import { type Images, imageBytes } from '../contract/data.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import type { Rng } from '../rng.ts';

/** Small changes of an image: what a view shows of it. */
export const changeKinds = ['mixed', 'grey', 'shift', 'crop'] as const;
export type ChangeKind = (typeof changeKinds)[number];

type Change =
  /** Levels added to red, green and blue: -1, 0 or 1 each. */
  | { readonly kind: 'grey'; readonly levels: readonly [number, number, number] }
  /** Pixels to the right and down; the border is repeated. */
  | { readonly kind: 'shift'; readonly right: number; readonly down: number }
  /** The picture from `left`, `top` on, two pixels narrower and lower, enlarged to the old size. */
  | { readonly kind: 'crop'; readonly left: number; readonly top: number };

const signs = [-1, 0, 1];

const changes: Readonly<Record<ChangeKind, readonly Change[]>> = ((): Record<
  ChangeKind,
  readonly Change[]
> => {
  const grey = signs
    .flatMap((red) => signs.flatMap((green) => signs.map((blue) => [red, green, blue] as const)))
    .filter((levels) => levels.some((level) => level !== 0))
    .map((levels): Change => ({ kind: 'grey', levels }));
  const shift = signs
    .flatMap((right) => signs.map((down) => ({ right, down })))
    .filter(({ right, down }) => right !== 0 || down !== 0)
    .map(({ right, down }): Change => ({ kind: 'shift', right, down }));
  const crop = [0, 1, 2].flatMap((left) => [0, 1, 2].map((top): Change => ({ kind: 'crop', left, top })));
  // In thirds, so that few views already hold all kinds.
  const mixed = shift.flatMap((moved, at) => [moved, grey[3 * at] as Change, crop[at] as Change]);
  return { grey, shift, crop, mixed };
})();

/** Views of one image that differ from each other, the image itself included. */
export function mostViews(kind: ChangeKind): number {
  return changes[kind].length + 1;
}

/**
 * View number `view` of every image: 0 is the image itself, each other one a small change. Which change a number stands for
 * is drawn per image (from its identity), so that what a change does to an embedding averages out over images.
 * @returns as many images, of the same size
 */
export function nearDuplicates(images: Images, view: number, kind: ChangeKind, rng: Rng): Images {
  if (view === 0) return images;
  const size = imageBytes(images);
  const data = new Uint8Array(images.data.length);
  for (let image = 0; image < images.count; image++) {
    const choices = changes[kind];
    const order = rng.derive(images.hashes[image] ?? '').permutation(choices.length);
    const change = choices[order[view - 1] ?? choices.length];
    if (change === undefined) throw new RangeError(`view ${view} of ${choices.length + 1} (${kind})`);
    const source = images.data.subarray(image * size, (image + 1) * size);
    data.set(changed(source, images.height, images.width, change), image * size);
  }
  return hashedImages(data, images.count, images.height, images.width);
}

function changed(source: Uint8Array, height: number, width: number, change: Change): Uint8Array {
  if (change.kind === 'grey')
    return source.map((value, at) => {
      const level = change.levels[at % 3] ?? 0;
      // A level that does not exist is taken on the other side: a view must never be the image itself.
      return value + level < 0 || value + level > 255 ? value - level : value + level;
    });
  if (change.kind === 'shift')
    return resampled(
      source,
      height,
      width,
      (y) => y - change.down,
      (x) => x - change.right,
    );
  const [tall, wide] = [(height - 3) / (height - 1), (width - 3) / (width - 1)];
  return resampled(
    source,
    height,
    width,
    (y) => change.top + y * tall,
    (x) => change.left + x * wide,
  );
}

/** Bilinear; places outside the image show its border. */
function resampled(
  source: Uint8Array,
  height: number,
  width: number,
  rowOf: (y: number) => number,
  columnOf: (x: number) => number,
): Uint8Array {
  const inside = (place: number, length: number): number => Math.min(length - 1, Math.max(0, place));
  const data = new Uint8Array(source.length);
  for (let y = 0; y < height; y++) {
    const row = inside(rowOf(y), height);
    const [upper, lower] = [Math.floor(row), Math.ceil(row)];
    for (let x = 0; x < width; x++) {
      const column = inside(columnOf(x), width);
      const [left, right] = [Math.floor(column), Math.ceil(column)];
      for (let channel = 0; channel < 3; channel++) {
        const pixel = (at: number, across: number): number =>
          source[(at * width + across) * 3 + channel] ?? 0;
        const above = pixel(upper, left) + (column - left) * (pixel(upper, right) - pixel(upper, left));
        const below = pixel(lower, left) + (column - left) * (pixel(lower, right) - pixel(lower, left));
        data[(y * width + x) * 3 + channel] = Math.round(above + (row - upper) * (below - above));
      }
    }
  }
  return data;
}
