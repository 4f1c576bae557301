import type { INamespace, IType } from 'protobufjs';

/**
 * The part of the ONNX format that Moat reads and writes, as a protobuf.js descriptor.
 * Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. Fields left out are skipped when reading.
 */

type FieldSpec = readonly [name: string, type: string, number: number];

const message = (single: readonly FieldSpec[], repeated: readonly FieldSpec[] = []): IType => ({
  // proto2: a zero that was written differs from a value that was not.
  edition: 'proto2',
  fields: Object.fromEntries([
    ...single.map(([name, type, id]) => [name, { type, id }] as const),
    // ONNX is a proto2 schema: repeated numbers are unpacked unless the schema says otherwise; readers take both.
    ...repeated.map(
      ([name, type, id]) =>
        [name, { type, id, rule: 'repeated', options: { packed: packedFields.has(name) } }] as const,
    ),
  ]),
});

const packedFields = new Set(['floatData', 'int32Data', 'int64Data', 'doubleData', 'uint64Data']);

export const onnxDescriptor: INamespace = {
  nested: {
    ModelProto: message(
      [
        ['irVersion', 'int64', 1],
        ['producerName', 'string', 2],
        ['producerVersion', 'string', 3],
        ['domain', 'string', 4],
        ['modelVersion', 'int64', 5],
        ['docString', 'string', 6],
        ['graph', 'GraphProto', 7],
      ],
      [
        ['opsetImport', 'OperatorSetIdProto', 8],
        ['metadataProps', 'StringStringEntryProto', 14],
        ['functions', 'FunctionProto', 25],
      ],
    ),
    GraphProto: message(
      [
        ['name', 'string', 2],
        ['docString', 'string', 10],
      ],
      [
        ['node', 'NodeProto', 1],
        ['initializer', 'TensorProto', 5],
        ['input', 'ValueInfoProto', 11],
        ['output', 'ValueInfoProto', 12],
        ['valueInfo', 'ValueInfoProto', 13],
      ],
    ),
    FunctionProto: message(
      [
        ['name', 'string', 1],
        ['docString', 'string', 8],
        ['domain', 'string', 10],
        ['overload', 'string', 13],
      ],
      [
        ['input', 'string', 4],
        ['output', 'string', 5],
        ['attribute', 'string', 6],
        ['node', 'NodeProto', 7],
        ['opsetImport', 'OperatorSetIdProto', 9],
        ['attributeProto', 'AttributeProto', 11],
      ],
    ),
    NodeProto: message(
      [
        ['name', 'string', 3],
        ['opType', 'string', 4],
        ['docString', 'string', 6],
        ['domain', 'string', 7],
        ['overload', 'string', 8],
      ],
      [
        ['input', 'string', 1],
        ['output', 'string', 2],
        ['attribute', 'AttributeProto', 5],
      ],
    ),
    AttributeProto: message(
      [
        ['name', 'string', 1],
        ['f', 'float', 2],
        ['i', 'int64', 3],
        ['s', 'bytes', 4],
        ['t', 'TensorProto', 5],
        ['g', 'GraphProto', 6],
        ['type', 'int32', 20],
        ['refAttrName', 'string', 21],
      ],
      [
        ['floats', 'float', 7],
        ['ints', 'int64', 8],
        ['strings', 'bytes', 9],
        ['tensors', 'TensorProto', 10],
        ['graphs', 'GraphProto', 11],
      ],
    ),
    TensorProto: message(
      [
        ['dataType', 'int32', 2],
        ['name', 'string', 8],
        ['rawData', 'bytes', 9],
        ['docString', 'string', 12],
        ['dataLocation', 'int32', 14],
      ],
      [
        ['dims', 'int64', 1],
        ['floatData', 'float', 4],
        ['int32Data', 'int32', 5],
        ['stringData', 'bytes', 6],
        ['int64Data', 'int64', 7],
        ['doubleData', 'double', 10],
        ['uint64Data', 'uint64', 11],
        ['externalData', 'StringStringEntryProto', 13],
      ],
    ),
    ValueInfoProto: message([
      ['name', 'string', 1],
      ['type', 'TypeProto', 2],
      ['docString', 'string', 3],
    ]),
    TypeProto: message([
      ['tensorType', 'TensorTypeProto', 1],
      ['denotation', 'string', 6],
    ]),
    TensorTypeProto: message([
      ['elemType', 'int32', 1],
      ['shape', 'TensorShapeProto', 2],
    ]),
    TensorShapeProto: message([], [['dim', 'DimensionProto', 1]]),
    DimensionProto: message([
      ['dimValue', 'int64', 1],
      ['dimParam', 'string', 2],
      ['denotation', 'string', 3],
    ]),
    OperatorSetIdProto: message([
      ['domain', 'string', 1],
      ['version', 'int64', 2],
    ]),
    StringStringEntryProto: message([
      ['key', 'string', 1],
      ['value', 'string', 2],
    ]),
  },
};
