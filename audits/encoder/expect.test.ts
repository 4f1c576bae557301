import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { floats, imageModel, meanOverAxes, node, type Port } from '../../test/fixtures/models/image-model.ts';
import type { Matrix } from '../contract/data.ts';
import type { EncoderOptions, Preprocessing } from '../contract/encoder.ts';
import { writeNpz } from '../datasets/npz.ts';
import { createRng } from '../rng.ts';
import { loadModel } from '../tensor/onnx/model.ts';
import { describeEncoder } from './describe.ts';
import { embedWith } from './encoder.ts';
import { checkExpectation } from './expect.ts';
import { readExpectedReplies } from './expected-replies.ts';
import { probeImages } from './probe-images.ts';

const engine = { loadModel: (source: string | Uint8Array) => loadModel(source, 1) };
let folder = '';
let model = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moat-expect-'));
  model = join(folder, 'model.onnx');
  writeFileSync(model, convolution);
});
afterAll(() => rmSync(folder, { recursive: true }));

const SIDE = 16;
const rng = createRng('expect-test');
const weights = (count: number): number[] => Array.from({ length: count }, () => rng.normal());
const input: Port = { name: 'image', shape: ['batch', 3, SIDE, SIDE] };
/** Not linear, so that ranges, means and color orders all show. */
const convolution = imageModel({
  inputs: [input],
  outputs: [
    { name: 'embedding', shape: ['batch', 12] },
    { name: 'maps', shape: ['batch', 12, SIDE - 2, SIDE - 2] },
    { name: 'wide', shape: ['batch', 20] },
  ],
  nodes: [
    node('Conv', ['image', 'kernel', 'bias'], 'linear'),
    node('Tanh', ['linear'], 'maps'),
    meanOverAxes('maps', 'embedding', [2, 3]),
    node('MatMul', ['embedding', 'expand'], 'wide'),
  ],
  weights: [
    floats('kernel', [12, 3, 3, 3], weights(12 * 27)),
    floats('bias', [12], weights(12)),
    floats('expand', [12, 20], weights(240)),
  ],
});
const images = probeImages({ height: SIDE, width: SIDE }, 10, rng);

/** What production answers when it preprocesses like this. */
async function production(changes: Partial<Preprocessing>, factor = 1): Promise<Matrix> {
  const description = await describeEncoder(model, {});
  const loaded = await engine.loadModel(model);
  const replies = await embedWith(loaded, description, { ...description.preprocessing, ...changes }, images);
  await loaded.dispose();
  return { ...replies, data: replies.data.map((value) => value * factor) };
}

const compare = async (changes: Partial<Preprocessing>, options: EncoderOptions = {}, factor = 1) =>
  checkExpectation(engine, model, options, {
    images: () => Promise.resolve(images),
    vectors: await production(changes, factor),
  });

describe('production’s replies', () => {
  test('prove the preprocessing that made them', async () => {
    const found = await compare({});
    expect(found).toMatchObject({ proven: true, images: 10 });
    expect(found.candidates[0]).toMatchObject({ label: 'current', meanRelativeError: 0 });
    expect(found.sentence).toMatch(/^This is production's preprocessing/);
  });
  test.each<[label: string, changes: Partial<Preprocessing>]>([
    ['range 0-255, RGB', { range: '0-255' }],
    ['range -1-1, RGB', { range: '-1-1' }],
    ['current values, other color order', { channels: 'bgr' }],
    [
      'range 0-1 with ImageNet mean and std, RGB',
      { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    ],
    ['range -1-1, BGR', { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], channels: 'bgr' }],
  ])('name the right candidate: %s', async (label, changes) => {
    const found = await compare(changes);
    expect(found.proven).toBe(false);
    expect(found.candidates[0]?.label).toBe(label);
    expect(found.candidates[0]?.meanRelativeError).toBeLessThan(1e-6);
    expect(found.candidates.some((match) => match.label === 'current')).toBe(true);
    expect(found.sentence).toContain(`"${label}" is only 0 % off`);
  });
  test('prove flags that are right', async () => {
    expect((await compare({ range: '-1-1' }, { range: '-1-1' })).proven).toBe(true);
  });
  test('scaled afterwards are told from wrong pixels', async () => {
    const found = await compare({}, {}, 0.3);
    expect(found.proven).toBe(false);
    expect(found.sentence).toContain('another length');
  });
  test('of another encoder are matched by nothing', async () => {
    const vectors = { data: Float32Array.from(weights(120)), rows: 10, columns: 12 };
    const found = await checkExpectation(
      engine,
      model,
      {},
      { images: () => Promise.resolve(images), vectors },
    );
    expect(found.proven).toBe(false);
    expect(found.sentence).toMatch(/^No candidate reproduces production/);
  });
  test('of another length point to the output that has it', async () => {
    const vectors = { data: new Float32Array(200), rows: 10, columns: 20 };
    const found = await checkExpectation(
      engine,
      model,
      {},
      { images: () => Promise.resolve(images), vectors },
    );
    expect(found).toMatchObject({ proven: false, candidates: [] });
    expect(found.sentence).toContain('--output wide');
  });
  test('must be as many as the images', async () => {
    const vectors = { data: new Float32Array(36), rows: 3, columns: 12 };
    await expect(
      checkExpectation(engine, model, {}, { images: () => Promise.resolve(images), vectors }),
    ).rejects.toMatchObject({ code: 'dataset-format' });
  });
});

describe('replies.npz', () => {
  test('with images as an array', async () => {
    const path = join(folder, 'arrays.npz');
    const vectors = await production({ range: '-1-1' });
    await writeNpz(path, {
      images: { shape: [10, SIDE, SIDE, 3], data: images.data },
      vectors: { shape: [10, 12], data: vectors.data },
    });
    const replies = await readExpectedReplies(path);
    const found = await checkExpectation(engine, model, {}, replies);
    expect(found.candidates[0]?.label).toBe('range -1-1, RGB');
    // Geometry cannot matter for images that have the input size already.
    expect(found.candidates.map(({ label }) => label).join()).not.toContain('stretched');
  });

  test('with the paths of larger pictures: the crop production uses is found; a broken picture is left out', async () => {
    const large = probeImages({ height: 24, width: 40 }, 6, createRng('large'));
    const names = Array.from({ length: 6 }, (_, i) => `picture-${i}.png`);
    for (const [i, name] of names.entries())
      await sharp(large.data.slice(i * 2880, (i + 1) * 2880), { raw: { width: 40, height: 24, channels: 3 } })
        .png()
        .toFile(join(folder, name));
    writeFileSync(join(folder, 'broken.png'), 'not a picture');
    const path = join(folder, 'paths.npz');
    const paths = { shape: [7], data: [...names, 'broken.png'] };
    // First with placeholders, to have production's pixels decoded like any image.
    await writeNpz(path, { paths, vectors: { shape: [7, 12], data: new Float32Array(84).fill(1) } });
    const description = await describeEncoder(model, {});
    const crop = {
      ...description.preprocessing,
      resize: 'crop',
      resizeTo: 18,
      interpolation: 'bicubic',
    } as const;
    const decoded = await (await readExpectedReplies(path)).images(crop);
    const loaded = await engine.loadModel(model);
    const answered = await embedWith(loaded, description, crop, decoded);
    await loaded.dispose();
    const data = new Float32Array(84);
    data.set(answered.data);
    await writeNpz(path, { paths, vectors: { shape: [7, 12], data } });

    const replies = await readExpectedReplies(path);
    expect(replies.notes.join()).toContain('broken.png is left out');
    const found = await checkExpectation(engine, model, {}, replies);
    expect(found).toMatchObject({ images: 6, proven: false });
    expect(found.candidates[0]?.label).toBe('current, cropped to 87.5 %, bicubic');
  });

  test('without vectors says what it holds', async () => {
    const path = join(folder, 'without.npz');
    await writeNpz(path, { images: { shape: [10, SIDE, SIDE, 3], data: images.data } });
    await expect(readExpectedReplies(path)).rejects.toMatchObject({
      code: 'dataset-format',
      message: expect.stringContaining('no array named "vectors"; it has images') as string,
    });
  });
});
