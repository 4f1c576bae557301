import type { ModelElementType, ModelPort } from '../contract/engine.ts';
import {
  externalDataLocation,
  tensorDataType,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from '../tensor/onnx/proto.ts';

/** What can be read off an ONNX graph without running it. */

const elementTypes = new Map<number, ModelElementType>([
  [tensorDataType.float32, 'float32'],
  [tensorDataType.float16, 'float16'],
  [tensorDataType.float64, 'float64'],
  [tensorDataType.uint8, 'uint8'],
  [tensorDataType.int8, 'int8'],
  [tensorDataType.int32, 'int32'],
  [tensorDataType.int64, 'int64'],
  [tensorDataType.bool, 'bool'],
]);

/** Inputs a caller must feed: older exporters also list every weight as an input. */
export function freeInputs(model: OnnxModel): readonly ModelPort[] {
  const weights = new Set(model.graph.initializer.map(({ name }) => name));
  return model.graph.input.filter(({ name }) => !weights.has(name)).map(port);
}

export function graphOutputs(model: OnnxModel): readonly ModelPort[] {
  return model.graph.output.map(port);
}

function port(value: OnnxValueInfo): ModelPort {
  const tensor = value.type?.tensorType;
  return {
    name: value.name ?? '',
    elementType: elementTypes.get(tensor?.elemType ?? 0) ?? 'other',
    shape: (tensor?.shape?.dim ?? []).map(({ dimValue, dimParam }) => {
      const size = Number(dimValue ?? 0);
      // A size of 0 or -1 is how some exporters write "free".
      return size > 0 ? size : dimParam === undefined || dimParam === '' ? '?' : dimParam;
    }),
  };
}

/** Version of the standard operators the file was written for, or 0 when it names none. */
export function standardOpset(model: OnnxModel): number {
  const standard = model.opsetImport.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx');
  return Number(standard?.version ?? 0);
}

/** One file of weights kept outside the model. */
export interface ExternalFile {
  /** As written in the model: a path relative to the model's folder. */
  readonly location: string;
  /** How long the file must be at least. */
  readonly neededBytes: number;
}

/** The external-data files a model names, in name order. */
export function externalFiles(model: OnnxModel): readonly ExternalFile[] {
  const needed = new Map<string, number>();
  for (const tensor of tensorsOf(model)) {
    if (tensor.dataLocation !== externalDataLocation) continue;
    const entry = (key: string): string => tensor.externalData?.find((pair) => pair.key === key)?.value ?? '';
    const end = Number(entry('offset')) + Number(entry('length'));
    needed.set(entry('location'), Math.max(needed.get(entry('location')) ?? 0, end));
  }
  return [...needed]
    .map(([location, neededBytes]) => ({ location, neededBytes }))
    .sort((a, b) => (a.location < b.location ? -1 : 1));
}

function* tensorsOf(model: OnnxModel): Generator<OnnxTensor> {
  yield* graphTensors(model.graph);
  for (const { node } of model.functions) yield* nodeTensors(node);
}

function* graphTensors(graph: OnnxGraph): Generator<OnnxTensor> {
  yield* graph.initializer;
  yield* nodeTensors(graph.node);
}

function* nodeTensors(nodes: readonly OnnxNode[]): Generator<OnnxTensor> {
  for (const { attribute } of nodes)
    for (const { t, g, tensors = [], graphs = [] } of attribute) {
      if (t !== undefined) yield t;
      yield* tensors;
      if (g !== undefined) yield* graphTensors(g);
      for (const graph of graphs) yield* graphTensors(graph);
    }
}
