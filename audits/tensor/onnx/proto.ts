import protobuf from 'protobufjs/light.js';
import { MoatError } from '../../contract/errors.ts';
import { onnxDescriptor } from './descriptor.ts';

/** ONNX files as plain data. An int64 is a number where that is exact, else a bigint. */
export type Int64 = number | bigint;

/** TensorProto.DataType. */
export const tensorDataType = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;

/** AttributeProto.AttributeType. */
export const attributeType = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;

/** TensorProto.DataLocation: 1 means that the values are in another file, named by `externalData`. */
export const externalDataLocation = 1;

export interface OnnxModel {
  readonly irVersion?: Int64;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly domain?: string;
  readonly modelVersion?: Int64;
  readonly docString?: string;
  readonly graph: OnnxGraph;
  readonly opsetImport: readonly OnnxOperatorSet[];
  readonly metadataProps: readonly OnnxEntry[];
  readonly functions: readonly OnnxFunction[];
}

export interface OnnxGraph {
  readonly name?: string;
  readonly docString?: string;
  readonly node: readonly OnnxNode[];
  readonly initializer: readonly OnnxTensor[];
  readonly input: readonly OnnxValueInfo[];
  readonly output: readonly OnnxValueInfo[];
  readonly valueInfo: readonly OnnxValueInfo[];
}

export interface OnnxFunction {
  readonly name?: string;
  readonly domain?: string;
  readonly overload?: string;
  readonly docString?: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly string[];
  readonly attributeProto: readonly OnnxAttribute[];
  readonly node: readonly OnnxNode[];
  readonly opsetImport: readonly OnnxOperatorSet[];
}

export interface OnnxNode {
  readonly name?: string;
  readonly opType: string;
  readonly domain?: string;
  readonly overload?: string;
  readonly docString?: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly OnnxAttribute[];
}

/** The field named by `type` carries the value (`attributeType`). */
export interface OnnxAttribute {
  readonly name: string;
  readonly type?: number;
  readonly refAttrName?: string;
  readonly f?: number;
  readonly i?: Int64;
  readonly s?: Uint8Array;
  readonly t?: OnnxTensor;
  readonly g?: OnnxGraph;
  readonly floats?: readonly number[];
  readonly ints?: readonly Int64[];
  readonly strings?: readonly Uint8Array[];
  readonly tensors?: readonly OnnxTensor[];
  readonly graphs?: readonly OnnxGraph[];
}

export interface OnnxTensor {
  readonly name?: string;
  readonly dims: readonly Int64[];
  /** `tensorDataType` */
  readonly dataType?: number;
  /** Little-endian values; the usual place. */
  readonly rawData?: Uint8Array;
  readonly floatData?: readonly number[];
  readonly int32Data?: readonly number[];
  readonly stringData?: readonly Uint8Array[];
  readonly int64Data?: readonly Int64[];
  readonly doubleData?: readonly number[];
  readonly uint64Data?: readonly Int64[];
  readonly dataLocation?: number;
  /** `location` (file name), `offset`, `length` as text. */
  readonly externalData?: readonly OnnxEntry[];
  readonly docString?: string;
}

export interface OnnxValueInfo {
  readonly name?: string;
  readonly docString?: string;
  /** Absent for sequences, maps and optionals. */
  readonly type?: {
    readonly tensorType?: {
      readonly elemType?: number;
      readonly shape?: { readonly dim?: readonly OnnxDimension[] };
    };
    readonly denotation?: string;
  };
}

/** A fixed size, a named free one, or (neither) an unknown one. */
export interface OnnxDimension {
  readonly dimValue?: Int64;
  readonly dimParam?: string;
  readonly denotation?: string;
}

export interface OnnxOperatorSet {
  readonly domain?: string;
  readonly version?: Int64;
}

export interface OnnxEntry {
  readonly key?: string;
  readonly value?: string;
}

const ModelProto = protobuf.Root.fromJSON(onnxDescriptor).lookupType('ModelProto');

/** Field 1 (`ir_version`) as a varint: the first byte that every exporter writes. */
const FIRST_BYTE = 0x08;

/**
 * Reads an ONNX file. Repeated fields of the model, its graphs and nodes are always arrays.
 * @throws MoatError encoder-not-onnx, encoder-truncated
 */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  if (bytes.length === 0) throw new MoatError('encoder-not-onnx', 'The encoder file is empty.');
  let decoded: Record<string, unknown>;
  try {
    decoded = ModelProto.toObject(ModelProto.decode(bytes), { longs: BigInt, arrays: true });
  } catch (cause) {
    // A cut file ends in the middle of a field, which protobuf.js reports as a RangeError.
    if (bytes[0] === FIRST_BYTE && cause instanceof RangeError)
      throw new MoatError('encoder-truncated', 'The encoder file ends in the middle of the model.', {
        cause,
      });
    throw new MoatError('encoder-not-onnx', 'The encoder file is not an ONNX model.', { cause });
  }
  const model = withExactNumbers(decoded) as Partial<OnnxModel>;
  const cutOrForeign = bytes[0] === FIRST_BYTE && model.irVersion !== undefined;
  if (model.graph === undefined)
    throw cutOrForeign
      ? new MoatError('encoder-truncated', 'The encoder file ends before the model graph.')
      : new MoatError('encoder-not-onnx', 'The encoder file is not an ONNX model.');
  return model as OnnxModel;
}

/** Writes an ONNX file; exact for what `decodeModel` returns. */
export function encodeModel(
  model: Pick<OnnxModel, 'graph' | 'opsetImport'> & Partial<OnnxModel>,
): Uint8Array {
  return ModelProto.encode(ModelProto.fromObject(model)).finish();
}

/** Turns every bigint that a number holds exactly into that number. */
function withExactNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return typeof value[0] === 'number' ? value : value.map(withExactNumbers);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withExactNumbers(entry)]));
}
