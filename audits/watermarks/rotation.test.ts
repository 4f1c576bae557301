import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { affine, rotation } from '../augment/affine.ts';
import { fromPlanes, toPlanes } from '../augment/planes.ts';
import { matrix } from '../contract/data.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import { createRng } from '../rng.ts';
import type { NamedArrays } from '../surrogates/parameters.ts';
import { createEngine } from '../tensor/engine.ts';
import { valueAndGradients, type Tensor, type Tensor2D, type Tensor4D } from '../tensor/ops.ts';
import { parseWatermark } from './choices.ts';
import { encodeRotationKey, readRotationKey, type RotationKey } from './rotation-key.ts';
import { initialPredictor, predictorShapes, predictRotations, rotationLoss } from './rotation-predictor.ts';
import { turnedImages, turnImage } from './rotation-task.ts';
import { successRate, successRates } from './success-rates.ts';

const engine = await createEngine('onnx', { threads: 1 });
const folder = mkdtempSync(path.join(os.tmpdir(), 'moat-rotation-'));
afterAll(async () => {
  await engine.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe('turning images', () => {
  const gray = (values: readonly number[]): Uint8Array =>
    Uint8Array.from(values.flatMap((one) => [one, one, one]));
  const turned = (values: readonly number[], height: number, width: number, degrees: number): number[] => {
    const target = new Uint8Array(3 * values.length);
    turnImage(gray(values), target, { height, width }, degrees);
    return values.map((_, at) => target[3 * at] ?? -1);
  };

  test('goes against the clock and is black where nothing was', () => {
    const square = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(turned(square, 3, 3, 90)).toEqual([3, 6, 9, 2, 5, 8, 1, 4, 7]);
    expect(turned(square, 3, 3, 180)).toEqual([...square].reverse());
    expect(turned([1, 2, 3, 4, 5], 1, 5, 90)).toEqual([0, 0, 3, 0, 0]);
    expect(turned(square, 3, 3, 45).filter((value) => value === 0)).toHaveLength(0);
    expect(turned(Array<number>(64).fill(9), 8, 8, 45)[0]).toBe(0);
  });

  test('takes the pixels that the augmentation on the device takes', async () => {
    const size = 12;
    const angles = [13.7, 121.3, 200.9, 341.2];
    const rng = createRng('pixels');
    const pixels = Uint8Array.from({ length: size * size * 3 }, () => 1 + rng.integer(255));
    const four = Float32Array.from({ length: 4 * pixels.length }, (_, at) => pixels[at % pixels.length] ?? 0);
    const compiled = await engine.compile({
      name: 'turn',
      state: {},
      inputs: {
        images: { shape: [4, size, size, 3], dtype: 'float32' },
        inverse: { shape: [4, 6], dtype: 'float32' },
      },
      step: (_, { images, inverse }) => ({
        state: {},
        outputs: { turned: fromPlanes(affine(toPlanes(images as Tensor4D), inverse as Tensor, 'nearest')) },
      }),
    });
    const { turned: device } = await compiled.run({
      images: { shape: [4, size, size, 3], data: four },
      inverse: { shape: [4, 6], data: Float32Array.from(angles.flatMap((angle) => [...rotation(angle)])) },
    });
    await compiled.dispose();
    const host = new Uint8Array(4 * pixels.length);
    for (const [at, angle] of angles.entries())
      turnImage(
        pixels,
        host.subarray(at * pixels.length, (at + 1) * pixels.length),
        { height: size, width: size },
        angle,
      );
    // In single precision a place half way between two pixels may go to the other one.
    const other = host.filter((value, at) => value !== device?.data[at]).length;
    expect(other / host.length).toBeLessThan(0.01);
  });

  test('every image once per class, at angles that the size has no part in', () => {
    const images = (size: number) =>
      // Bright above: where it is bright afterwards tells the angle.
      hashedImages(
        Uint8Array.from({ length: 5 * size * size * 3 }, (_, at) =>
          at % (size * size * 3) < (size * size * 3) / 2 ? 200 : 50,
        ),
        5,
        size,
        size,
      );
    const direction = (data: Uint8Array, size: number, image: number): number => {
      let [x, y] = [0, 0];
      for (let at = 0; at < size * size; at++) {
        const value = data[(image * size * size + at) * 3] ?? 0;
        x += value * ((at % size) - (size - 1) / 2);
        y += value * (Math.floor(at / size) - (size - 1) / 2);
      }
      // 0: bright above; against the clock.
      return ((Math.atan2(-x, -y) * 180) / Math.PI + 360) % 360;
    };
    const [small, large] = [16, 40].map((size) => {
      const { data, count } = turnedImages(images(size), createRng('angles'));
      expect(count).toBe(10);
      return Array.from({ length: count }, (_, image) => direction(data, size, image));
    });
    for (let image = 0; image < 10; image++) {
      const apart = Math.abs((small?.[image] ?? 0) - (large?.[image] ?? 0));
      expect(Math.min(apart, 360 - apart)).toBeLessThan(6);
      if (image < 5) expect(large?.[image]).toBeLessThan(183);
      else expect(large?.[image]).toBeGreaterThan(177);
    }
  });
});

const DIMENSION = 3;

/** As the paper has it, written from the definition in double precision. */
function writtenLoss(predictor: NamedArrays, rows: readonly (readonly number[])[]): number {
  const of = (name: string): Float32Array => predictor[name]?.data ?? new Float32Array();
  const half = rows.length / 2;
  const losses = rows.map((row, at) => {
    const scores = [1, 2, 3].reduce<readonly number[]>((values, layer) => {
      const [kernel, bias] = [of(`rotation${layer}/kernel`), of(`rotation${layer}/bias`)];
      return Array.from(bias, (offset, to) => {
        const sum = values.reduce(
          (total, value, from) => total + value * (kernel[from * bias.length + to] ?? 0),
          offset,
        );
        return layer < 3 ? Math.max(0, sum) : sum;
      });
    }, row);
    const whole = Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0));
    return whole - (scores[at < half ? 0 : 1] ?? 0);
  });
  return losses.reduce((sum, value) => sum + value, 0) / losses.length;
}

test('the loss is the cross-entropy of the paper’s predictor, and its gradient that of finite differences', async () => {
  const predictor = initialPredictor(createRng('predictor'), DIMENSION);
  const rng = createRng('rows');
  const rows = Array.from({ length: 4 }, () => Array.from({ length: DIMENSION }, () => rng.normal()));
  const compiled = await engine.compile({
    name: 'rotation loss',
    state: predictor,
    inputs: { rows: { shape: [4, DIMENSION], dtype: 'float32' } },
    step(state: Readonly<Record<string, Tensor>>, inputs: Readonly<Record<string, Tensor>>) {
      const { value, gradients } = valueAndGradients(
        (at) => rotationLoss(at['rows'] as Tensor2D, 2, { ...state, 'rotation3/bias': at['bias']! }),
        { rows: inputs['rows']!, bias: state['rotation3/bias']! },
      );
      return { state: {}, outputs: { loss: value, rows: gradients['rows']!, bias: gradients['bias']! } };
    },
  });
  const run = await compiled.run({ rows: { shape: [4, DIMENSION], data: Float32Array.from(rows.flat()) } });
  await compiled.dispose();
  expect(run['loss']?.data[0]).toBeCloseTo(writtenLoss(predictor, rows), 5);
  const step = 1e-4;
  for (const [at, gradient] of [...(run['rows']?.data ?? [])].entries()) {
    const moved = (by: number): number =>
      writtenLoss(
        predictor,
        rows.map((row, i) => row.map((value, j) => (i * DIMENSION + j === at ? value + by : value))),
      );
    expect(gradient).toBeCloseTo((moved(step) - moved(-step)) / (2 * step), 4);
  }
  // Of the last bias by hand: mean softmax less the share of the class.
  const [first = 0, second = 0] = run['bias']?.data ?? [];
  expect(first + second).toBeCloseTo(0, 6);
  const flat: NamedArrays = {
    ...predictor,
    'rotation3/kernel': { shape: [128, 2], data: new Float32Array(256) },
  };
  expect(writtenLoss(flat, rows)).toBeCloseTo(Math.log(2), 10);
});

/** Class 0 where the first coordinate is above 0. */
function signReader(dimension: number): RotationKey {
  const weights = Object.fromEntries(
    Object.entries(predictorShapes(dimension)).map(([name, shape]) => [
      name,
      { shape, data: new Float32Array(shape.reduce((product, size) => product * size, 1)) },
    ]),
  );
  weights['rotation1/kernel']?.data.set([1, -1]);
  for (const layer of [2, 3]) {
    const kernel = weights[`rotation${layer}/kernel`];
    kernel?.data.set([1], 0);
    kernel?.data.set([1], (kernel.shape[1] ?? 0) + 1);
  }
  return { predictor: 'trained', dimension, encoder: 'a'.repeat(64), weights };
}

test('the success rate counts rows of both classes, batch by batch', () => {
  const key = signReader(2);
  // Five images; in the first half of the rows as turned into class 0.
  const firsts = [1, 1, 1, -1, 1];
  const seconds = [-1, -1, 1, -1, 1];
  const turned = matrix(Float32Array.from([...firsts, ...seconds].flatMap((value) => [value, 7])), 10, 2);
  expect([...predictRotations(key.weights, turned)]).toEqual([0, 0, 0, 1, 0, 1, 1, 0, 1, 0]);
  expect(successRate(key, turned)).toBeCloseTo(0.7, 12);
  expect([...successRates(key, turned, 2)]).toEqual([1, 0.5]);
  expect(successRates(key, turned, 30)).toHaveLength(5);
  expect(() => successRate(key, matrix(new Float32Array(12), 4, 3))).toThrow(/2 dimensions/);
});

test('rows that say nothing of the angle are read at chance, whatever the key', () => {
  const rng = createRng('noise');
  const rates = Array.from({ length: 10 }, (_, at) =>
    successRate(
      { ...signReader(8), weights: initialPredictor(createRng(`key ${at}`), 8) },
      matrix(
        Float32Array.from({ length: 400 * 8 }, () => rng.normal()),
        400,
        8,
      ),
    ),
  );
  // Of 4 000 fair draws: six deviations of 0.008.
  expect(Math.abs(rates.reduce((sum, rate) => sum + rate, 0) / rates.length - 0.5)).toBeLessThan(0.05);
});

describe('a key file', () => {
  const file = path.join(folder, 'key.mark');
  const key: RotationKey = {
    ...signReader(4),
    predictor: 'frozen',
    weights: initialPredictor(createRng(1), 4),
  };

  test('is read back as it was written, under a digest of its bytes', () => {
    writeFileSync(file, encodeRotationKey(key));
    const read = readRotationKey(file);
    expect(read.key).toEqual(key);
    expect(read.digest).toMatch(/^[0-9a-f]{64}$/);
    writeFileSync(path.join(folder, 'other.mark'), encodeRotationKey({ ...key, predictor: 'trained' }));
    expect(readRotationKey(path.join(folder, 'other.mark')).digest).not.toBe(read.digest);
  });

  test.each([
    ['no JSON', () => 'key', /not JSON/],
    ['half of one', (text: string) => text.replace('"dimension": 4', '"dimension": 5'), /rotation1\/kernel/],
    ['other classes', (text: string) => text.replace('360', '270'), /form or version/],
    [
      'short weights',
      (text: string) => text.replace(/(rotation3\/bias[^]*?LittleEndian": ")[^"]*/, '$1AAAA'),
      /rotation3\/bias/,
    ],
  ])('%s is refused', (_, spoil, message) => {
    const spoiled = path.join(folder, 'spoiled.mark');
    writeFileSync(spoiled, spoil(encodeRotationKey(key)));
    expect(readFileSync(spoiled, 'utf8')).not.toBe(encodeRotationKey(key));
    expect(() => readRotationKey(spoiled)).toThrow(message);
  });

  test('one that is missing is said so', () => {
    expect(() => readRotationKey(path.join(folder, 'no.mark'))).toThrow(/does not exist/);
  });
});

test('a watermark is named with the version of its predictor', () => {
  expect(parseWatermark('rotation')).toEqual({ kind: 'rotation', predictor: 'trained' });
  expect(parseWatermark('rotation:predictor=frozen').predictor).toBe('frozen');
  expect(() => parseWatermark('rotation:predictor=warm')).toThrow(/predictor/);
  expect(() => parseWatermark('rotation:angles=4')).toThrow(/no setting "angles"/);
  expect(() => parseWatermark('logo')).toThrow(/"logo".*rotation/);
});
