import { expect, test } from 'vitest';
import { matrix } from '../contract/data.ts';
import { calibrateChain, parseChain } from '../defenses/chain.ts';
import { createRng } from '../rng.ts';
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

function measure(
  text: string,
  center: number,
): ReadonlyMap<string, { readonly value: number; readonly n: number }> {
  const defense = parseChain(text);
  const rng = createRng(2);
  const calibration = calibrateChain(defense, images(400, 0, 'provider').embeddings, rng);
  const found = measureDetection(images(3200, 0, 'customers'), images(1000, center, 'pool'), {
    defense,
    calibration,
    key: rng,
    rng,
  });
  return new Map(found.map((entry) => [entry.metric, entry]));
}

test('thieves with foreign images are told from customers; slices shorter than a window are not', () => {
  const found = measure('mmd-detector:window=50', 2);
  expect(found.get('detection-auc:natural-pool')?.value).toBe(1);
  expect(found.get('alarm-rate:natural-pool')).toMatchObject({ value: 1, n: 5 });
  expect(found.get('alarm-rate:sybil-slices')?.value).toBe(0);
});

test('every benign image is in one stream: 3200 images are 4 streams a kind, fewer where a class has no 400 left', () => {
  const found = measure('mmd-detector:window=50', 0);
  expect(
    ['broad', 'narrow', 'batch-upload', 're-indexing'].map((kind) => found.get(`alarm-rate:${kind}`)?.n),
  ).toEqual([4, 3, 4, 8]);
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
