import { expect, test } from 'vitest';
import { type Matrix, matrix, matrixRow } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { calibrateChain, openChainSession, parseChain } from './chain.ts';
import { redirected } from './prediction-poisoning.ts';

const dimension = 6;
const rows = 200;
const rng = createRng('embeddings');
const embeddings = matrix(
  Float32Array.from({ length: rows * dimension }, () => 1 + rng.normal()),
  rows,
  dimension,
);

function replies(text: string, batch: Matrix = embeddings, account = 0): Matrix {
  const chain = parseChain(text);
  const key = createRng('key');
  const session = openChainSession(chain, calibrateChain(chain, embeddings, key), account, key);
  return session.reply(
    batch,
    Array.from({ length: batch.rows }, () => 'x'),
  );
}

/** `[rows]` displacement of each reply. */
function pushes(got: Matrix, batch: Matrix): readonly number[][] {
  return Array.from({ length: got.rows }, (_, row) =>
    [...matrixRow(got, row)].map((value, i) => value - (batch.data[row * dimension + i] ?? 0)),
  );
}

test('every reply is moved by the same distance, whatever the account', () => {
  const spread = Math.sqrt(
    calibrateChain(parseChain('rounding'), embeddings, rng)[0]?.standardDeviation.reduce(
      (sum, v) => sum + v * v,
      0,
    ) ?? 0,
  );
  for (const push of pushes(replies('prediction-poisoning:epsilon=0.3'), embeddings))
    expect(Math.hypot(...push) / (0.3 * spread)).toBeCloseTo(1, 4);
  expect(replies('prediction-poisoning', embeddings, 3).data).toEqual(replies('prediction-poisoning').data);
  expect(replies('prediction-poisoning:epsilon=0').data).toEqual(embeddings.data);
});

test('no other reply as near to the truth moves the proxy’s weights farther along z', () => {
  const truth = Float32Array.of(1, 2, 3);
  const push = Float64Array.of(0.5, -2, 1);
  const gain = (reply: Float32Array | number[]): number =>
    push.reduce((sum, value, i) => sum + value * ((reply[i] ?? 0) - (truth[i] ?? 0)), 0);
  const best = gain(redirected(truth, push, 0.7));
  for (let draw = 0; draw < 200; draw++) {
    const other = Array.from({ length: 3 }, () => rng.normal());
    const norm = Math.hypot(...other);
    expect(gain(other.map((value, i) => (truth[i] ?? 0) + (0.7 * value) / norm))).toBeLessThan(best + 1e-6);
  }
  expect(redirected(truth, new Float64Array(3), 0.7)).toEqual(truth);
});

test('near inputs are pushed alike, so that it does not average out over views', () => {
  const near = matrix(
    embeddings.data.map((value) => value + 0.01),
    rows,
    dimension,
  );
  const [first, second] = [
    pushes(replies('prediction-poisoning'), embeddings),
    pushes(replies('prediction-poisoning', near), near),
  ];
  const cosines = first.map((push, row) => {
    const other = second[row] ?? [];
    const product = push.reduce((sum, value, i) => sum + value * (other[i] ?? 0), 0);
    return product / (Math.hypot(...push) * Math.hypot(...other));
  });
  expect(cosines.reduce((sum, value) => sum + value, 0) / rows).toBeGreaterThan(0.98);
});
