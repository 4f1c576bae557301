import type { HostTensor, StepDefinition } from '../../contract/engine.ts';
import { MoatError } from '../../contract/errors.ts';
import { encodeModel, tensorDataType, type OnnxModel, type OnnxTensor, type OnnxValueInfo } from './proto.ts';
import { portName, traceStep } from './trace.ts';

export interface ExportOptions {
  /** The batch size with which the definition was built; no other size in it may be equal, so take a large prime. */
  readonly batchSize: number;
  /** Names of the file's one input and one output. */
  readonly input: string;
  readonly output: string;
  readonly producer: string;
}

/**
 * An inference step (no state changes, one input, one output) as an ONNX file of its own: weights inside, batch free.
 * Shapes are static in a traced graph; the marked batch size is where the file says "any".
 * @throws MoatError `internal` when the graph keeps the batch size anywhere but in reshapes
 */
export async function exportStep<StepTensor>(
  definition: StepDefinition<StepTensor>,
  options: ExportOptions,
): Promise<Uint8Array> {
  const [inputName, ...more] = Object.keys(definition.inputs);
  const traced = await traceStep(definition);
  if (inputName === undefined || more.length > 0 || traced.changed.length > 0)
    throw new RangeError('only a pure function of one input can be exported');
  const model = traced.graph.toModel(definition.name);
  const renamed = new Map([
    [portName.input(inputName), options.input],
    [portName.output(traced.outputs[0] ?? ''), options.output],
  ]);
  const rename = (name: string): string => renamed.get(name) ?? name;
  const { graph } = model;
  const shapes = new Set(
    graph.node.filter(({ opType }) => opType === 'Reshape').map(({ input }) => input[1] ?? ''),
  );
  const outputs = graph.output.filter(({ name = '' }) => renamed.has(name));
  const exported: OnnxModel = {
    ...model,
    producerName: options.producer,
    metadataProps: [],
    functions: [],
    graph: {
      ...graph,
      name: definition.name,
      node: graph.node.map((node) => ({
        ...node,
        input: node.input.map(rename),
        output: node.output.map(rename),
      })),
      initializer: [
        ...graph.initializer.map((tensor) => freeShape(tensor, shapes, options.batchSize)),
        ...Object.entries(definition.state).map(([name, tensor]) => weight(portName.stateIn(name), tensor)),
      ],
      input: graph.input
        .filter(({ name = '' }) => renamed.has(name))
        .map((value) => freeValue(value, rename, options.batchSize)),
      output: outputs.map((value) => freeValue(value, rename, options.batchSize)),
    },
  };
  return encodeModel(exported);
}

/** In a reshape's target the batch becomes -1: "whatever is left". */
function freeShape(tensor: OnnxTensor, shapes: ReadonlySet<string>, batchSize: number): OnnxTensor {
  const { rawData } = tensor;
  if (tensor.dataType !== tensorDataType.int64 || rawData === undefined) return tensor;
  const values = new BigInt64Array(rawData.slice().buffer);
  if (!values.includes(BigInt(batchSize))) return tensor;
  if (!shapes.has(tensor.name ?? ''))
    throw new MoatError('internal', 'The graph to be exported depends on the batch size.');
  const freed = values.map((value) => (value === BigInt(batchSize) ? -1n : value));
  return { ...tensor, rawData: new Uint8Array(freed.buffer) };
}

function freeValue(value: OnnxValueInfo, rename: (name: string) => string, batchSize: number): OnnxValueInfo {
  const tensorType = value.type?.tensorType;
  const dim = (tensorType?.shape?.dim ?? []).map((size) =>
    Number(size.dimValue) === batchSize ? { dimParam: 'batch' } : size,
  );
  return {
    ...value,
    name: rename(value.name ?? ''),
    type: { tensorType: { ...tensorType, shape: { dim } } },
  };
}

function weight(name: string, { shape, data }: HostTensor): OnnxTensor {
  return {
    name,
    dims: shape,
    dataType: tensorDataType.float32,
    rawData: new Uint8Array(Float32Array.from(data).buffer),
  };
}
