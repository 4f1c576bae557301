import { describe, expect, test } from 'vitest';
import { MoatError } from '../../contract/errors.ts';
import { attributeType, decodeModel, encodeModel, tensorDataType } from './proto.ts';

const floats = (values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

function smallModel(): Parameters<typeof encodeModel>[0] {
  const port = (name: string) => ({
    name,
    type: {
      tensorType: {
        elemType: tensorDataType.float32,
        shape: { dim: [{ dimParam: 'batch' }, { dimValue: 2 }] },
      },
    },
  });
  return {
    irVersion: 8,
    producerName: 'test',
    opsetImport: [{ domain: '', version: 17 }],
    metadataProps: [{ key: 'mean', value: '0.5' }],
    graph: {
      name: 'g',
      node: [
        {
          opType: 'Gemm',
          input: ['x', 'w'],
          output: ['y'],
          attribute: [
            { name: 'alpha', type: attributeType.float, f: 0.5 },
            { name: 'transB', type: attributeType.int, i: 1 },
            { name: 'list', type: attributeType.ints, ints: [-1, 2 ** 40, 2n ** 62n] },
          ],
        },
      ],
      initializer: [
        { name: 'w', dims: [2, 2], dataType: tensorDataType.float32, rawData: floats([1, 2, 3, 4]) },
        {
          name: 'far',
          dims: [4],
          dataType: tensorDataType.float32,
          dataLocation: 1,
          externalData: [
            { key: 'location', value: 'weights.bin' },
            { key: 'length', value: '16' },
          ],
        },
      ],
      input: [port('x')],
      output: [port('y')],
      valueInfo: [],
    },
  };
}

describe('ONNX files', () => {
  test('what is written is read back, int64 exact on both sides of 2^53', () => {
    const model = decodeModel(encodeModel(smallModel()));
    expect(model.irVersion).toBe(8);
    expect(model.opsetImport).toEqual([{ domain: '', version: 17 }]);
    expect(model.metadataProps).toEqual([{ key: 'mean', value: '0.5' }]);
    const node = model.graph.node[0];
    expect(node?.input).toEqual(['x', 'w']);
    expect(node?.attribute[0]).toMatchObject({ name: 'alpha', f: 0.5 });
    expect(node?.attribute[2]?.ints).toEqual([-1, 2 ** 40, 2n ** 62n]);
    expect(model.graph.input[0]?.type?.tensorType?.shape?.dim).toEqual([
      { dimParam: 'batch' },
      { dimValue: 2 },
    ]);
    expect(Uint8Array.from(model.graph.initializer[0]?.rawData ?? [])).toEqual(floats([1, 2, 3, 4]));
    expect(model.graph.initializer[1]?.externalData?.[0]).toEqual({ key: 'location', value: 'weights.bin' });
  });

  test('every proper prefix of a file is refused, as truncated once the header is there', () => {
    const bytes = encodeModel(smallModel());
    const codes = new Set<string>();
    for (let length = 3; length < bytes.length - 40; length++)
      try {
        decodeModel(bytes.subarray(0, length));
      } catch (error) {
        codes.add(error instanceof MoatError ? error.code : 'other');
      }
    expect([...codes]).toEqual(['encoder-truncated']);
  });

  test.each([
    ['text', new TextEncoder().encode('ir_version: 8\ngraph { node { } }')],
    ['a JPEG', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 74, 70)],
    ['nothing', new Uint8Array(0)],
  ])('%s is not ONNX', (_, bytes) => {
    expect(() => decodeModel(bytes)).toThrow(expect.objectContaining({ code: 'encoder-not-onnx' }));
  });
});
