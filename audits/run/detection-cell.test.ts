import { expect, test } from 'vitest';
import type { Measurement } from '../contract/cell.ts';
import { matrix } from '../contract/data.ts';
import { calibrateChain, parseChain } from '../defenses/chain.ts';
import { createRng } from '../rng.ts';
import type { ComputedStreams } from './computed-streams.ts';
import { measureDetection, type StreamImages } from './detection-cell.ts';

const columns = 8;

function images(rows: number, center: number, name: string): StreamImages {
  const rng = createRng(name);
  return {
    embeddings: matrix(
      Float32Array.from({ length: rows * columns }, () => center + rng.normal()),
      rows,
      columns,
    ),
    hashes: Array.from({ length: rows }, (_, row) => `${name}/${row}`),
    labels: Int32Array.from({ length: rows }, (_, row) => row % 2),
  };
}

/** Second views of the same images: moved by a hundredth. */
function views(rows: number): ComputedStreams {
  const first = images(rows, 0, 'views');
  const rng = createRng('moved');
  const moved = first.embeddings.data.map((value) => value + 0.01 * rng.normal());
  const second = {
    ...first,
    embeddings: matrix(moved, rows, columns),
    hashes: first.hashes.map((hash) => `${hash}/second`),
  };
  return { views: { first, second }, synthetic: [images(200, 5, 'synthetic')] };
}

function measure(
  text: string,
  center: number,
  computed?: ComputedStreams,
  further: readonly StreamImages[] = [],
): ReadonlyMap<string, Measurement> {
  const defense = parseChain(text);
  const rng = createRng(2);
  const calibration = calibrateChain(defense, images(400, 0, 'provider').embeddings, rng);
  const found = measureDetection(
    {
      benign: [images(3200, 0, 'customers'), ...further],
      pool: images(1000, center, 'pool'),
      computed,
    },
    { defense, calibration, key: rng, rng },
  );
  return new Map(found.map((entry) => [entry.metric, entry]));
}

test('thieves with foreign images are told from customers; slices shorter than a window are not', () => {
  const found = measure('mmd-detector:window=50', 2);
  expect(found.get('detection-auc:natural-pool')?.value).toBe(1);
  expect(found.get('alarm-rate:natural-pool')).toMatchObject({ value: 1, n: 5 });
  expect(found.get('alarm-rate:sybil-slices')?.value).toBe(0);
});

test('every benign image is in one stream: eighths of 3200 images, one class narrow, the other uploaded', () => {
  const found = measure('mmd-detector:window=50', 0);
  expect(
    ['broad', 're-indexing', 'narrow', 'batch-upload'].map((kind) => found.get(`alarm-rate:${kind}`)?.n),
  ).toEqual([6, 4, 3, 4]);
});

test('rates which so few benign streams cannot resolve are not there', () => {
  const found = measure('mmd-detector:window=50', 2);
  expect([...found.keys()].filter((metric) => metric.startsWith('detection-tpr'))).toEqual([]);
});

test('the near-duplicate guard raises its alarm for whoever embeds the same images again, not for a thief', () => {
  const found = measure('near-duplicate-guard:falsePositiveRate=0', 0);
  expect(found.get('alarm-rate:re-indexing')?.value).toBe(1);
  expect(found.get('alarm-rate:natural-pool')?.value).toBe(0);
});

test('a long honest user sends a thousand images in one stream, another task is a new domain, and both are benign', () => {
  const found = measure('mmd-detector:window=50', 0, undefined, [
    images(6000, 3, 'others'),
    // The same images again add no stream.
    images(3200, 0, 'customers'),
  ]);
  expect(found.get('alarm-rate:broad-long')?.n).toBe(1);
  expect(found.get('alarm-rate:broad')?.value).toBe(0);
  expect(found.get('alarm-rate:new-domain')).toMatchObject({ value: 1, n: 9 });
});

test('every error of single rows by hand: the second views are near-duplicates, the first ones are not', () => {
  const found = measure('near-duplicate-guard:falsePositiveRate=0', 0, views(512));
  expect(found.get('near-duplicate-fpr')).toMatchObject({ n: 2 });
  expect(found.get('near-duplicate-fpr')?.value).toBeLessThan(0.02);
  expect(found.get('near-duplicate-fnr')?.value).toBe(0);
  // An absurd threshold takes everything but the first row of each batch; an impossible one takes nothing.
  const all = measure('near-duplicate-guard:tau=-1.5', 0, views(512));
  expect(all.get('near-duplicate-fpr')?.value).toBeCloseTo(255 / 256, 10);
  expect(all.get('near-duplicate-fnr')?.value).toBe(0);
  const nothing = measure('near-duplicate-guard:tau=1.5', 0, views(512));
  expect(nothing.get('near-duplicate-fpr')?.value).toBe(0);
  expect(nothing.get('near-duplicate-fnr')?.value).toBe(1);
  expect([...measure('mmd-detector', 0, views(512)).keys()].join()).not.toContain('near-duplicate');
});

test('two views on one account raise the guard, on two accounts they do not', () => {
  const found = measure('near-duplicate-guard:falsePositiveRate=0', 0, views(512));
  expect(found.get('alarm-rate:two-view')).toMatchObject({ value: 1, n: 5 });
  expect(found.get('alarm-rate:split-views')).toMatchObject({ value: 0, n: 5 });
  // Above a tenth of all rows from row 111 on: 11 of 111 are not, 12 of 112 are.
  expect(found.get('queries-until-alarm:two-view')?.value).toBe(112);
  expect(found.has('queries-until-alarm:split-views')).toBe(false);
});

test('the area is the mean of its items, and synthetic streams are accounts like any other', () => {
  const found = measure('mmd-detector:window=50', 0, views(512));
  const area = found.get('detection-auc:synthetic');
  expect(area).toMatchObject({ value: 1, n: 1 });
  expect(found.get('alarm-rate:synthetic')?.value).toBe(1);
});
