import protobuf, { type IField, type IMapField, type INamespace } from 'protobufjs/light.js';

/**
 * The part of TensorFlow's graph format that a recorded step needs (tensorflow/core/framework/{graph,node_def,
 * attr_value,tensor,tensor_shape}.proto and protobuf/{saved_model,meta_graph}.proto). Field numbers are theirs.
 */
const descriptor: INamespace = {
  nested: {
    SavedModel: message({
      savedModelSchemaVersion: { id: 1, type: 'int64' },
      metaGraphs: { id: 2, type: 'MetaGraphDef', rule: 'repeated' },
    }),
    MetaGraphDef: message({
      metaInfoDef: { id: 1, type: 'MetaInfoDef' },
      graphDef: { id: 2, type: 'GraphDef' },
    }),
    MetaInfoDef: message({ tags: { id: 4, type: 'string', rule: 'repeated' } }),
    GraphDef: message({
      node: { id: 1, type: 'NodeDef', rule: 'repeated' },
      versions: { id: 4, type: 'VersionDef' },
    }),
    VersionDef: message({ producer: { id: 1, type: 'int32' } }),
    NodeDef: message({
      name: { id: 1, type: 'string' },
      op: { id: 2, type: 'string' },
      input: { id: 3, type: 'string', rule: 'repeated' },
      attr: { id: 5, type: 'AttrValue', keyType: 'string' },
    }),
    AttrValue: {
      // Without the oneof, a false or a zero would count as not set and be left out.
      oneofs: { value: { oneof: ['list', 's', 'i', 'f', 'b', 'type', 'shape', 'tensor'] } },
      fields: {
        list: { id: 1, type: 'ListValue' },
        s: { id: 2, type: 'bytes' },
        i: { id: 3, type: 'int64' },
        f: { id: 4, type: 'float' },
        b: { id: 5, type: 'bool' },
        type: { id: 6, type: 'int32' },
        shape: { id: 7, type: 'TensorShapeProto' },
        tensor: { id: 8, type: 'TensorProto' },
      },
    },
    ListValue: message({
      i: { id: 3, type: 'int64', rule: 'repeated' },
      f: { id: 4, type: 'float', rule: 'repeated' },
    }),
    TensorShapeProto: message({ dim: { id: 2, type: 'Dim', rule: 'repeated' } }),
    Dim: message({ size: { id: 1, type: 'int64' } }),
    TensorProto: message({
      dtype: { id: 1, type: 'int32' },
      tensorShape: { id: 2, type: 'TensorShapeProto' },
      tensorContent: { id: 4, type: 'bytes' },
    }),
  },
};

function message(fields: Record<string, IField | IMapField>): { fields: Record<string, IField> } {
  return { fields };
}

/** One attribute; exactly one field is set. `type` is a TensorFlow `DataType`. */
export interface Attribute {
  readonly list?: { readonly i?: readonly number[]; readonly f?: readonly number[] };
  readonly s?: Uint8Array;
  readonly i?: number;
  readonly f?: number;
  readonly b?: boolean;
  readonly type?: number;
  readonly shape?: Shape;
  readonly tensor?: {
    readonly dtype: number;
    readonly tensorShape: Shape;
    readonly tensorContent: Uint8Array;
  };
}

interface Shape {
  readonly dim: readonly { readonly size: number }[];
}

/** `input` entries are `NAME:OUTPUT`, or `^NAME` for an order without data. */
export interface Node {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, Attribute>>;
}

/** The tag under which the one graph of a saved model is found. */
export const savedModelTag = 'moat';

/** The graph version of TensorFlow 2.13; any later library reads it. */
const GRAPH_VERSION = 1482;

const savedModelType = protobuf.Root.fromJSON(descriptor).lookupType('SavedModel');

/** Contents of the file `saved_model.pb`. */
export function encodeSavedModel(node: readonly Node[]): Uint8Array {
  const model = {
    savedModelSchemaVersion: 1,
    metaGraphs: [
      {
        metaInfoDef: { tags: [savedModelTag] },
        graphDef: { node, versions: { producer: GRAPH_VERSION } },
      },
    ],
  };
  return savedModelType.encode(savedModelType.create(model)).finish();
}

export function shapeAttribute(shape: readonly number[]): Shape {
  return { dim: shape.map((size) => ({ size })) };
}
