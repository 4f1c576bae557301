import {
  KernelBackend,
  registerBackend,
  registerKernel,
  type BackendValues,
  type DataType,
  type NamedTensorInfoMap,
  type Tensor,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { StepDefinition } from '../../contract/engine.ts';
import { MoatError } from '../../contract/errors.ts';
import { tf } from '../ops.ts';
import { withBackend } from '../backend-lock.ts';
import { Graph, type ElementType, type Value } from './graph.ts';
import { inLogicalOrder, logical, logicalShape, type Traced } from './layout.ts';
import { literal } from './operations.ts';
import { toElementType } from './kernels/elementwise.ts';
import { kernelTable } from './kernels/table.ts';

const BACKEND = 'moat-trace';

/** A tfjs backend whose tensors are graph values: kernels record what they would compute. */
class TraceBackend extends KernelBackend {
  graph: Graph | undefined;
  private tensors = new WeakMap<object, Traced>();

  begin(graph: Graph): void {
    this.graph = graph;
    this.tensors = new WeakMap();
  }

  end(): void {
    this.graph = undefined;
  }

  current(): Graph {
    if (this.graph === undefined) throw new Error('No step is being traced.');
    return this.graph;
  }

  track(traced: Traced): TensorInfo {
    const dataId = {};
    this.tensors.set(dataId, traced);
    const dtype = traced.value.type;
    return { dataId, shape: [...logicalShape(traced)], dtype: dtype === 'int64' ? 'int32' : dtype };
  }

  find(dataId: object): Traced {
    const traced = this.tensors.get(dataId);
    if (traced === undefined)
      throw new MoatError(
        'operation-unsupported',
        'A step used a tensor that is neither its own nor one of its inputs.',
      );
    return traced;
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): object {
    const dataId = {};
    this.move(dataId, values, shape, dtype);
    return dataId;
  }

  override move(dataId: object, values: BackendValues, shape: number[], dtype: DataType): void {
    const numbers = values as Float32Array | Int32Array | Uint8Array;
    const value = literal(this.current(), numbers, shape, toElementType(dtype));
    this.tensors.set(dataId, inLogicalOrder(value));
  }

  override readSync(): never {
    throw new MoatError(
      'operation-unsupported',
      'A step read the values of a tensor (dataSync, or an operation that does so) while being compiled.',
    );
  }

  override read(): never {
    return this.readSync();
  }

  override disposeData(): boolean {
    return true;
  }

  override refCount(): number {
    return 1;
  }

  override incRef(): void {
    // Values belong to the graph.
  }

  override numDataIds(): number {
    return 0;
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override timerAvailable(): boolean {
    return false;
  }

  override dispose(): void {
    this.end();
  }
}

const backend = new TraceBackend();
registerBackend(BACKEND, () => backend, 0);
for (const [kernelName, record] of Object.entries(kernelTable))
  registerKernel({
    kernelName,
    backendName: BACKEND,
    kernelFunc({ inputs, attrs }) {
      const recorded = record({
        graph: backend.current(),
        inputs: traces(inputs),
        attributes: attrs ?? {},
      });
      return isList(recorded) ? recorded.map((traced) => backend.track(traced)) : backend.track(recorded);
    },
  });

function traces(inputs: NamedTensorInfoMap): Readonly<Record<string, Traced>> {
  const found: Record<string, Traced> = {};
  for (const [name, info] of Object.entries(inputs))
    // A cast or reshape may share the data of a tensor of another shape: the tensor's own shape counts.
    if (info !== undefined && info !== null) found[name] = backend.find(info.dataId);
  return found;
}

function isList(recorded: Traced | readonly Traced[]): recorded is readonly Traced[] {
  return Array.isArray(recorded);
}

export interface TracedStep {
  readonly graph: Graph;
  /** State entries that the step returned, in the order of the graph's outputs. */
  readonly changed: readonly string[];
  readonly outputs: readonly string[];
}

/** Names of graph ports: state and inputs may share names, so each kind has its prefix. */
export const portName = {
  stateIn: (name: string): string => `state:${name}`,
  input: (name: string): string => `input:${name}`,
  stateOut: (name: string): string => `next:${name}`,
  output: (name: string): string => `output:${name}`,
} as const;

/**
 * Calls the step once with symbolic tensors and returns the graph it recorded.
 * @throws MoatError operation-unsupported naming the first operation without a kernel
 */
export async function traceStep<StepTensor>(definition: StepDefinition<StepTensor>): Promise<TracedStep> {
  const graph = new Graph();
  return withBackend(BACKEND, () => {
    backend.begin(graph);
    try {
      return recordStep(definition as unknown as StepDefinition<Tensor>, graph);
    } catch (thrown) {
      throw unsupported(definition.name, thrown);
    } finally {
      backend.end();
    }
  });
}

function recordStep(definition: StepDefinition<Tensor>, graph: Graph): TracedStep {
  const symbolic = (name: string, shape: readonly number[], type: 'float32' | 'int32'): Tensor => {
    const info = backend.track(inLogicalOrder(graph.input(name, shape, type)));
    return tf.engine().makeTensorFromDataId(info.dataId, [...shape], type);
  };
  const state = mapEntries(definition.state, ({ shape }, name) =>
    symbolic(portName.stateIn(name), shape, 'float32'),
  );
  const inputs = mapEntries(definition.inputs, ({ shape, dtype }, name) =>
    symbolic(portName.input(name), shape, dtype),
  );
  const result = definition.step(state, inputs);
  for (const [name, tensor] of Object.entries(result.state)) {
    const expected = definition.state[name]?.shape;
    if (expected === undefined || expected.join() !== tensor.shape.join())
      throw new RangeError(
        `step ${definition.name} returned state "${name}" as [${tensor.shape.join()}], expected ${expected === undefined ? 'no such entry' : `[${expected.join()}]`}`,
      );
    graph.output(portName.stateOut(name), materialized(graph, tensor, 'float32'));
  }
  for (const [name, tensor] of Object.entries(result.outputs)) {
    const type: ElementType = tensor.dtype === 'float32' ? 'float32' : 'int32';
    graph.output(portName.output(name), materialized(graph, tensor, type));
  }
  return { graph, changed: Object.keys(result.state), outputs: Object.keys(result.outputs) };
}

function materialized(graph: Graph, tensor: Tensor, type: ElementType): Value {
  const value = logical(graph, backend.find(tensor.dataId));
  if (value.type === type) return value;
  const to = { float32: 1, int32: 6, int64: 7, bool: 9 }[type];
  return graph.apply('Cast', [value], { shape: value.shape, type }, { attributes: { to } });
}

/** tfjs-core reports a kernel that a backend lacks as a plain Error which names it. */
function unsupported(step: string, thrown: unknown): unknown {
  if (thrown instanceof MoatError || !(thrown instanceof Error)) return thrown;
  const operation = /[Kk]ernel '(\w+)' (?:not registered )?for backend/.exec(thrown.message)?.[1];
  if (operation === undefined) return thrown;
  return new MoatError(
    'operation-unsupported',
    `The step "${step}" uses the operation ${operation}, which the onnx engine does not have.`,
    { cause: thrown, details: { operation } },
  );
}

export function mapEntries<In, Out>(
  entries: Readonly<Record<string, In>>,
  change: (value: In, name: string) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, change(value, name)]));
}
