import { expect, test } from 'vitest';
import { matrix } from '../contract/data.ts';
import type { SurrogateModel } from '../contract/method.ts';
import { createRng } from '../rng.ts';
import { randomNetwork } from './random-network.ts';
import { decodeSurrogate, encodeSurrogate } from './serialize.ts';

const network = randomNetwork('small-cnn', createRng(1), 5, 16);
const linear: SurrogateModel = {
  kind: 'linear-on-features',
  features: network,
  weights: matrix(Float32Array.of(1, -2, 3.5, 1e-20, Number.NaN, 6), 2, 3),
  bias: Float32Array.of(0.1, 0.2, 0.3),
};

test.each<[string, SurrogateModel]>([
  ['a network', network],
  ['a linear map of a network', linear],
  ['a linear map of a backbone', { ...linear, features: { kind: 'backbone' } }],
  [
    'a head with a hidden layer on a backbone',
    {
      kind: 'linear-on-features',
      features: {
        kind: 'linear-on-features',
        features: { kind: 'backbone' },
        weights: matrix(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), 4, 2),
        bias: Float32Array.of(0, -1),
        activation: 'relu',
      },
      weights: linear.weights,
      bias: linear.bias,
    },
  ],
  ['a backbone', { kind: 'backbone' }],
])('%s comes back as it went in', (_, model) => {
  expect(decodeSurrogate(encodeSurrogate(model))).toEqual(model);
});

test('reads bytes that do not begin at the start of their buffer', () => {
  const bytes = encodeSurrogate(linear);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(decodeSurrogate(shifted.subarray(3))).toEqual(linear);
});

test('a cut, prolonged or foreign file is refused', () => {
  const bytes = encodeSurrogate(linear);
  for (const length of [0, 5, 11, 40, bytes.length - 4])
    expect(() => decodeSurrogate(bytes.subarray(0, length))).toThrow(/not a whole surrogate/);
  expect(() => decodeSurrogate(Uint8Array.of(...bytes.subarray(0, 1000), 0))).toThrow(
    /not a whole surrogate/,
  );
  expect(() => decodeSurrogate(new TextEncoder().encode('MOATSURR but not really'))).toThrow(
    /not a whole surrogate/,
  );
});
