import { writeFileSync } from 'node:fs';
import { createRng } from '../../audits/rng.ts';
import {
  attributeType,
  encodeModel,
  tensorDataType,
  type OnnxAttribute,
  type OnnxNode,
  type OnnxTensor,
} from '../../audits/tensor/onnx/proto.ts';

const SIDE = 16;
const CHANNELS = 24;

/** What to break, for tests of bad input. */
export interface TinyEncoderFlaws {
  /** Multiplies the output: 0 makes the encoder constant, NaN poisons it. */
  readonly factor?: number;
  readonly operator?: string;
  readonly domain?: string;
  /** Keeps the first convolution's weights in a file of this name beside the model. */
  readonly externalData?: string;
  /** Length of a second output `projection`, the tanh of a linear map of the first. */
  readonly projection?: number;
  /** Draws other weights. */
  readonly seed?: string;
}

/** Writes an ONNX image encoder that takes milliseconds: two convolutions, ReLU, mean pool; 16 px, 24 dimensions. */
export function writeTinyEncoder(file: string, flaws: TinyEncoderFlaws = {}): void {
  const rng = createRng(flaws.seed ?? 'tiny encoder');
  const tensor = (name: string, dims: readonly number[], scale: number): OnnxTensor => {
    const values = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => rng.normal() * scale);
    return { name, dims, dataType: tensorDataType.float32, rawData: new Uint8Array(values.buffer) };
  };
  const ints = (name: string, values: readonly number[]): OnnxAttribute => ({
    name,
    type: attributeType.ints,
    ints: values,
  });
  const node = (
    opType: string,
    input: readonly string[],
    output: string,
    attribute: readonly OnnxAttribute[] = [],
    domain = '',
  ): OnnxNode => ({
    opType,
    input,
    output: [output],
    attribute,
    domain,
  });
  const first = tensor('w1', [12, 3, 3, 3], 0.4);
  const external: OnnxTensor = {
    name: 'w1',
    dims: first.dims,
    dataType: tensorDataType.float32,
    dataLocation: 1,
    externalData: [{ key: 'location', value: flaws.externalData ?? '' }],
  };
  const factor: OnnxTensor = {
    name: 'factor',
    dims: [],
    dataType: tensorDataType.float32,
    rawData: new Uint8Array(Float32Array.of(flaws.factor ?? 1).buffer),
  };
  const { projection } = flaws;
  const matrixOutput = (name: string, columns: number) => ({
    name,
    type: {
      tensorType: {
        elemType: tensorDataType.float32,
        shape: { dim: [{ dimParam: 'batch' }, { dimValue: columns }] },
      },
    },
  });
  const bytes = encodeModel({
    irVersion: 8,
    producerName: 'moat tests',
    opsetImport: [
      { domain: '', version: 17 },
      ...(flaws.domain === undefined ? [] : [{ domain: flaws.domain, version: 1 }]),
    ],
    metadataProps: [],
    functions: [],
    graph: {
      name: 'tiny',
      node: [
        node('Conv', ['image', 'w1'], 'c1', [ints('strides', [2, 2]), ints('pads', [1, 1, 1, 1])]),
        node(flaws.operator ?? 'Relu', ['c1'], 'r1', [], flaws.domain),
        node('Conv', ['r1', 'w2'], 'c2', [ints('strides', [2, 2]), ints('pads', [1, 1, 1, 1])]),
        node('Relu', ['c2'], 'r2'),
        node('GlobalAveragePool', ['r2'], 'p'),
        node('Flatten', ['p'], 'f'),
        node('Mul', ['f', 'factor'], 'embedding'),
        ...(projection === undefined
          ? []
          : [node('MatMul', ['embedding', 'w3'], 'm'), node('Tanh', ['m'], 'projection')]),
      ],
      initializer: [
        flaws.externalData === undefined ? first : external,
        tensor('w2', [CHANNELS, 12, 3, 3], 0.2),
        factor,
        ...(projection === undefined ? [] : [tensor('w3', [CHANNELS, projection], 1)]),
      ],
      input: [
        {
          name: 'image',
          type: {
            tensorType: {
              elemType: tensorDataType.float32,
              shape: {
                dim: [{ dimParam: 'batch' }, { dimValue: 3 }, { dimValue: SIDE }, { dimValue: SIDE }],
              },
            },
          },
        },
      ],
      output: [
        matrixOutput('embedding', CHANNELS),
        ...(projection === undefined ? [] : [matrixOutput('projection', projection)]),
      ],
      valueInfo: [],
    },
  });
  writeFileSync(file, bytes);
}

/** Writes a model that takes token ids, as text encoders do. */
export function writeTextModel(file: string): void {
  const ids = {
    elemType: tensorDataType.int64,
    shape: { dim: [{ dimParam: 'batch' }, { dimParam: 'tokens' }] },
  };
  const bytes = encodeModel({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    metadataProps: [],
    functions: [],
    graph: {
      name: 'text',
      node: [{ opType: 'Identity', input: ['input_ids'], output: ['embedding'], attribute: [] }],
      initializer: [],
      input: [{ name: 'input_ids', type: { tensorType: ids } }],
      output: [{ name: 'embedding', type: { tensorType: ids } }],
      valueInfo: [],
    },
  });
  writeFileSync(file, bytes);
}
