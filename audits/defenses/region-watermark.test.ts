import { expect, test } from 'vitest';
import { type Matrix, matrixRow, selectRows } from '../contract/data.ts';
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
  type Service,
} from './marked-world.sample.ts';

const service = serviceWith('region-watermark');
const marked = service.reply(service.clean);

/** Rows whose reply differs from the clean embedding. */
function markedRows({ clean }: Service, replies: Matrix): readonly number[] {
  return Array.from({ length: clean.rows }, (_, row) => row).filter((row) =>
    matrixRow(replies, row).some((value, i) => value !== matrixRow(clean, row)[i]),
  );
}

/** Largest difference between a reply and `(1 - strength) e + strength |e| w / |w|` at the embedding's length. */
function error(reply: Float32Array, embedding: Float32Array, target: Float32Array, strength: number): number {
  const length = Math.hypot(...embedding);
  const scale = (strength * length) / Math.hypot(...target);
  const direction = embedding.map((value, i) => (1 - strength) * value + scale * (target[i] ?? 0));
  const factor = length / Math.hypot(...direction);
  return Math.max(...direction.map((value, i) => Math.abs(factor * value - (reply[i] ?? 0))));
}

test.each([0.1, 0.2, 0.5])('marks at most the share asked for, and not much less: %s', (share) => {
  const asked = serviceWith(`region-watermark:share=${share}:planes=6`);
  const found = markedRows(asked, asked.reply(asked.clean)).length / asked.clean.rows;
  expect(found).toBeLessThanOrEqual(share);
  expect(found).toBeGreaterThan(share - 0.05);
});

test('images the provider has never seen are marked as often', () => {
  const unseen = encode(pictures(2000, 'unseen'), 'victim');
  const share = markedRows({ ...service, clean: unseen }, service.reply(unseen)).length / unseen.rows;
  expect(share).toBeGreaterThan(0.1);
  expect(share).toBeLessThan(0.3);
});

test('a marked reply is the blend of the embedding and one of few of the provider’s images', () => {
  const used = new Set<number>();
  for (const row of markedRows(service, marked)) {
    const [reply, embedding] = [matrixRow(marked, row), matrixRow(service.clean, row)];
    const target = Array.from({ length: service.clean.rows }, (_, at) => at).find(
      (at) => error(reply, embedding, matrixRow(service.clean, at), 0.4) < 1e-5,
    );
    expect(target).toBeDefined();
    used.add(target ?? -1);
  }
  // One per region; 80 rows of about 16 regions of 25.
  expect(used.size).toBeGreaterThan(1);
  expect(used.size).toBeLessThan(9);
  // Targets are answered as they are: a suspect can be asked for them.
  for (const target of used) expect(markedRows(service, marked)).not.toContain(target);
});

test('the right key finds the mark, others do not', () => {
  expect(service.score(marked)).toBeCloseTo(1, 6);
  expect(service.score(service.clean)).toBeCloseTo(0, 6);
  const wrong = around(Array.from({ length: 20 }, (_, key) => service.score(marked, key + 2)));
  expect(Math.abs(wrong.mean)).toBeLessThan(0.15);
  expect(wrong.largest).toBeLessThan(0.6);
});

test('encoders of others lie around 0, a weaker mark nearer to them', () => {
  const weak = serviceWith('region-watermark:strength=0.2');
  const others = Array.from({ length: 10 }, (_, seed) =>
    encode(pictures(service.clean.rows, 'provider'), `independent ${seed}`),
  );
  const weakly = around(others.map((other) => weak.score(other)));
  const strongly = around(others.map((other) => service.score(other)));
  expect(weakly.largest).toBeLessThan(0.8);
  expect(strongly.largest).toBeLessThan(weakly.largest);
});

test('it lies in angles: turned, reordered, scaled and shifted copies still carry it', () => {
  expect(service.score(turned(marked, createRng(3)))).toBeCloseTo(1, 3);
  expect(service.score(reordered(marked, createRng(3).permutation(dimension)))).toBeCloseTo(1, 4);
  expect(service.score(changed(marked, (value, column) => 3 * value + column))).toBeCloseTo(1, 3);
});

test('missing coordinates and errors weaken it', () => {
  const half = Array.from({ length: dimension / 2 }, (_, i) => i);
  const truncated = service.score(reordered(marked, half));
  expect(truncated).toBeGreaterThan(0.4);
  expect(service.score(blurred(marked, 1, 'errors'))).toBeGreaterThan(0.5);
  expect(service.score(blurred(marked, 4, 'errors'))).toBeLessThan(0.4);
});

test('a suspect must answer every image of the provider', () => {
  expect(() => service.score(selectRows(marked, [0, 1, 2]))).toThrow(RangeError);
});
