import { assert, double, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashedImages } from '../datasets/image-hash.ts';
import { selectImages } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { gaussianBlur } from './blur.ts';
import { adjustBrightness, adjustContrast, adjustHue, adjustSaturation } from './color.ts';
import { drawFlipShift, writeFlipShifted, writePixels } from './flip-shift.ts';
import { resample } from './resample.ts';
import { simclrViews } from './simclr-views.ts';

const randomImages = (count: number, size: number, seed: number) => {
  const rng = createRng(seed);
  const data = Uint8Array.from({ length: count * size * size * 3 }, () => rng.integer(256));
  return hashedImages(data, count, size, size);
};

const closeTo = (actual: Iterable<number>, expected: readonly number[], tolerance = 1e-5) => {
  const values = [...actual];
  expect(values).toHaveLength(expected.length);
  for (const [at, value] of values.entries())
    expect(Math.abs(value - expected[at]!), `value ${at}`).toBeLessThan(tolerance);
};

describe('color', () => {
  test('hue turns red to green by a third and back again', () => {
    const pixels = Float32Array.of(1, 0, 0, 0.5, 0.25, 0.25);
    adjustHue(pixels, 1 / 3);
    closeTo(pixels, [0, 1, 0, 0.25, 0.5, 0.25]);
    adjustHue(pixels, -1 / 3);
    closeTo(pixels, [1, 0, 0, 0.5, 0.25, 0.25]);
  });

  test('a whole turn of the hue in four steps gives every color back', () => {
    const channel = double({ min: 0, max: 1, noNaN: true });
    assert(
      property(tuple(channel, channel, channel), (color) => {
        const pixels = Float32Array.from(color);
        for (let step = 0; step < 4; step++) adjustHue(pixels, 0.25);
        closeTo(pixels, color, 1e-4);
      }),
    );
  });

  test('saturation 0 leaves the luminance in all channels, brightness clips at white', () => {
    const pixels = Float32Array.of(1, 0.5, 0);
    adjustSaturation(pixels, 0);
    closeTo(pixels, [0.5924, 0.5924, 0.5924]);
    adjustBrightness(pixels, 1.8);
    closeTo(pixels, [1, 1, 1]);
  });

  test('contrast scales distances from the mean luminance', () => {
    const pixels = Float32Array.of(0.4, 0.4, 0.4, 0.6, 0.6, 0.6);
    adjustContrast(pixels, 0.5);
    closeTo(pixels, [0.45, 0.45, 0.45, 0.55, 0.55, 0.55], 1e-4);
  });
});

describe('resample', () => {
  test('shrinking averages areas, a fraction of a pixel counts by its share', () => {
    const row = [0, 3, 6].flatMap((value) => [value, value, value]);
    const image = [...row, ...row, ...row]; // 3 x 3
    const shrunk = resample(image, 3, { top: 0, left: 0, height: 3, width: 3 }, 2);
    // Columns [0, 1.5) and [1.5, 3): (0 + 3 / 2) / 1.5 and (3 / 2 + 6) / 1.5.
    closeTo(shrunk, [1, 1, 1, 5, 5, 5, 1, 1, 1, 5, 5, 5]);
  });

  test('enlarging interpolates between pixel centers and repeats the edge', () => {
    const image = [0, 0, 0, 4, 4, 4, 0, 0, 0, 4, 4, 4]; // 2 x 2
    const enlarged = resample(image, 2, { top: 0, left: 0, height: 2, width: 2 }, 4);
    closeTo(
      enlarged.subarray(0, 12).filter((_, at) => at % 3 === 0),
      [0, 1, 3, 4],
    );
  });

  test('a crop sees nothing outside its rectangle', () => {
    const image = Float32Array.from({ length: 16 * 3 }, (_, at) => Math.floor(at / 3)); // 4 x 4, value = pixel
    const crop = resample(image, 4, { top: 1, left: 2, height: 2, width: 2 }, 2);
    closeTo(
      crop.filter((_, at) => at % 3 === 0),
      [6, 7, 10, 11],
    );
  });
});

test('blur keeps a flat image flat and spreads a point symmetrically, without loss', () => {
  closeTo(gaussianBlur(new Float32Array(75).fill(0.3), 5, 3, 1.3), Array(75).fill(0.3));
  const point = new Float32Array(75);
  point[36] = 1; // center, red
  const blurred = gaussianBlur(point, 5, 3, 1);
  const neighbor = Math.exp(-0.5) / (1 + 2 * Math.exp(-0.5));
  expect(blurred[33]).toBeCloseTo(neighbor * (1 - 2 * neighbor), 6);
  expect(blurred[33]).toBeCloseTo(blurred[21]!, 6);
  expect(blurred.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
});

describe('flip and shift', () => {
  const size = 4;
  const image = Uint8Array.from({ length: size * size * 3 }, (_, at) => at);

  test('moves every pixel by the drawn amount after mirroring, edges repeated', () => {
    const target = new Float32Array(image.length);
    writeFlipShifted(image, target, size, { flip: true, right: 1, down: -1 });
    const pixel = (x: number, y: number) => (y * size + x) * 3;
    const at = (x: number, y: number) => Math.round(target[pixel(x, y)]! * 255);
    expect(at(1, 0)).toBe(pixel(3, 1));
    expect(at(3, 2)).toBe(pixel(1, 3));
    expect(at(0, 0)).toBe(pixel(3, 1));
    expect(at(2, 3)).toBe(pixel(2, 3));
  });

  test('without flip and shift equals the plain pixels in [0, 1]', () => {
    const [plain, moved] = [new Float32Array(image.length), new Float32Array(image.length)];
    writePixels(image, plain);
    writeFlipShifted(image, moved, size, { flip: false, right: 0, down: 0 });
    expect(moved).toEqual(plain);
    expect(plain[47]).toBeCloseTo(47 / 255, 7);
  });

  test('draws both orientations and all five shifts', () => {
    const rng = createRng(1);
    const draws = Array.from({ length: 300 }, () => drawFlipShift(rng));
    expect(new Set(draws.map(({ flip }) => flip)).size).toBe(2);
    expect([...new Set(draws.map(({ right }) => right))].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
  });
});

describe('SimCLR views', () => {
  const images = randomImages(6, 32, 7);

  test('a view depends on its image and stream, not on batch or order', () => {
    const views = simclrViews(images, 32, createRng('view-1'));
    const reordered = simclrViews(selectImages(images, [4, 1]), 32, createRng('view-1'));
    expect(reordered.hashes).toEqual([views.hashes[4], views.hashes[1]]);
    expect(simclrViews(images, 32, createRng('view-2')).hashes).not.toEqual(views.hashes);
  });

  test('views of a flat gray image stay flat: no border or rounding artefacts', () => {
    const gray = hashedImages(new Uint8Array(20 * 20 * 3).fill(120), 1, 20, 20);
    for (let draw = 0; draw < 20; draw++) {
      const { data } = simclrViews(gray, 16, createRng(draw));
      expect(data).toHaveLength(16 * 16 * 3);
      expect(Math.max(...data) - Math.min(...data)).toBeLessThanOrEqual(1);
    }
  });

  test('about a fifth of the views are gray', () => {
    const many = randomImages(150, 8, 3);
    const { data } = simclrViews(many, 8, createRng(5));
    let gray = 0;
    for (let image = 0; image < 150; image++) {
      const pixels = data.subarray(image * 192, (image + 1) * 192);
      if (pixels.every((value, at) => Math.abs(value - pixels[at - (at % 3)]!) <= 1)) gray += 1;
    }
    expect(gray).toBeGreaterThan(15);
    expect(gray).toBeLessThan(50);
  });
});
