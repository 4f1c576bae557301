import { assert, asyncProperty, integer } from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { imageBytes, selectImages } from '../contract/data.ts';
import type { CompiledStep, Engine, HostTensor } from '../contract/engine.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import { createRng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import type { Tensor, Tensor4D } from '../tensor/ops.ts';
import { augment, drawBatch, drawInputs } from './augmentation.ts';
import type { Augmentation } from './augmentation.ts';
import { augmentImages } from './augment-images.ts';
import { drawJitter } from './color-jitter.ts';
import { operationIds } from './rand-augment-operations.ts';
import { augmentationIds, augmentationSets, openAugmentation } from './registry.ts';

const SIZE = 12;
const LENGTH = SIZE * SIZE * 3;
const onnx = await createEngine('onnx', { threads: 1 });
const reference = await createEngine('reference', { threads: 1 });
afterAll(async () => {
  await onnx.dispose();
  await reference.dispose();
});

const randomBytes = (count: number, seed: number, size = SIZE): Uint8Array => {
  const rng = createRng(seed);
  return Uint8Array.from({ length: count * size * size * 3 }, () => rng.integer(256));
};
const randomImages = (count: number, size: number, seed: number) =>
  hashedImages(randomBytes(count, seed, size), count, size, size);
const inUnits = (bytes: Uint8Array): Float32Array => Float32Array.from(bytes, (byte) => byte / 255);

/** `apply` once or several times with the same draws. */
function compile(
  engine: Engine,
  augmentation: Augmentation,
  batch: number,
  times = 1,
): Promise<CompiledStep> {
  return engine.compile<Tensor>({
    name: 'augment',
    state: {},
    inputs: {
      images: { shape: [batch, SIZE, SIZE, 3], dtype: 'float32' },
      ...drawInputs(augmentation, batch, ''),
    },
    step(_, inputs) {
      let images = inputs['images'] as Tensor4D;
      for (let time = 0; time < times; time++) images = augment(augmentation, images, inputs, '');
      return { state: {}, outputs: { images } };
    },
  });
}

async function run(
  step: CompiledStep,
  pixels: Float32Array,
  draws: Readonly<Record<string, HostTensor>>,
): Promise<Float32Array> {
  const shape = [pixels.length / LENGTH, SIZE, SIZE, 3];
  const { images } = await step.run({ images: { shape, data: pixels }, ...draws });
  return Float32Array.from(images?.data ?? []);
}

function largestDifference(actual: Float32Array, expected: Float32Array): number {
  expect(actual).toHaveLength(expected.length);
  return actual.reduce((worst, value, at) => {
    const difference = Math.abs(value - (expected[at] ?? Number.NaN));
    return difference <= worst ? worst : difference;
  }, 0);
}

const rowOf = (draws: Readonly<Record<string, HostTensor>>, row: number): Record<string, HostTensor> =>
  Object.fromEntries(
    Object.entries(draws).map(([name, { shape, data }]) => {
      const numbers = shape[1] ?? 0;
      return [name, { shape: [1, numbers], data: data.slice(row * numbers, (row + 1) * numbers) }];
    }),
  );

test('the registry lists every set under its id, and each opens with its defaults', () => {
  expect(augmentationSets.map(({ id }) => id)).toEqual(augmentationIds);
  for (const id of augmentationIds) expect(openAugmentation(id)).toBeDefined();
  expect(() => openAugmentation('mixup')).toThrow(/no augmentation "mixup"/);
  expect(() => openAugmentation('simclr', { flip: 2 })).toThrow();
});

/** Every set with its defaults, and RandAugment in its other interpolation with more operations. */
const opened: readonly (readonly [string, Augmentation])[] = [
  ...augmentationIds.map((id) => [id, openAugmentation(id)] as const),
  ['rand-augment, bilinear', openAugmentation('rand-augment', { interpolation: 'bilinear', operations: 3 })],
];

describe.each(opened)('%s', (_, augmentation) => {
  test('draws what it says, and the same from the same stream', () => {
    const draws = augmentation.drawImage(createRng(4), SIZE);
    expect(augmentation.drawImage(createRng(4), SIZE)).toEqual(draws);
    const lengths = Object.fromEntries(Object.entries(draws).map(([name, values]) => [name, values.length]));
    expect(lengths).toEqual(augmentation.draws);
  });

  test('computes the same on both engines, in [0, 1], and for a batch as row by row', async () => {
    const batch = 16;
    const [step, eager, single] = await Promise.all([
      compile(onnx, augmentation, batch),
      compile(reference, augmentation, batch),
      compile(onnx, augmentation, 1),
    ]);
    await assert(
      asyncProperty(integer({ min: 0, max: 1e6 }), async (seed) => {
        const pixels = inUnits(randomBytes(batch, seed));
        const draws = drawBatch(augmentation, batch, SIZE, createRng(seed), '');
        const result = await run(step, pixels, draws);
        expect(largestDifference(result, await run(eager, pixels, draws))).toBeLessThan(1e-4);
        for (const value of result) expect(value >= 0 && value <= 1).toBe(true);
        const row = seed % batch;
        const range = [row * LENGTH, (row + 1) * LENGTH] as const;
        const alone = await run(single, pixels.slice(...range), rowOf(draws, row));
        expect(largestDifference(alone, result.slice(...range))).toBeLessThan(1e-5);
      }),
      { numRuns: 5, seed: 1 },
    );
    for (const each of [step, eager, single]) await each.dispose();
  });
});

const still: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ['none', {}],
  ['simclr', { areaShare: [1, 1], aspectRatio: [1, 1], flip: 0, jitter: 0, grayscale: 0, blur: 0 }],
  ['simclr', { areaShare: [1, 1], aspectRatio: [1, 1], flip: 0, brightness: 0, contrast: 0, saturation: 0, hue: 0, grayscale: 0, blurSigma: [0.01, 0.02] }], // prettier-ignore
  ['stolen-encoder', { flip: 0, jitter: 0, grayscale: 0 }],
  ['rand-augment', { operations: 0, flip: 0, padding: 0 }],
];
test.each(still)('%s with everything switched off leaves images as they are: %j', async (id, parameters) => {
  const augmentation = openAugmentation(id, parameters);
  const pixels = inUnits(randomBytes(8, 2));
  const step = await compile(onnx, augmentation, 8);
  const result = await run(step, pixels, drawBatch(augmentation, 8, SIZE, createRng(3), ''));
  await step.dispose();
  expect(largestDifference(result, pixels)).toBeLessThan(2e-6);
});

test('turned views are SimCLR’s, turned: by nothing they are the same, by any angle their corners are black', async () => {
  const batch = 16;
  const pixels = inUnits(randomBytes(batch, 2)).map((value) => 0.5 + value / 2);
  const results: Float32Array[] = [];
  for (const [id, parameters] of [
    ['simclr', {}],
    ['simclr-rotation', { degrees: 1e-9 }],
    ['simclr-rotation', {}],
  ] as const) {
    const augmentation = openAugmentation(id, parameters);
    const draws = drawBatch(augmentation, batch, SIZE, (image) => createRng(image), '');
    const step = await compile(onnx, augmentation, batch);
    results.push(await run(step, pixels, draws));
    await step.dispose();
  }
  const [plain, unturned, turned] = results as [Float32Array, Float32Array, Float32Array];
  expect(unturned).toEqual(plain);
  const blackCorners = (views: Float32Array): number =>
    Array.from({ length: batch }, (_, image) => views[image * LENGTH] ?? 1).filter((value) => value === 0)
      .length;
  expect(blackCorners(plain)).toBe(0);
  // A turn by less than 5 degrees to one of the sides leaves the corner's pixel inside.
  expect(blackCorners(turned)).toBeGreaterThan(batch / 2);
});

test('magnitude 0 leaves images as they are, but for the two operations that have no magnitude', async () => {
  const augmentation = openAugmentation('rand-augment', { operations: 1, magnitude: 0, flip: 0, padding: 0 });
  const batch = 64;
  // Solarize inverts what reaches its threshold, at magnitude 0 that is white.
  const pixels = inUnits(randomBytes(batch, 2)).map((value) => Math.min(value, 0.99));
  const draws = drawBatch(augmentation, batch, SIZE, createRng(3), '');
  const step = await compile(onnx, augmentation, batch);
  const result = await run(step, pixels, draws);
  await step.dispose();
  const asked = (name: string, row: number): boolean => draws[name]?.data[row] === 1;
  let compared = 0;
  for (let row = 0; row < batch; row++) {
    // Posterize keeps all bits and still rounds 0.99, which lies between two bytes.
    if (asked('0/autocontrast', row) || asked('0/equalize', row) || asked('0/posterize', row)) continue;
    compared += 1;
    const range = [row * LENGTH, (row + 1) * LENGTH] as const;
    expect(largestDifference(result.slice(...range), pixels.slice(...range))).toBeLessThan(2e-6);
  }
  expect(compared).toBeGreaterThan(batch / 2);
});

test('a flip twice gives the image back, once it does not', async () => {
  const augmentation = openAugmentation('stolen-encoder', { flip: 1, jitter: 0, grayscale: 0 });
  const pixels = inUnits(randomBytes(4, 5));
  const draws = drawBatch(augmentation, 4, SIZE, createRng(6), '');
  const [once, twice] = [await compile(onnx, augmentation, 4), await compile(onnx, augmentation, 4, 2)];
  expect(largestDifference(await run(once, pixels, draws), pixels)).toBeGreaterThan(0.1);
  // The colors went through HSV and back, which rounds.
  expect(largestDifference(await run(twice, pixels, draws), pixels)).toBeLessThan(2e-6);
  await once.dispose();
  await twice.dispose();
});

test('four quarter turns of the hue give every color back', async () => {
  const colors = openAugmentation('stolen-encoder', { flip: 0, grayscale: 0 });
  const turn = { shape: [4, 1], data: new Float32Array(4).fill(0.25) };
  const pixels = inUnits(randomBytes(4, 8));
  const unchanged = openAugmentation('stolen-encoder', { flip: 0, jitter: 0, grayscale: 0 });
  const draws = { ...drawBatch(unchanged, 4, SIZE, createRng(1), ''), hue: turn };
  const step = await compile(onnx, colors, 4, 4);
  expect(largestDifference(await run(step, pixels, draws), pixels)).toBeLessThan(1e-5);
  await step.dispose();
});

test('color jitter draws every order: the hue comes first to last, and each blend anywhere', () => {
  const rng = createRng(1);
  const strength = { brightness: 0.5, contrast: 0.5, saturation: 0.5, hue: 0.1 };
  const orders = new Set<string>();
  for (let draw = 0; draw < 1000; draw++) {
    const { before, after } = drawJitter(rng, strength);
    const kinds = (weights: readonly number[]): string =>
      [0, 3, 6]
        .map((at) => {
          const [image = 0, luminance = 0, mean = 0] = weights.slice(at, at + 3);
          if (luminance !== 0) return 'S';
          if (mean !== 0) return 'C';
          return image === 1 ? '' : 'B';
        })
        .join('');
    orders.add(`${kinds(before)}H${kinds(after)}`);
  }
  expect(orders.size).toBe(24);
});

test('RandAugment draws each of its operations, in both directions', () => {
  const augmentation = openAugmentation('rand-augment', { operations: 1, interpolation: 'bilinear' });
  const rng = createRng(2);
  const drawn = new Set<string>();
  for (let draw = 0; draw < 2000; draw++) {
    const { flip: _, move: __, ...layer } = augmentation.drawImage(rng, 32);
    drawn.add(JSON.stringify(layer));
  }
  const signed = 9;
  expect(operationIds).toHaveLength(14);
  expect(drawn.size).toBe(14 + signed);
});

describe('flip and shift', () => {
  const augmentation = openAugmentation('flip-shift');

  test('moves every pixel by the drawn amount after mirroring, edges repeated', () => {
    const size = 4;
    const image = Uint8Array.from({ length: size * size * 3 }, (_, at) => at);
    const target = new Float32Array(image.length);
    augmentation.applyOnHost?.(image, target, size, { flip: [1], move: [1, -1] });
    const pixel = (x: number, y: number) => (y * size + x) * 3;
    const at = (x: number, y: number) => Math.round(target[pixel(x, y)]! * 255);
    expect(at(1, 0)).toBe(pixel(3, 1));
    expect(at(3, 2)).toBe(pixel(1, 3));
    expect(at(0, 0)).toBe(pixel(3, 1));
    expect(at(2, 3)).toBe(pixel(2, 3));
  });

  test('the host computes bit for bit what a step computes', async () => {
    const batch = 40;
    const bytes = randomBytes(batch, 9);
    const draws = drawBatch(augmentation, batch, SIZE, createRng(10), '');
    const step = await compile(onnx, augmentation, batch);
    const result = await run(step, inUnits(bytes), draws);
    await step.dispose();
    const rng = createRng(10);
    const host = new Float32Array(bytes.length);
    for (let start = 0; start < bytes.length; start += LENGTH) {
      const target = host.subarray(start, start + LENGTH);
      const source = bytes.subarray(start, start + LENGTH);
      augmentation.applyOnHost?.(source, target, SIZE, augmentation.drawImage(rng, SIZE));
    }
    expect(result).toEqual(host);
  });

  test('draws both orientations and all five shifts', () => {
    const rng = createRng(1);
    const draws = Array.from({ length: 300 }, () => augmentation.drawImage(rng, SIZE));
    expect(new Set(draws.map(({ flip }) => flip?.[0])).size).toBe(2);
    const shifts = new Set(draws.map(({ move }) => move?.[0] ?? Number.NaN));
    expect([...shifts].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
  });
});

describe('versions of images to be sent', () => {
  const augmentation = openAugmentation('simclr');
  const images = randomImages(70, 16, 7);

  test('depend on the image and the stream, not on batch or order', async () => {
    const views = await augmentImages(onnx, augmentation, images, createRng('view-1'));
    const some = selectImages(images, [69, 1]);
    const reordered = await augmentImages(onnx, augmentation, some, createRng('view-1'));
    expect(reordered.hashes).toEqual([views.hashes[69], views.hashes[1]]);
    const other = await augmentImages(onnx, augmentation, some, createRng('view-2'));
    expect(other.hashes).not.toEqual(reordered.hashes);
  });

  test('of a flat gray image stay flat: no border or rounding artefacts', async () => {
    const gray = hashedImages(new Uint8Array(16 * 16 * 3).fill(120), 1, 16, 16);
    for (let draw = 0; draw < 10; draw++) {
      const { data } = await augmentImages(onnx, augmentation, gray, createRng(draw));
      expect(data).toHaveLength(16 * 16 * 3);
      expect(Math.max(...data) - Math.min(...data)).toBeLessThanOrEqual(1);
    }
  });

  test('are gray in about a fifth of the cases', async () => {
    const many = randomImages(150, 8, 3);
    const views = await augmentImages(onnx, augmentation, many, createRng(5));
    const length = imageBytes(views);
    let gray = 0;
    for (let image = 0; image < 150; image++) {
      const pixels = views.data.subarray(image * length, (image + 1) * length);
      if (pixels.every((value, at) => Math.abs(value - pixels[at - (at % 3)]!) <= 1)) gray += 1;
    }
    expect(gray).toBeGreaterThan(15);
    expect(gray).toBeLessThan(50);
  });
});
