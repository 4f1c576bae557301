import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  floats,
  image,
  imageModel,
  meanOverAxes,
  node,
  type Port,
} from '../../test/fixtures/models/image-model.ts';
import type { EncoderDescription, EncoderOptions } from '../contract/encoder.ts';
import type { OnnxTensor } from '../tensor/onnx/proto.ts';
import { describeEncoder } from './describe.ts';
import { tensorWriter } from './normalize.ts';

let root = '';
let folders = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'moat-preprocessing-'));
});
afterAll(() => rmSync(root, { recursive: true }));

function described(
  bytes: Uint8Array,
  setting: { readonly config?: unknown; readonly options?: EncoderOptions } = {},
): Promise<EncoderDescription> {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  writeFileSync(join(folder, 'model.onnx'), bytes);
  if (setting.config !== undefined)
    writeFileSync(
      join(folder, 'preprocessor_config.json'),
      typeof setting.config === 'string' ? setting.config : JSON.stringify(setting.config),
    );
  return describeEncoder(join(folder, 'model.onnx'), setting.options ?? {});
}

const large: Port = { name: 'image', shape: ['batch', 3, 224, 224] };
const free: Port = { name: 'image', shape: ['batch', 3, 'height', 'width'] };

/** A model whose image first goes through these (operator, constant) steps. */
function arithmetic(steps: readonly (readonly [operator: string, constant: OnnxTensor])[]): Uint8Array {
  const nodes = steps.map(([operator, constant], i) =>
    node(operator, [i === 0 ? 'image' : `step${i - 1}`, constant.name ?? ''], `step${i}`),
  );
  return imageModel({
    inputs: [large],
    nodes: [...nodes, meanOverAxes(`step${steps.length - 1}`, 'embedding', [2, 3])],
    weights: steps.map(([, constant]) => constant),
  });
}

const perChannel = (name: string, values: readonly number[]): OnnxTensor =>
  floats(name, [1, 3, 1, 1], values);
const imageNetMean = [0.485, 0.456, 0.406];
const imageNetStd = [0.229, 0.224, 0.225];

describe('a guess', () => {
  test('for a large float input: ImageNet, central crop, flagged', async () => {
    const { preprocessing, preprocessingSources, notes } = await described(imageModel({ inputs: [large] }));
    expect(preprocessing).toMatchObject({
      range: '0-1',
      mean: imageNetMean,
      std: imageNetStd,
      resize: 'crop',
      resizeTo: 256,
    });
    expect(preprocessingSources).toMatchObject({
      mean: 'guess',
      std: 'guess',
      range: 'guess',
      height: 'model',
    });
    expect(notes.join()).toMatch(/ImageNet’s mean and standard deviation is a guess/);
  });
  test('for a tiny float input: 0 to 1 as it is', async () => {
    const { preprocessing } = await described(imageModel({ inputs: [image] }));
    expect(preprocessing).toMatchObject({ range: '0-1', mean: [0, 0, 0], std: [1, 1, 1], resize: 'stretch' });
  });
  test('is not needed for bytes', async () => {
    const bytes = imageModel({
      inputs: [{ ...large, type: 'uint8' }],
      nodes: [node('Cast', ['image'], 'float', { to: 1 }), meanOverAxes('float', 'embedding', [2, 3])],
    });
    const { preprocessing, preprocessingSources } = await described(bytes);
    expect(preprocessing).toMatchObject({ range: '0-255', mean: [0, 0, 0], std: [1, 1, 1] });
    expect(preprocessingSources.range).toBe('model');
  });
});

describe('normalization inside the graph', () => {
  test.each<[name: string, range: string, bytes: Uint8Array]>([
    [
      'mean and std of 0...1',
      '0-1',
      arithmetic([
        ['Sub', perChannel('m', imageNetMean)],
        ['Div', perChannel('s', imageNetStd)],
      ]),
    ],
    [
      'Caffe mean',
      '0-255',
      arithmetic([
        ['Sub', perChannel('m', [123.7, 116.8, 103.9])],
        ['Mul', perChannel('s', [0.017, 0.017, 0.017])],
      ]),
    ],
    ['division by 255', '0-255', arithmetic([['Div', floats('d', [], [255])]])],
    [
      '2 x - 1',
      '0-1',
      arithmetic([
        ['Mul', floats('two', [1], [2])],
        ['Sub', floats('one', [1], [1])],
      ]),
    ],
    [
      'x / 127.5 - 1',
      '0-255',
      arithmetic([
        ['Mul', floats('f', [1], [1 / 127.5])],
        ['Add', floats('one', [1], [-1])],
      ]),
    ],
  ])('%s: pixels in %s, nothing outside', async (_, range, bytes) => {
    const { preprocessing, preprocessingSources } = await described(bytes);
    expect(preprocessing).toMatchObject({ range, mean: [0, 0, 0], std: [1, 1, 1] });
    expect(preprocessingSources).toMatchObject({ range: 'model', mean: 'model' });
  });
  test('with a config that normalizes as well: the config is kept, with a warning', async () => {
    const bytes = arithmetic([['Sub', perChannel('m', imageNetMean)]]);
    const { preprocessing, notes } = await described(bytes, {
      config: { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] },
    });
    expect(preprocessing.mean).toEqual([0.5, 0.5, 0.5]);
    expect(notes.join()).toContain('normalized twice');
  });
});

describe('preprocessor_config.json', () => {
  const half = { do_normalize: true, image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };
  test('of ViT: stretched, bilinear, one half', async () => {
    const config = {
      do_resize: true,
      size: { height: 224, width: 224 },
      resample: 2,
      do_rescale: true,
      rescale_factor: 1 / 255,
      ...half,
    };
    const { preprocessing, preprocessingSources } = await described(imageModel({ inputs: [large] }), {
      config,
    });
    expect(preprocessing).toMatchObject({
      resize: 'stretch',
      interpolation: 'bilinear',
      range: '0-1',
      mean: [0.5, 0.5, 0.5],
    });
    expect(preprocessingSources).toMatchObject({
      mean: 'preprocessor_config',
      resize: 'preprocessor_config',
      height: 'model',
    });
  });
  test('of CLIP: shorter edge, centre crop, bicubic', async () => {
    const config = {
      image_processor_type: 'CLIPImageProcessor',
      size: { shortest_edge: 224 },
      do_center_crop: true,
      crop_size: { height: 224, width: 224 },
      resample: 3,
      do_normalize: true,
    };
    const { preprocessing } = await described(imageModel({ inputs: [free] }), { config });
    expect(preprocessing).toMatchObject({
      height: 224,
      resize: 'crop',
      resizeTo: 224,
      interpolation: 'bicubic',
    });
    expect(preprocessing.mean[0]).toBeCloseTo(0.48145466, 8);
  });
  test('of an old feature extractor: plain numbers', async () => {
    const config = {
      feature_extractor_type: 'CLIPFeatureExtractor',
      size: 256,
      crop_size: 224,
      do_center_crop: true,
      resample: 3,
      ...half,
    };
    const { preprocessing } = await described(imageModel({ inputs: [free] }), { config });
    expect(preprocessing).toMatchObject({ height: 224, width: 224, resize: 'crop', resizeTo: 256 });
  });
  test('of ConvNeXt: crop_pct enlarges the edge', async () => {
    const config = { size: { shortest_edge: 224 }, crop_pct: 0.875, resample: 3 };
    const { preprocessing } = await described(imageModel({ inputs: [free] }), { config });
    expect(preprocessing).toMatchObject({ height: 224, resize: 'crop', resizeTo: 256 });
  });
  test('a rescale factor of 1/127.5 with offset is -1...1; without, 0...2 in other units', async () => {
    const offset = { rescale_factor: 1 / 127.5, rescale_offset: true, do_normalize: false };
    expect((await described(imageModel({ inputs: [large] }), { config: offset })).preprocessing.range).toBe(
      '-1-1',
    );
    const plain = { rescale_factor: 1 / 127.5, image_mean: [1, 1, 1], image_std: [1, 1, 1] };
    const { preprocessing } = await described(imageModel({ inputs: [large] }), { config: plain });
    // 255 / 127.5 - 1 = 1 and 0 / 127.5 - 1 = -1.
    expect(written(preprocessing, [255, 0, 0])).toEqual([1, -1, -1]);
  });
  test('without rescaling pixels stay 0...255', async () => {
    const config = { do_rescale: false, image_mean: [127.5, 127.5, 127.5], image_std: [127.5, 127.5, 127.5] };
    const { preprocessing } = await described(imageModel({ inputs: [large] }), { config });
    expect(written(preprocessing, [255, 0, 255])).toEqual([1, -1, 1]);
  });
  test('of another size than the model: the model wins and says so', async () => {
    const config = {
      size: { shortest_edge: 256 },
      crop_size: { height: 224, width: 224 },
      do_center_crop: true,
    };
    const small: Port = { name: 'image', shape: ['batch', 3, 112, 112] };
    const { preprocessing, notes } = await described(imageModel({ inputs: [small] }), { config });
    expect(preprocessing).toMatchObject({ height: 112, resizeTo: 128 });
    expect(notes.join()).toContain('asks for 224 x 224');
  });
  test('lies one folder up for the onnx/model.onnx layout', async () => {
    const folder = join(root, 'hub', 'onnx');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'model.onnx'), imageModel({ inputs: [large] }));
    writeFileSync(join(root, 'hub', 'preprocessor_config.json'), JSON.stringify(half));
    const { preprocessing } = await describeEncoder(join(folder, 'model.onnx'), {});
    expect(preprocessing.mean).toEqual([0.5, 0.5, 0.5]);
  });
  test.each([
    ['{"size": ', 'no valid JSON'],
    ['{"image_mean": "many"}', '"image_mean"'],
  ])('that cannot be understood is an error: %s', async (config, reason) => {
    await expect(described(imageModel(), { config })).rejects.toMatchObject({
      code: 'encoder-preprocessing-invalid',
      message: expect.stringContaining(reason) as string,
    });
  });
});

describe('flags', () => {
  test('win over config and graph', async () => {
    const options: EncoderOptions = { mean: [0.1, 0.2, 0.3], std: [1, 2, 3], range: '-1-1', size: 96 };
    const { preprocessing, preprocessingSources } = await described(imageModel({ inputs: [free] }), {
      config: { size: { height: 224, width: 224 }, image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] },
      options,
    });
    expect(preprocessing).toMatchObject({
      mean: [0.1, 0.2, 0.3],
      std: [1, 2, 3],
      range: '-1-1',
      height: 96,
      width: 96,
    });
    expect(preprocessingSources).toMatchObject({
      mean: 'flag',
      height: 'flag',
      resize: 'preprocessor_config',
    });
  });
  test.each<[EncoderOptions, string]>([
    [{ size: 32 }, 'fixed to 224 x 224'],
    [{ layout: 'nhwc' }, 'which is nchw'],
    [{ std: [1, 0, 1] }, 'above 0'],
    [{ mean: [Number.NaN, 0, 0] }, 'three numbers'],
  ])('%o cannot be', async (options, reason) => {
    await expect(described(imageModel({ inputs: [large] }), { options })).rejects.toMatchObject({
      code: 'encoder-preprocessing-invalid',
      message: expect.stringContaining(reason) as string,
    });
  });
});

/** What one pixel becomes. */
function written(preprocessing: EncoderDescription['preprocessing'], pixel: readonly number[]): number[] {
  const target = new Float32Array(3);
  tensorWriter(preprocessing)(
    { data: Uint8Array.from(pixel), count: 1, height: 1, width: 1, hashes: [''] },
    target,
  );
  return [...target].map((value) => Number(value.toFixed(5)));
}

describe('a pixel', () => {
  const base = {
    height: 1,
    width: 1,
    resize: 'stretch',
    resizeTo: 1,
    interpolation: 'bilinear',
    layout: 'nchw',
  } as const;
  test('(124, 116, 104) under ImageNet statistics', () => {
    const imageNet = {
      ...base,
      range: '0-1',
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      channels: 'rgb',
    } as const;
    // (124/255 - 0.485)/0.229, (116/255 - 0.456)/0.224, (104/255 - 0.406)/0.225
    expect(written(imageNet, [124, 116, 104])).toEqual([0.00557, -0.0049, 0.00819]);
  });
  test('in the other color order takes mean and std in that order', () => {
    const caffe = {
      ...base,
      range: '0-255',
      mean: [103.939, 116.779, 123.68],
      std: [1, 1, 1],
      channels: 'bgr',
    } as const;
    expect(written(caffe, [200, 150, 100])).toEqual([-3.939, 33.221, 76.32]);
  });
});
