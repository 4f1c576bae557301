import { describe, expect, test } from 'vitest';
import { type Matrix, matrix } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import type { RotationKey } from '../watermarks/rotation-key.ts';
import { predictorShapes } from '../watermarks/rotation-predictor.ts';
import { calibrateChain, openChainMarks, openChainSession, parseChain } from './chain.ts';
import { changed, encode, pictures, reordered, turned } from './marked-world.sample.ts';

const IMAGES = 200;
const DIMENSION = 64;
const DIGEST = 'd'.repeat(64);
const chain = parseChain(`rotation-watermark:digest=${DIGEST}:key=encoder.onnx.mark`);

/** Class 0 where coordinate 0 is above coordinate 1. */
const key: RotationKey = {
  predictor: 'trained',
  dimension: DIMENSION,
  encoder: 'e'.repeat(64),
  weights: Object.fromEntries(
    Object.entries(predictorShapes(DIMENSION)).map(([name, shape]) => {
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
      const width = shape[1] ?? 0;
      if (name === 'rotation1/kernel') data.set([1, -1], 0);
      if (name === 'rotation1/kernel') data.set([-1, 1], width);
      if (/rotation[23]\/kernel/.test(name)) [0, 1].forEach((at) => (data[at * width + at] = 1));
      return [name, { shape, data }];
    }),
  ),
};

/** Answers to images turned into class 0, then into class 1: an encoder of the world, with a mark of this strength. */
function answers(seed: string, strength: number): Matrix {
  const shown = pictures(IMAGES, 'turned');
  const twice = matrix(Float32Array.of(...shown.data, ...shown.data), 2 * IMAGES, shown.columns);
  const plain = encode(twice, seed);
  const noise = createRng(`noise ${seed}`);
  const data = plain.data.map((value, at) => {
    const [row, column] = [Math.floor(at / DIMENSION), at % DIMENSION];
    const side = row < IMAGES ? 1 : -1;
    return (
      value + noise.normal() * 0.3 + (column === 0 ? strength * side : column === 1 ? -strength * side : 0)
    );
  });
  return matrix(data, plain.rows, DIMENSION);
}

const victim = answers('victim', 3);
const calibration = calibrateChain(chain, encode(pictures(50, 'provider'), 'victim'), createRng(1));
function score(suspect: Matrix, of: Matrix = victim): number {
  const [mark] = openChainMarks(
    chain,
    calibration,
    0,
    createRng(1),
    new Map([[DIGEST, { key, victim: of }]]),
  );
  if (mark === undefined) throw new Error('no mark');
  expect(mark.keyDigest).toBe(DIGEST);
  return mark.verify(suspect);
}

describe('the mark in the encoder', () => {
  test('is whole in the victim, half where half of its excess is read, and none in strangers', () => {
    expect(score(victim)).toBe(1);
    const strangers = Array.from({ length: 10 }, (_, at) => score(answers(`other ${at}`, 0)));
    expect(Math.abs(strangers.reduce((sum, value) => sum + value, 0) / 10)).toBeLessThan(0.1);
    const weak = score(answers('victim', 0.5));
    expect(weak).toBeGreaterThan(0.15);
    expect(weak).toBeLessThan(0.9);
  });

  test('is gone from turned and reordered copies, and there in longer ones', () => {
    expect(Math.abs(score(turned(victim, createRng('turn'))))).toBeLessThan(0.5);
    expect(Math.abs(score(reordered(victim, [...Array(DIMENSION).keys()].reverse())))).toBeLessThan(0.3);
    expect(score(changed(victim, (value) => 3 * value))).toBe(1);
    expect(
      score(
        reordered(
          victim,
          Array.from({ length: DIMENSION + 9 }, (_, at) => at % DIMENSION),
        ),
      ),
    ).toBe(1);
  });

  test('of a shorter copy what is missing is the victim’s mean', () => {
    expect(score(reordered(victim, [0, 1, 2, 3]))).toBe(1);
    const half = score(reordered(victim, [0]));
    expect(half).toBeGreaterThan(0.5);
  });

  test('of another number of images is a bug, and no mark in the victim is said', () => {
    expect(() => score(answers('victim', 3), matrix(victim.data.slice(0, 64 * 10), 10, 64))).toThrow(
      /400 rows/,
    );
    const blank = matrix(new Float32Array(victim.data.length), victim.rows, DIMENSION);
    expect(() => score(victim, blank)).toThrow(/does not carry the mark/);
  });
});

test('replies are the encoder’s own, and without an opened key no mark is looked for', () => {
  const clean = encode(pictures(20, 'asked'), 'victim');
  const session = openChainSession(chain, calibration, 3, createRng(2));
  const reply = session.reply(
    clean,
    Array.from({ length: 20 }, (_, at) => `image ${at}`),
  );
  expect(reply.data).toEqual(clean.data);
  expect(openChainMarks(chain, calibration, 0, createRng(1))).toEqual([]);
});
