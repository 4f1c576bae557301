import {
  KernelBackend,
  registerBackend,
  registerKernel,
  type BackendValues,
  type DataType,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { MoatError } from '../../contract/errors.ts';
import type { Graph } from './graph.ts';
import { toElementType } from './kernels/elementwise.ts';
import { kernelTable } from './kernels/table.ts';
import { inLogicalOrder, logicalShape, type Traced } from './layout.ts';
import { literal } from './operations.ts';

export const traceBackendName = 'moat-trace';

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

/** tfjs-core keeps backends for the life of the process, so there is one; `withBackend` keeps traces apart. */
export const traceBackend = new TraceBackend();
registerBackend(traceBackendName, () => traceBackend, 0);
for (const [kernelName, record] of Object.entries(kernelTable))
  registerKernel({
    kernelName,
    backendName: traceBackendName,
    kernelFunc({ inputs, attrs }) {
      const recorded = record({
        graph: traceBackend.current(),
        inputs: traces(inputs),
        attributes: attrs ?? {},
      });
      return isList(recorded)
        ? recorded.map((traced) => traceBackend.track(traced))
        : traceBackend.track(recorded);
    },
  });

function traces(inputs: NamedTensorInfoMap): Readonly<Record<string, Traced>> {
  const found: Record<string, Traced> = {};
  for (const [name, info] of Object.entries(inputs))
    // Inputs that the caller left out (scale and offset of a batch norm) come as null, whatever the types say.
    if (info !== undefined && info !== null) found[name] = traceBackend.find(info.dataId);
  return found;
}

function isList(recorded: Traced | readonly Traced[]): recorded is readonly Traced[] {
  return Array.isArray(recorded);
}
