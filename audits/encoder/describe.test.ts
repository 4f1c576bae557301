import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { zipSync } from 'fflate';
import { floats, image, imageModel, meanOverAxes, node } from '../../test/fixtures/models/image-model.ts';
import type { EncoderOptions } from '../contract/encoder.ts';
import type { ErrorCode } from '../contract/errors.ts';
import { describeEncoder } from './describe.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moat-describe-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function save(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

const described = (name: string, bytes: Uint8Array, options: EncoderOptions = {}) =>
  describeEncoder(save(name, bytes), options);

async function refusal(
  path: string,
  options: EncoderOptions = {},
): Promise<{ code: ErrorCode; message: string }> {
  return describeEncoder(path, options).then(
    () => {
      throw new Error('it was accepted');
    },
    (error: { code: ErrorCode; message: string }) => error,
  );
}

describe('files that are no ONNX model say what they are', () => {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const safeTensors = Buffer.concat([
    Buffer.from([40, 0, 0, 0, 0, 0, 0, 0]),
    Buffer.from('{"w":{"dtype":"F32"}}'),
  ]);
  test.each<[name: string, bytes: Uint8Array, kind: string]>([
    ['empty.onnx', new Uint8Array(0), 'an empty file'],
    ['checkpoint.pt', zipSync({ 'archive/data.pkl': text('x') }), 'PyTorch checkpoint'],
    ['model.keras', zipSync({ 'metadata.json': text('{}'), 'model.weights.h5': text('x') }), 'Keras archive'],
    ['archive.zip', zipSync({ 'readme.md': text('x') }), 'a ZIP archive'],
    ['old.pth', Uint8Array.from([0x80, 2, 0x8a, 10, 0x6c]), 'Python pickle'],
    ['model.h5', Buffer.from('\x89HDF\r\n\x1a\n\0\0', 'latin1'), 'HDF5'],
    ['model.tflite', Buffer.from('\x1c\0\0\0TFL3\0\0', 'latin1'), 'TensorFlow Lite'],
    ['model.safetensors', safeTensors, 'SafeTensors'],
    ['config.json', text('{"architectures": ["ViTModel"]}'), 'a JSON file'],
    ['pointer.onnx', text('version https://git-lfs.github.com/spec/v1\noid sha256:1'), 'Git LFS pointer'],
    ['page.onnx', text('<!DOCTYPE html><html>'), 'a web page'],
    ['notes.txt', text('The model is in the other folder.'), 'a text file'],
    ['noise.onnx', Uint8Array.from([0xff, 0xfe, 0x91, 0x00, 0x03, 0x77]), 'another structure'],
  ])('%s', async (name, bytes, kind) => {
    const { code, message } = await refusal(save(name, bytes));
    expect(code).toBe('encoder-not-onnx');
    expect(message).toContain(name);
    expect(message).toContain(kind);
  });

  test('a missing file and a folder', async () => {
    expect((await refusal(join(folder, 'absent.onnx'))).code).toBe('path-missing');
    expect((await refusal(folder)).message).toContain('is a folder');
  });
});

describe('a cut ONNX file', () => {
  const whole = imageModel({
    nodes: [node('Conv', ['image', 'w'], 'maps'), meanOverAxes('maps', 'embedding', [2, 3])],
    weights: [
      floats(
        'w',
        [3, 3, 1, 1],
        Array.from({ length: 9 }, (_, i) => i),
      ),
    ],
  });
  test.each([0.3, 0.6, 0.9])('at %d of its length is refused as truncated', async (share) => {
    const { code, message } = await refusal(
      save('cut.onnx', whole.subarray(0, Math.floor(whole.length * share))),
    );
    expect(code).toBe('encoder-truncated');
    expect(message).toContain('cut.onnx');
  });
  test('exactly behind the graph is refused too', async () => {
    const opset = 6; // The operator-set entry: key, length, and an entry of four bytes.
    expect((await refusal(save('cut.onnx', whole.subarray(0, whole.length - opset)))).code).toBe(
      'encoder-truncated',
    );
  });
});

describe('external data', () => {
  const external = (location: string, length: number): Uint8Array =>
    imageModel({
      nodes: [node('Mul', ['image', 'w'], 'scaled'), meanOverAxes('scaled', 'embedding', [2, 3])],
      weights: [
        {
          name: 'w',
          dims: [1],
          dataType: 1,
          dataLocation: 1,
          externalData: [
            { key: 'location', value: location },
            { key: 'offset', value: '0' },
            { key: 'length', value: String(length) },
          ],
        },
      ],
    });

  test('is part of size and digest', async () => {
    const weights = new Uint8Array(Float32Array.from([2]).buffer);
    save('external/weights.bin', weights);
    const bytes = external('weights.bin', 4);
    const found = await described('external/model.onnx', bytes);
    expect(found.sizeBytes).toBe(bytes.length + 4);
    expect(found.digest).toBe(createHash('sha256').update(bytes).update(weights).digest('hex'));
  });
  test('that is missing is named', async () => {
    const { code, message } = await refusal(save('alone/model.onnx', external('weights.bin', 4)));
    expect(code).toBe('encoder-external-data-missing');
    expect(message).toContain('"weights.bin"');
  });
  test('that is too short is truncated', async () => {
    save('short/weights.bin', new Uint8Array(4));
    expect((await refusal(save('short/model.onnx', external('weights.bin', 400)))).code).toBe(
      'encoder-truncated',
    );
  });
  test.each(['/etc/hostname', '../external/weights.bin'])(
    'outside of the folder is not read: %s',
    async (location) => {
      const { code, message } = await refusal(save('inside/model.onnx', external(location, 1)));
      expect(code).toBe('encoder-external-data-missing');
      expect(message).toContain('own folder');
    },
  );
});

describe('the image input', () => {
  test('NCHW with a free batch', async () => {
    const found = await described('nchw.onnx', imageModel());
    expect(found).toMatchObject({
      input: 'image',
      output: 'embedding',
      pooling: 'none',
      fixedBatch: null,
      opset: 17,
    });
    expect(found.preprocessing).toMatchObject({ layout: 'nchw', height: 4, width: 4 });
    expect(found.preprocessingSources).toMatchObject({ layout: 'model', height: 'model', range: 'guess' });
  });
  test('NHWC with a fixed batch and an oblong size', async () => {
    const bytes = imageModel({
      inputs: [{ name: 'image', shape: [2, 6, 8, 3] }],
      nodes: [meanOverAxes('image', 'embedding', [1, 2])],
    });
    const found = await described('nhwc.onnx', bytes);
    expect(found.fixedBatch).toBe(2);
    expect(found.preprocessing).toMatchObject({ layout: 'nhwc', height: 6, width: 8 });
  });
  test('axis names settle the layout of a wholly free shape', async () => {
    const names = ['batch_size', 'num_channels', 'height', 'width'];
    const found = await described('free.onnx', imageModel({ inputs: [{ name: 'image', shape: names }] }));
    expect(found.preprocessingSources.layout).toBe('model');
    expect(found.preprocessing).toMatchObject({ layout: 'nchw', height: 224, resizeTo: 256 });
    expect(found.notes.join()).toContain('224 x 224 is a guess');
  });
  test('weights listed as inputs are no inputs', async () => {
    const bytes = imageModel({
      inputs: [image, { name: 'w', shape: [1] }],
      nodes: [node('Mul', ['image', 'w'], 'scaled'), meanOverAxes('scaled', 'embedding', [2, 3])],
      weights: [floats('w', [1], [2])],
    });
    expect((await described('old.onnx', bytes)).inputs.map(({ name }) => name)).toEqual(['image']);
  });
  test('a text model is refused with its inputs', async () => {
    const ids = { name: 'input_ids', shape: ['batch', 'sequence'], type: 'int64' } as const;
    const bytes = imageModel({ inputs: [ids], nodes: [node('Cast', ['input_ids'], 'embedding', { to: 1 })] });
    const { code, message } = await refusal(save('text.onnx', bytes));
    expect(code).toBe('encoder-not-image');
    expect(message).toMatch(/"input_ids" \(int64 \[batch, sequence\]\).*a text model/);
  });
  test('a model of image and text is refused with what it needs besides', async () => {
    const ids = { name: 'input_ids', shape: ['batch', 8], type: 'int64' } as const;
    const { code, message } = await refusal(save('clip.onnx', imageModel({ inputs: [image, ids] })));
    expect(code).toBe('encoder-not-image');
    expect(message).toContain('besides the image "image" it needs "input_ids"');
  });
  test.each<[string, readonly (number | string)[], string]>([
    ['gray', ['batch', 1, 28, 28], 'one color channel'],
    ['unbatched', [3, 32, 32], 'without a batch axis'],
    ['vectors', ['batch', 100], 'images need four axes'],
  ])('%s input is refused', async (name, shape, reason) => {
    const { code, message } = await refusal(
      save(`${name}.onnx`, imageModel({ inputs: [{ name: 'x', shape }] })),
    );
    expect(code).toBe('encoder-not-image');
    expect(message).toContain(reason);
  });
});

describe('the output', () => {
  const outputs = (...names: [name: string, shape: readonly (number | string)[]][]): Uint8Array =>
    imageModel({
      outputs: names.map(([name, shape]) => ({ name, shape })),
      nodes: names.map(([name]) => node('Identity', ['image'], name)),
    });

  test.each<[chosen: string, pooling: string, bytes: Uint8Array]>([
    ['image_embeds', 'none', outputs(['last_hidden_state', ['b', 50, 8]], ['image_embeds', ['b', 8]])],
    ['pooler_output', 'none', outputs(['last_hidden_state', ['b', 50, 8]], ['pooler_output', ['b', 8]])],
    ['last_hidden_state', 'cls', outputs(['last_hidden_state', ['b', 50, 8]])],
    ['tokens', 'mean', outputs(['tokens', ['b', 49, 8]])],
    ['maps', 'mean', outputs(['maps', ['b', 8, 7, 7]])],
    ['second', 'none', outputs(['first', ['b', 8, 7, 7]], ['second', ['b', 8]])],
  ])('%s is chosen and pooled by %s', async (chosen, pooling, bytes) => {
    expect(await described('outputs.onnx', bytes)).toMatchObject({ output: chosen, pooling });
  });
  test('--output and --pooling win', async () => {
    const bytes = outputs(['pooler_output', ['b', 8]], ['last_hidden_state', ['b', 50, 8]]);
    const options = { output: 'last_hidden_state', pooling: 'mean' } as const;
    expect(await described('chosen.onnx', bytes, options)).toMatchObject(options);
  });
  test('an unknown --output lists the known ones', async () => {
    const path = save('named.onnx', outputs(['a', ['b', 8]], ['c', ['b', 8]]));
    const { code, message } = await refusal(path, { output: 'z' });
    expect(code).toBe('encoder-output-unclear');
    expect(message).toContain('its outputs are "a", "c"');
  });
  test('a class token needs tokens', async () => {
    const path = save('vector.onnx', outputs(['a', ['b', 8]]));
    expect((await refusal(path, { pooling: 'cls' })).code).toBe('encoder-output-unclear');
  });
});
