import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../contract/errors.ts';
import { loadModel } from './model.ts';
import { encodeModel, tensorDataType, type OnnxGraph, type OnnxNode } from './proto.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'moat-model-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const port = (name: string, elemType: number, dims: readonly (number | string)[]) => ({
  name,
  type: {
    tensorType: {
      elemType,
      shape: {
        dim: dims.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size })),
      },
    },
  },
});

function oneNode(
  node: Partial<OnnxNode>,
  options: { elemType?: number; graph?: Partial<OnnxGraph>; domain?: string; opset?: number } = {},
): Uint8Array {
  const elemType = options.elemType ?? tensorDataType.float32;
  return encodeModel({
    irVersion: 8,
    opsetImport: [
      { domain: '', version: options.opset ?? 17 },
      ...(options.domain === undefined ? [] : [{ domain: options.domain, version: 1 }]),
    ],
    graph: {
      name: 'g',
      node: [{ opType: 'Relu', input: ['x'], output: ['y'], attribute: [], ...node }],
      initializer: [],
      input: [port('x', elemType, ['batch', 2])],
      output: [port('y', elemType, ['batch', 2])],
      valueInfo: [],
      ...options.graph,
    },
  });
}

const external = (location: string): Uint8Array =>
  oneNode(
    { opType: 'Add', input: ['x', 'w'] },
    {
      graph: {
        initializer: [
          {
            name: 'w',
            dims: [2],
            dataType: tensorDataType.float32,
            dataLocation: 1,
            externalData: [
              { key: 'location', value: location },
              { key: 'length', value: '8' },
            ],
          },
        ],
      },
    },
  );

describe('a loaded model', () => {
  test('names its ports and runs any batch size', async () => {
    const model = await loadModel(oneNode({}), 1);
    expect(model.inputs).toEqual([{ name: 'x', elementType: 'float32', shape: ['batch', 2] }]);
    const { y } = await model.run({
      x: { elementType: 'float32', shape: [2, 2], data: Float32Array.of(1, -2, -3, 4) },
    });
    expect(y).toEqual({ shape: [2, 2], data: Float32Array.of(1, 0, 0, 4) });
    await model.dispose();
  });

  test('takes and gives float16 as float32, rounded to halves', async () => {
    const model = await loadModel(oneNode({}, { elemType: tensorDataType.float16 }), 1);
    expect(model.inputs[0]?.elementType).toBe('float16');
    const { y } = await model.run({
      x: { elementType: 'float16', shape: [1, 2], data: Float32Array.of(1 / 3, -1) },
    });
    expect(y?.data).toEqual(Float32Array.of(0.333251953125, 0));
    await model.dispose();
  });

  test('reads external data beside the file, and names the file when it is gone', async () => {
    const path = join(folder, 'model.onnx');
    writeFileSync(path, external('weights.bin'));
    await expect(loadModel(path, 1)).rejects.toMatchObject({
      code: 'encoder-external-data-missing' satisfies ErrorCode,
      message: expect.stringContaining('weights.bin') as string,
    });
    writeFileSync(join(folder, 'weights.bin'), Float32Array.of(10, 20));
    const model = await loadModel(path, 1);
    const { y } = await model.run({
      x: { elementType: 'float32', shape: [1, 2], data: Float32Array.of(1, 2) },
    });
    expect(y?.data).toEqual(Float32Array.of(11, 22));
    await model.dispose();
    writeFileSync(join(folder, 'weights.bin'), Float32Array.of(10));
    await expect(loadModel(path, 1)).rejects.toMatchObject({ code: 'encoder-truncated' });
  });

  test('says in one sentence that a batch has the wrong shape', async () => {
    const model = await loadModel(oneNode({}), 1);
    const wrong = model.run({
      x: { elementType: 'float32', shape: [1, 3], data: Float32Array.of(1, 2, 3) },
    });
    await expect(wrong).rejects.toMatchObject({
      code: 'encoder-failed',
      message: expect.not.stringContaining('\n') as string,
    });
    await model.dispose();
  });
});

describe('a file that cannot be loaded', () => {
  const big = oneNode({ docString: 'x'.repeat(1000) });
  test.each<[string, Uint8Array, ErrorCode, string]>([
    ['text', new TextEncoder().encode('hello world, hello world'), 'encoder-not-onnx', 'not an ONNX model'],
    ['a cut file', big.subarray(0, 500), 'encoder-truncated', 'ends in the middle'],
    ['an unknown operator', oneNode({ opType: 'Frob' }), 'encoder-operator-unknown', 'Frob (domain ai.onnx)'],
    [
      'an unknown domain',
      oneNode({ opType: 'Frob', domain: 'my.ops' }, { domain: 'my.ops' }),
      'encoder-operator-unknown',
      'Frob (domain my.ops)',
    ],
    [
      'a domain without import',
      oneNode({ opType: 'Frob', domain: 'my.ops' }),
      'encoder-operator-unknown',
      'my.ops',
    ],
    [
      'a type the operator lacks',
      oneNode({}, { elemType: tensorDataType.bfloat16 }),
      'encoder-operator-unknown',
      'Relu',
    ],
    ['an opset of the future', oneNode({}, { opset: 99 }), 'encoder-operator-unknown', 'opset 99'],
    ['external data without a folder', external('w.bin'), 'encoder-external-data-missing', 'w.bin'],
  ])('%s', async (name, bytes, code, words) => {
    await expect(loadModel(bytes, 1)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words) as string,
    });
    const path = join(folder, `${name.replaceAll(' ', '-')}.onnx`);
    writeFileSync(path, bytes);
    await expect(loadModel(path, 1)).rejects.toMatchObject({ code });
  });

  test('a path without a file', async () => {
    await expect(loadModel(join(folder, 'none.onnx'), 1)).rejects.toMatchObject({ code: 'path-missing' });
  });
});
