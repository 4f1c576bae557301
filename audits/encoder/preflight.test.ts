import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { floats, imageModel, meanOverAxes, node } from '../../test/fixtures/models/image-model.ts';
import type { PreflightCheck, PreflightReport } from '../contract/encoder.ts';
import { selectImages, type Images } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { loadModel } from '../tensor/onnx/model.ts';
import { openEncoder } from './encoder.ts';
import { assertAuditable, preflight } from './preflight.ts';
import { probeImages } from './probe-images.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moat-preflight-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const images = probeImages({ height: 4, width: 4 }, 12, createRng('preflight-test'));

/** A clock that moves 250 ms per reading. */
function steadyClock() {
  let elapsed = 0;
  return { now: () => 0, monotonicMs: () => (elapsed += 250) };
}

async function report(bytes: Uint8Array, shown: Images = images): Promise<PreflightReport> {
  const path = join(folder, 'model.onnx');
  writeFileSync(path, bytes);
  const encoder = await openEncoder({ loadModel: (source) => loadModel(source, 1) }, path, {});
  try {
    return await preflight(encoder, shown, steadyClock());
  } finally {
    await encoder.dispose();
  }
}

function check(found: PreflightReport, id: PreflightCheck['id']): PreflightCheck {
  const match = found.checks.find((entry) => entry.id === id);
  if (match === undefined) throw new Error(`no check ${id}`);
  return match;
}

/** Color means, then these nodes; `colors [batch, 3]` to `embedding`. */
const after = (
  nodes: Parameters<typeof node>[],
  weights: Parameters<typeof floats>[] = [],
  width = 3,
): Uint8Array =>
  imageModel({
    outputs: [{ name: 'embedding', shape: ['batch', width] }],
    nodes: [meanOverAxes('image', 'colors', [2, 3]), ...nodes.map((entry) => node(...entry))],
    weights: weights.map((entry) => floats(...entry)),
  });

test('a sound encoder: a sentence for each question, nothing to complain about but its few dimensions', async () => {
  const found = await report(imageModel());
  expect(found.checks.map(({ id }) => id).sort()).toEqual([
    'batch-consistency',
    'constant',
    'constant-dimensions',
    'determinism',
    'dimension',
    'finite',
    'norms',
    'padded-dimensions',
    'shape',
    'throughput',
  ]);
  expect(found.checks.filter(({ status }) => status !== 'ok').map(({ id }) => id)).toEqual(['dimension']);
  for (const { sentence } of found.checks) expect(sentence).toMatch(/^[A-Z].*\.$/);
  expect(check(found, 'throughput').figures['imagesPerSecond']).toBe(12 / 0.25);
  expect(() => assertAuditable(found)).not.toThrow();
});

test('NaN is a problem that no audit accepts', async () => {
  const found = await report(
    after([
      ['Neg', ['colors'], 'negative'],
      ['Log', ['negative'], 'embedding'],
    ]),
  );
  expect(check(found, 'finite').status).toBe('problem');
  expect(check(found, 'finite').sentence).toContain('NaN or infinite');
  expect(() => assertAuditable(found)).toThrow(
    expect.objectContaining({ code: 'encoder-not-finite' }) as Error,
  );
});

describe('an encoder that says the same to every image', () => {
  const flat = after(
    [
      ['Mul', ['colors', 'zero'], 'nothing'],
      ['Add', ['nothing', 'one'], 'embedding'],
    ],
    [
      ['zero', [1], [0]],
      ['one', [3], [1, 2, 3]],
    ],
  );
  test('is constant, and no audit accepts it', async () => {
    const found = await report(flat);
    expect(check(found, 'constant').sentence).toContain('the same vector for 12 different images');
    expect(() => assertAuditable(found)).toThrow(
      expect.objectContaining({ code: 'encoder-constant' }) as Error,
    );
  });
  test('is not accused when it saw one image only, however often', async () => {
    const found = await report(flat, selectImages(images, [0, 0, 0]));
    expect(check(found, 'constant').status).toBe('warning');
    expect(() => assertAuditable(found)).not.toThrow();
  });
});

test('dimensions that never move and dimensions that are always 0 are counted apart', async () => {
  const found = await report(
    after(
      [
        ['MatMul', ['colors', 'project'], 'moving'],
        ['MatMul', ['colors', 'nowhere'], 'nothing'],
        ['Add', ['nothing', 'five'], 'still'],
        ['Concat', ['moving', 'still'], 'embedding', { axis: 1 }],
      ],
      [
        // Columns 4, 5 and 6 (counted from 0) receive nothing.
        ['project', [3, 8], [1, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 1, 0, 0, 0, 2, 0, 0, 1, 1, 0, 0, 0, 2]],
        ['nowhere', [3, 2], [0, 0, 0, 0, 0, 0]],
        ['five', [1], [5]],
      ],
      10,
    ),
  );
  expect(found.dimension).toBe(10);
  expect(check(found, 'constant-dimensions')).toMatchObject({ status: 'warning', figures: { constant: 2 } });
  expect(check(found, 'padded-dimensions')).toMatchObject({ status: 'warning', figures: { zero: 3 } });
});

test('a model that draws random numbers is caught, and its batch behavior left open', async () => {
  const found = await report(
    after([
      ['RandomNormalLike', ['colors'], 'noise'],
      ['Add', ['colors', 'noise'], 'embedding'],
    ]),
  );
  expect(check(found, 'determinism')).toMatchObject({ status: 'warning' });
  expect(check(found, 'determinism').sentence).toContain('random');
  expect(check(found, 'batch-consistency').sentence).toContain('cannot be told');
});

test('batch statistics at inference make a reply depend on its neighbors', async () => {
  const found = await report(
    imageModel({
      nodes: [
        node('ReduceMean', ['image'], 'center', { axes: [0, 2, 3], keepdims: 1 }),
        node('Sub', ['image', 'center'], 'moved'),
        meanOverAxes('moved', 'embedding', [2, 3]),
      ],
    }),
  );
  expect(check(found, 'determinism').status).toBe('ok');
  expect(check(found, 'batch-consistency')).toMatchObject({ status: 'warning' });
});

test('embeddings of length 1 are recognized', async () => {
  const found = await report(after([['LpNormalization', ['colors'], 'embedding', { axis: 1, p: 2 }]]));
  expect(check(found, 'norms').sentence).toContain('length 1');
});
