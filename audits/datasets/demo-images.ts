import type { LabelledImages } from '../contract/data.ts';
import { createRng, type Rng } from '../rng.ts';
import { demoShapes, type SignedDistance } from './demo-shapes.ts';
import { hashedImages } from './image-hash.ts';

/**
 * The demo's images: one shape each in random color, place, size and turn, textured, on an uneven background, partly
 * covered, with pixel noise. Drawn at run time from a seed; nothing is stored. The nuisance is there so that raw pixels
 * do not give the class away while a trained encoder finds it.
 */

export const DEMO_SIDE = 32;
export const demoClasses: readonly string[] = demoShapes.map(({ name }) => name);

/** Least distance between shape and background in RGB (0 ... 441): less and people could not tell either. */
const LEAST_CONTRAST = 110;
/**
 * Channel levels of backgrounds, shapes and covers. Measured with a linear probe, 2 000 rows to fit: a random small CNN
 * reads 27 % of the classes with 64 numbers and 37 % with 256, encoders trained on photographs 95 % and more. With shapes
 * both lighter and darker than their background the random one falls to chance.
 */
const LEVELS = { background: [35, 95], shape: [150, 240], cover: [25, 230] } as const;
/** Knots per side of the background's slow variation. */
const KNOTS = 5;

type Color = readonly [number, number, number];

/**
 * Draws `count` images, classes in turn. Image `i` depends on seed and `i` alone.
 * @param size side in pixels
 */
export function drawDemoImages(options: {
  readonly count: number;
  readonly seed: number | string;
  readonly size?: number;
}): LabelledImages {
  const size = options.size ?? DEMO_SIDE;
  const bytes = size * size * 3;
  const data = new Uint8Array(options.count * bytes);
  for (let i = 0; i < options.count; i++) data.set(drawDemoImage(options.seed, i, size), i * bytes);
  return {
    images: hashedImages(data, options.count, size, size),
    labels: Int32Array.from({ length: options.count }, (_, i) => demoLabel(i)),
    classes: demoClasses,
  };
}

export function demoLabel(index: number): number {
  return index % demoShapes.length;
}

/** RGB pixels `[size, size, 3]` of one image. */
export function drawDemoImage(seed: number | string, index: number, size: number): Uint8Array {
  const rng = createRng(`demo-images/${seed}/${index}`);
  const shape = demoShapes[demoLabel(index)];
  if (!shape) throw new RangeError(`no shape for image ${index}`);
  const canvas = paintBackground(rng, size);
  paintShape(canvas, shape.distance, rng, size);
  const covers = rng.integer(3);
  for (let i = 0; i < covers; i++) paintCover(canvas, rng, size);
  const noise = 2 + 8 * rng.uniform();
  // The clamped array rounds and cuts to 0 ... 255.
  const pixels = new Uint8ClampedArray(canvas.length);
  for (let i = 0; i < canvas.length; i++) pixels[i] = (canvas[i] ?? 0) + noise * triangular(rng);
  return new Uint8Array(pixels.buffer);
}

/** A slope between two colors, a slow random variation, and sometimes faint waves. */
function paintBackground(rng: Rng, size: number): Float32Array {
  const canvas = new Float32Array(size * size * 3);
  const from = randomColor(rng, LEVELS.background);
  const to = nearColor(from, 30, rng);
  const slope = direction(rng);
  const waves = texture(rng, 10);
  const knots = Float32Array.from({ length: KNOTS * KNOTS }, () => 12 * triangular(rng));
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const [x, y] = [(2 * column + 1) / size - 1, (2 * row + 1) / size - 1];
      const along = 0.5 + (x * slope[0] + y * slope[1]) / 2.8;
      const shade = smooth(knots, x, y) + waves(x, y);
      const at = (row * size + column) * 3;
      for (let channel = 0; channel < 3; channel++)
        canvas[at + channel] = mix(from[channel] ?? 0, to[channel] ?? 0, along) + shade;
    }
  return canvas;
}

function paintShape(canvas: Float32Array, distance: SignedDistance, rng: Rng, size: number): void {
  const radius = 0.5 + 0.27 * rng.uniform();
  const room = 0.95 - radius;
  const [centerX, centerY] = [room * (2 * rng.uniform() - 1), room * (2 * rng.uniform() - 1)];
  const [cosine, sine] = direction(rng);
  const stretch = 0.85 + 0.3 * rng.uniform();
  const fill = contrastingColor(canvas, rng, size);
  const shading = direction(rng);
  const waves = texture(rng, 14);
  // From the shape's units to pixels, for an edge one pixel wide.
  const pixelsPerUnit = (radius * size) / 2;
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const x = ((2 * column + 1) / size - 1 - centerX) / radius;
      const y = ((2 * row + 1) / size - 1 - centerY) / radius;
      const coverage =
        0.5 - distance((x * cosine + y * sine) * stretch, (y * cosine - x * sine) / stretch) * pixelsPerUnit;
      if (coverage <= 0) continue;
      const shade = 18 * (x * shading[0] + y * shading[1]) + waves(x, y);
      blend(canvas, (row * size + column) * 3, fill, shade, Math.min(coverage, 1));
    }
}

/** A small ellipse or bar of any color, anywhere. */
function paintCover(canvas: Float32Array, rng: Rng, size: number): void {
  const [cosine, sine] = direction(rng);
  const [centerX, centerY] = [2 * rng.uniform() - 1, 2 * rng.uniform() - 1];
  const [halfWidth, halfHeight] = [0.12 + 0.25 * rng.uniform(), 0.06 + 0.1 * rng.uniform()];
  const power = rng.uniform() < 0.5 ? 2 : 8;
  const color = randomColor(rng, LEVELS.cover);
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const x = (2 * column + 1) / size - 1 - centerX;
      const y = (2 * row + 1) / size - 1 - centerY;
      const u = Math.abs(x * cosine + y * sine) / halfWidth;
      const v = Math.abs(y * cosine - x * sine) / halfHeight;
      if (u > 1.5 || v > 1.5) continue;
      const coverage = 0.5 + (1 - (u ** power + v ** power) ** (1 / power)) * halfHeight * (size / 2);
      if (coverage > 0) blend(canvas, (row * size + column) * 3, color, 0, Math.min(coverage, 1));
    }
}

function blend(canvas: Float32Array, at: number, color: Color, shade: number, coverage: number): void {
  for (let channel = 0; channel < 3; channel++)
    canvas[at + channel] = mix(canvas[at + channel] ?? 0, (color[channel] ?? 0) + shade, coverage);
}

/** Sine waves of random direction and frequency; flat for half of the images. */
function texture(rng: Rng, strength: number): (x: number, y: number) => number {
  const [directionX, directionY] = direction(rng);
  const frequency = 6 + 12 * rng.uniform();
  const phase = 2 * Math.PI * rng.uniform();
  const amplitude = strength * Math.max(0, 2 * rng.uniform() - 1);
  if (amplitude === 0) return () => 0;
  return (x, y) => amplitude * Math.sin(frequency * (x * directionX + y * directionY) + phase);
}

/** Bilinear between knots on a square grid over -1 ... 1. */
function smooth(knots: Float32Array, x: number, y: number): number {
  const u = ((x + 1) / 2) * (KNOTS - 1);
  const v = ((y + 1) / 2) * (KNOTS - 1);
  const [i, j] = [Math.min(Math.floor(u), KNOTS - 2), Math.min(Math.floor(v), KNOTS - 2)];
  const at = j * KNOTS + i;
  return mix(
    mix(knots[at] ?? 0, knots[at + 1] ?? 0, u - i),
    mix(knots[at + KNOTS] ?? 0, knots[at + KNOTS + 1] ?? 0, u - i),
    v - j,
  );
}

/** A color that stands out against the background's mean; the farthest of a few draws if none does. */
function contrastingColor(canvas: Float32Array, rng: Rng, size: number): Color {
  const mean = [0, 0, 0];
  for (let i = 0; i < canvas.length; i++) mean[i % 3] = (mean[i % 3] ?? 0) + (canvas[i] ?? 0) / (size * size);
  let best = randomColor(rng, LEVELS.shape);
  const contrast = (color: Color): number =>
    Math.hypot(...color.map((value, channel) => value - (mean[channel] ?? 0)));
  for (let draw = 0; draw < 8 && contrast(best) < LEAST_CONTRAST; draw++) {
    const other = randomColor(rng, LEVELS.shape);
    if (contrast(other) > contrast(best)) best = other;
  }
  return best;
}

function randomColor(rng: Rng, [from, to]: readonly [number, number]): Color {
  const channel = (): number => from + (to - from) * rng.uniform();
  return [channel(), channel(), channel()];
}

function nearColor([red, green, blue]: Color, distance: number, rng: Rng): Color {
  return [
    red + distance * triangular(rng),
    green + distance * triangular(rng),
    blue + distance * triangular(rng),
  ];
}

function direction(rng: Rng): readonly [number, number] {
  const angle = 2 * Math.PI * rng.uniform();
  return [Math.cos(angle), Math.sin(angle)];
}

/** Symmetric noise in -1 ... 1; cheaper than a normal and bounded. */
function triangular(rng: Rng): number {
  return rng.uniform() - rng.uniform();
}

function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}
