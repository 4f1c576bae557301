import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  image,
  imageModel,
  integers,
  meanOverAxes,
  node,
  type Port,
} from '../../test/fixtures/models/image-model.ts';
import { matrixRow, selectImages } from '../contract/data.ts';
import type { Encoder, EncoderOptions } from '../contract/encoder.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import { openDataset } from '../datasets/dataset.ts';
import { readImages } from '../datasets/read.ts';
import { createRng } from '../rng.ts';
import { loadModel } from '../tensor/onnx/model.ts';
import { openEncoder } from './encoder.ts';
import { preflight } from './preflight.ts';
import { rowNorms } from './vector-figures.ts';

const engine = { loadModel: (source: string | Uint8Array) => loadModel(source, 1) };
const opened: Encoder[] = [];
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moat-encoder-'));
});
afterAll(async () => {
  for (const encoder of opened) await encoder.dispose();
  rmSync(folder, { recursive: true });
});

async function open(bytes: Uint8Array, options: EncoderOptions = {}): Promise<Encoder> {
  const path = join(folder, `${opened.length}.onnx`);
  writeFileSync(path, bytes);
  const encoder = await openEncoder(engine, path, options);
  opened.push(encoder);
  return encoder;
}

const rng = createRng('encoder-test');
const images = hashedImages(
  Uint8Array.from({ length: 5 * 4 * 4 * 3 }, () => rng.integer(256)),
  5,
  4,
  4,
);

/** Mean of each color of each image, in 0...255: what the default test model computes. */
const colorMeans = Array.from({ length: 5 }, (_, i) =>
  [0, 1, 2].map((channel) => {
    const values = images.data.subarray(i * 48, (i + 1) * 48).filter((_value, at) => at % 3 === channel);
    return values.reduce((sum, value) => sum + value, 0) / 16;
  }),
);

function expectRows(actual: Float32Array, expected: readonly (readonly number[])[], digits = 4): void {
  expect(actual.length).toBe(expected.flat().length);
  for (const [i, value] of expected.flat().entries()) expect(actual[i]).toBeCloseTo(value, digits);
}

const shares = colorMeans.map((row) => row.map((value) => value / 255));
const nhwcMean = meanOverAxes('image', 'embedding', [1, 2]);

describe('the encoder sees every image as its file wants it', () => {
  test('NCHW float32', async () => {
    const encoder = await open(imageModel());
    expect(encoder.dimension).toBe(3);
    const { data, rows, columns } = await encoder.embed(images);
    expect([rows, columns]).toEqual([5, 3]);
    expectRows(data, shares);
  });
  test('NHWC float32', async () => {
    const encoder = await open(
      imageModel({ inputs: [{ name: 'image', shape: ['b', 4, 4, 3] }], nodes: [nhwcMean] }),
    );
    expectRows((await encoder.embed(images)).data, shares);
  });
  test('float16', async () => {
    const half = { type: 'float16' } as const;
    const encoder = await open(
      imageModel({
        inputs: [{ ...image, ...half }],
        outputs: [{ name: 'embedding', shape: ['b', 3], ...half }],
      }),
    );
    expectRows((await encoder.embed(images)).data, shares, 2);
  });
  test('uint8', async () => {
    const encoder = await open(
      imageModel({
        inputs: [{ ...image, type: 'uint8' }],
        nodes: [node('Cast', ['image'], 'pixels', { to: 1 }), meanOverAxes('pixels', 'embedding', [2, 3])],
      }),
    );
    expectRows((await encoder.embed(images)).data, colorMeans);
  });
  test('range, mean and standard deviation', async () => {
    const encoder = await open(imageModel(), { range: '-1-1', mean: [0.1, 0, 0], std: [1, 2, 1] });
    const expected = shares.map(([red = 0, green = 0, blue = 0]) => [
      2 * red - 1.1,
      (2 * green - 1) / 2,
      2 * blue - 1,
    ]);
    expectRows((await encoder.embed(images)).data, expected);
  });
  test('a fixed batch: the last one is filled up, nothing more comes back', async () => {
    const encoder = await open(
      imageModel({
        inputs: [{ name: 'image', shape: [2, 3, 4, 4] }],
        outputs: [{ name: 'embedding', shape: [2, 3] }],
      }),
    );
    expectRows((await encoder.embed(images)).data, shares);
  });
  test('more images than one run takes', async () => {
    const encoder = await open(imageModel());
    const many = selectImages(
      images,
      Array.from({ length: 131 }, (_, i) => i % 5),
    );
    const embeddings = await encoder.embed(many);
    expect(embeddings.rows).toBe(131);
    expectRows(matrixRow(embeddings, 130), [shares[0] ?? []]);
    expectRows(matrixRow(embeddings, 64), [shares[4] ?? []]);
  });
  test('no images give no rows', async () => {
    const encoder = await open(imageModel());
    expect(await encoder.embed(selectImages(images, []))).toMatchObject({ rows: 0, columns: 3 });
  });
  test('images of another size are a bug of the caller', async () => {
    const encoder = await open(imageModel());
    await expect(encoder.embed({ ...images, height: 2, width: 8 })).rejects.toThrow(RangeError);
  });
});

describe('pooling', () => {
  // [b, 3, 4, 4] -> [b, 3, 16] -> [b, 16, 3]: one token per pixel.
  const tokens = imageModel({
    outputs: [{ name: 'tokens', shape: ['b', 16, 3] }],
    nodes: [
      node('Reshape', ['image', 'shape'], 'flat'),
      node('Transpose', ['flat'], 'tokens', { perm: [0, 2, 1] }),
    ],
    weights: [integers('shape', [0, 3, 16])],
  });
  const firstPixels = Array.from({ length: 5 }, (_, i) =>
    [...images.data.subarray(i * 48, i * 48 + 3)].map((v) => v / 255),
  );

  test('mean over tokens', async () => {
    expectRows((await (await open(tokens)).embed(images)).data, shares);
  });
  test('the class token', async () => {
    expectRows((await (await open(tokens, { pooling: 'cls' })).embed(images)).data, firstPixels);
  });
  test('mean over an NCHW feature map', async () => {
    const maps: Port = { name: 'maps', shape: ['b', 3, 4, 4] };
    const encoder = await open(imageModel({ outputs: [maps], nodes: [node('Identity', ['image'], 'maps')] }));
    expectRows((await encoder.embed(images)).data, shares);
  });
  test('mean over an NHWC feature map', async () => {
    const encoder = await open(
      imageModel({
        outputs: [{ name: 'maps', shape: ['b', 4, 4, 3] }],
        nodes: [node('Transpose', ['image'], 'maps', { perm: [0, 2, 3, 1] })],
      }),
    );
    expectRows((await encoder.embed(images)).data, shares);
  });
  test('none keeps every number', async () => {
    expect((await open(tokens, { pooling: 'none' })).dimension).toBe(48);
  });
  test('an output whose shape the file leaves out', async () => {
    const encoder = await open(
      imageModel({
        outputs: [{ name: 'embedding', shape: [] }],
        nodes: [node('Identity', ['image'], 'embedding')],
      }),
    );
    expectRows((await encoder.embed(images)).data, shares);
  });
});

describe('a model the runtime refuses', () => {
  test('an unknown operator is named', async () => {
    await expect(
      open(imageModel({ nodes: [node('Frobnicate', ['image'], 'embedding')] })),
    ).rejects.toMatchObject({
      code: 'encoder-operator-unknown',
      message: expect.stringContaining('Frobnicate') as string,
    });
  });
  test('an unknown domain is named', async () => {
    const bytes = imageModel({
      nodes: [node('Fuse', ['image'], 'embedding', {}, 'com.example')],
      domains: ['com.example'],
    });
    await expect(open(bytes)).rejects.toMatchObject({
      code: 'encoder-operator-unknown',
      message: expect.stringContaining('com.example') as string,
    });
  });
  test('one that fails when it runs names the file and the reason', async () => {
    const bytes = imageModel({
      nodes: [node('Reshape', ['image', 'shape'], 'wrong'), meanOverAxes('wrong', 'embedding', [2, 3])],
      weights: [integers('shape', [-1, 3, 7, 7])],
    });
    await expect(open(bytes)).rejects.toMatchObject({
      code: 'encoder-failed',
      message: expect.stringMatching(/\.onnx could not embed a batch of images: .*Reshape/) as string,
    });
  });
  test('one that answers once for a whole batch is refused at the first batch', async () => {
    const encoder = await open(
      imageModel({
        nodes: [
          meanOverAxes('image', 'colors', [0, 2, 3]),
          node('Unsqueeze', ['colors', 'axis'], 'embedding'),
        ],
        weights: [integers('axis', [0])],
      }),
    );
    await expect(encoder.embed(images)).rejects.toMatchObject({
      code: 'encoder-failed',
      message: expect.stringContaining('[1, 3] for 5 images') as string,
    });
  });
});

/** Published in the README of the encoders' folder. */
const published = [
  { file: 'cifar10-simclr.onnx', digest: '6fd07560e8e95394', dimension: 128, norm: 1.88, deviation: 0.092 },
  {
    file: 'cifar10-simclr-head.onnx',
    digest: '0c5dbc177060b612',
    dimension: 128,
    norm: 1.88,
    deviation: 0.092,
  },
  { file: 'cifar10-supcon.onnx', digest: '8708aefcfbdceb8f', dimension: 256, norm: 1.21, deviation: 0.044 },
];
const encoders = '../shared/encoders';
const pictures = '../shared/data/cifar10-jpeg';
const available = existsSync(encoders) && existsSync(pictures);
if (!available) console.warn(`skipped: ${encoders} or ${pictures} is missing`);

describe.skipIf(!available)('encoders trained elsewhere', () => {
  test.each(published)('$file has its published digest, dimension, norm and spread', async (row) => {
    const encoder = await openEncoder(engine, join(encoders, row.file), {});
    opened.push(encoder);
    const { description } = encoder;
    expect(description.digest.slice(0, 16)).toBe(row.digest);
    expect(description.preprocessing).toMatchObject({
      height: 32,
      range: '0-1',
      mean: [0, 0, 0],
      std: [1, 1, 1],
    });
    const indices = createRng('published').permutation(10_000).subarray(0, 300);
    const read = await readImages(await openDataset(pictures), 'test', indices, description.preprocessing);
    const embeddings = await encoder.embed(read.images);
    expect(embeddings.columns).toBe(row.dimension);
    const norms = rowNorms(embeddings);
    expect(norms.reduce((sum, norm) => sum + norm, 0) / norms.length).toBeCloseTo(row.norm, 1);
    const report = await preflight(
      encoder,
      selectImages(
        read.images,
        Array.from({ length: 64 }, (_, i) => i),
      ),
      {
        now: () => 0,
        monotonicMs: () => performance.now(),
      },
    );
    const figures = report.checks.find(({ id }) => id === 'norms')?.figures ?? {};
    expect(figures['standardDeviationPerDimension']).toBeCloseTo(row.deviation, 2);
    expect(report.checks.filter(({ status }) => status !== 'ok')).toEqual([]);
  });
});
