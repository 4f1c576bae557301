import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { imageModel, node } from '../../test/fixtures/models/image-model.ts';
import { hashImage } from '../datasets/image-hash.ts';
import { writeNpz } from '../datasets/npz.ts';
import { loadModel } from '../tensor/onnx/model.ts';
import { inspectEncoder, type InspectSettings } from './inspect.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moat-inspect-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** `[batch, 3, 4, 4]` to all its 48 values. */
const flatten = imageModel({
  outputs: [{ name: 'embedding', shape: ['batch', 48] }],
  nodes: [node('Flatten', ['image'], 'embedding')],
});

async function inspect(bytes: Uint8Array, settings: Partial<InspectSettings> = {}) {
  const encoder = join(folder, 'model.onnx');
  writeFileSync(encoder, bytes);
  let text = '';
  const result = await inspectEncoder({
    encoder,
    options: {},
    json: false,
    engine: { loadModel: (source) => loadModel(source, 1) },
    clock: { now: () => 0, monotonicMs: () => 0 },
    write: (part) => {
      text += part;
    },
    ...settings,
  });
  return { ...result, text };
}

test('a sound encoder: ports, preprocessing with its sources, a sentence per check, exit code 0', async () => {
  const { exitCode, json, text } = await inspect(flatten);
  expect(exitCode).toBe(0);
  expect(text).toMatch(/input +image {2}float32 \[batch, 3, 4, 4\] {2}\(used\)/);
  expect(text).toMatch(/layout +nchw +the model file/);
  expect(text).toMatch(/range +0-1 +a guess/);
  expect(text).toContain('An embedding has 48 numbers');
  expect(text).toContain('drawn images');
  expect(text.trimEnd().endsWith('This encoder can be audited.')).toBe(true);
  expect(json).toMatchObject({ auditable: true, expectation: null, images: 'drawn' });
});

test('--json prints nothing by itself and gives plain data', async () => {
  const { text, json } = await inspect(flatten, { json: true });
  expect(text).toBe('');
  expect(JSON.parse(JSON.stringify(json))).toEqual(json);
});

test('--hashes names every image of a data set as audits of the encoder do', async () => {
  const pixels = Uint8Array.from({ length: 40 * 48 }, (_, i) => (i * 37) % 251);
  const images = join(folder, 'images.npz');
  const hashes = join(folder, 'hashes.csv');
  await writeNpz(images, { images: { shape: [40, 4, 4, 3], data: pixels } });
  const { text } = await inspect(flatten, { images, hashes });
  const [header, ...rows] = readFileSync(hashes, 'utf8').trimEnd().split('\n');
  expect(header).toBe('input,split,file');
  expect(rows).toHaveLength(40);
  expect(rows[7]?.split(',')[0]).toBe(hashImage(pixels.subarray(7 * 48, 8 * 48), 4, 4));
  expect(text).toContain(`The identities of 40 images are in`);
});

test('--hashes without images is refused', async () => {
  await expect(inspect(flatten, { hashes: join(folder, 'none.csv') })).rejects.toThrow(/add --images/);
});

test('NaN embeddings: the sentence, and exit code 3', async () => {
  const nodes = [
    node('Flatten', ['image'], 'flat'),
    node('Neg', ['flat'], 'negative'),
    node('Log', ['negative'], 'embedding'),
  ];
  const { exitCode, text } = await inspect(
    imageModel({ outputs: [{ name: 'embedding', shape: ['batch', 48] }], nodes }),
  );
  expect(exitCode).toBe(3);
  expect(text).toMatch(/problem +\d+ of the \d+ numbers the encoder returned are NaN or infinite\./);
});

test('--expect: proven ends with 0, disproven with 1 and the table of candidates', async () => {
  const expected = join(folder, 'replies.npz');
  const pixels = Uint8Array.from({ length: 2 * 48 }, (_, i) => (i * 37) % 256);
  const replies = (range: (value: number) => number) => ({
    images: { shape: [2, 4, 4, 3], data: pixels },
    vectors: {
      shape: [2, 48],
      // NHWC to NCHW.
      data: Float32Array.from({ length: 96 }, (_, i) => {
        const image = Math.floor(i / 48);
        const [channel, position] = [Math.floor((i % 48) / 16), i % 16];
        return range(pixels[image * 48 + position * 3 + channel] ?? 0);
      }),
    },
  });
  await writeNpz(
    expected,
    replies((value) => value / 255),
  );
  expect(await inspect(flatten, { expect: expected })).toMatchObject({ exitCode: 0 });
  await writeNpz(
    expected,
    replies((value) => value / 127.5 - 1),
  );
  const { exitCode, text } = await inspect(flatten, { expect: expected });
  expect(exitCode).toBe(1);
  expect(text).toMatch(/range -1-1, RGB +0\.00 %/);
  expect(text).toContain("not production's preprocessing");
});

describe('--projection', () => {
  const twoOutputs = imageModel({
    outputs: [
      { name: 'embedding', shape: ['batch', 48] },
      { name: 'projection', shape: ['batch', 48] },
    ],
    nodes: [node('Flatten', ['image'], 'embedding'), node('Tanh', ['embedding'], 'projection')],
  });

  test('the output it names is marked, and its dimension is a fact', async () => {
    const { json, text } = await inspect(twoOutputs, { options: { projection: 'projection' } });
    expect(json.projection).toEqual({ output: 'projection', dimension: 48 });
    expect(text).toMatch(/output +embedding .*\(used\)/);
    expect(text).toMatch(/output +projection .*\(projection head, 48 numbers\)/);
    expect((await inspect(twoOutputs)).json.projection).toBeNull();
  });

  test('an output that is not there is refused with those that are', async () => {
    await expect(inspect(twoOutputs, { options: { projection: 'head' } })).rejects.toMatchObject({
      code: 'encoder-output-unclear',
      message: expect.stringMatching(/no output "head"; its outputs are "embedding", "projection"/) as string,
    });
  });
});
