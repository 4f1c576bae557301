import { expect, test } from 'vitest';
import { matrixRow } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import {
  around,
  blurred,
  changed,
  dimension,
  encode,
  pictures,
  reordered,
  serviceWith,
  turned,
} from './marked-world.sample.ts';

const service = serviceWith('espew');
const marked = service.reply(service.clean);

test('replaces the smallest coordinates of marked rows by one target’s and rescales; other rows are exact', () => {
  const fraction = 0.25;
  const asked = serviceWith(`espew:fraction=${fraction}`);
  const replies = asked.reply(asked.clean);
  /** Per coordinate what replaced it, over the row's scale and length. */
  const written = new Map<number, number[]>();
  let count = 0;
  for (let row = 0; row < asked.clean.rows; row++) {
    const [before, after] = [matrixRow(asked.clean, row), matrixRow(replies, row)];
    if (before.every((value, i) => value === after[i])) continue;
    count++;
    expect(Math.hypot(...after)).toBeCloseTo(Math.hypot(...before), 3);
    // The largest coordinate is kept up to the row's scale; so are all but a quarter of the others.
    const peak = before.indexOf(Math.max(...before));
    const scale = (after[peak] ?? 0) / (before[peak] ?? 1);
    const moved = [...before.keys()].filter(
      (i) => Math.abs((after[i] ?? 0) - scale * (before[i] ?? 0)) > 1e-5,
    );
    expect(moved.length).toBeLessThanOrEqual(fraction * dimension);
    const kept = [...before.keys()].filter((i) => !moved.includes(i));
    const smallestKept = Math.min(...kept.map((i) => Math.abs(before[i] ?? 0)));
    for (const i of moved) {
      // Only where the embedding had least to say.
      expect(Math.abs(before[i] ?? 0)).toBeLessThanOrEqual(
        Math.max(smallestKept, [...before].sort((a, b) => a - b)[fraction * dimension - 1] ?? 0),
      );
      const value = (after[i] ?? 0) / scale / Math.hypot(...before);
      written.set(i, [...(written.get(i) ?? []), value]);
    }
  }
  expect(count).toBeGreaterThan(20);
  for (const values of written.values())
    for (const value of values) expect(value).toBeCloseTo(values[0] ?? 0, 4);
  // Specific to the embedding: more coordinates are written to over all rows than in any one.
  expect(written.size).toBeGreaterThan(1.5 * fraction * dimension);
});

test('the right key finds the mark, others and encoders of others do not', () => {
  expect(service.score(marked)).toBeCloseTo(1, 6);
  expect(service.score(service.clean)).toBeCloseTo(0, 6);
  const wrong = around(Array.from({ length: 20 }, (_, key) => service.score(marked, key + 2)));
  expect(Math.abs(wrong.mean)).toBeLessThan(0.1);
  expect(wrong.largest).toBeLessThan(0.25);
  const others = Array.from({ length: 10 }, (_, seed) =>
    service.score(encode(pictures(service.clean.rows, 'provider'), `independent ${seed}`)),
  );
  expect(around(others).largest).toBeLessThan(0.3);
});

test('errors weaken it; scale, shift and missing coordinates do not', () => {
  const score = service.score(blurred(marked, 1, 'errors'));
  expect(score).toBeGreaterThan(0.4);
  expect(score).toBeLessThan(0.9);
  expect(service.score(changed(marked, (value, column) => 3 * value + column))).toBeCloseTo(1, 4);
  const half = Array.from({ length: dimension / 2 }, (_, i) => i);
  expect(service.score(reordered(marked, half))).toBeCloseTo(1, 4);
});

test('it lies in coordinates: turned and reordered copies have lost it', () => {
  expect(Math.abs(service.score(turned(marked, createRng(3))))).toBeLessThan(0.2);
  expect(Math.abs(service.score(reordered(marked, createRng(3).permutation(dimension))))).toBeLessThan(0.2);
});
