import type { Graph } from '../graph.ts';
import type { Traced } from '../layout.ts';

/** Records what one TensorFlow.js kernel computes. Inputs and attributes as tfjs-core's kernel_names.d.ts has them. */
export type TraceKernel = (call: {
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, Traced>>;
  readonly attributes: Readonly<Record<string, unknown>>;
}) => Traced | readonly Traced[];

export type KernelTable = Readonly<Record<string, TraceKernel>>;

/** Names and types a kernel's inputs and attributes; tfjs-core checks them before a kernel is called. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each use types its callback with it
export function kernel<Inputs extends string, Attributes = object>(
  record: (
    graph: Graph,
    inputs: Readonly<Record<Inputs, Traced>>,
    attributes: Attributes,
  ) => Traced | readonly Traced[],
): TraceKernel {
  return ({ graph, inputs, attributes }) => record(graph, inputs, attributes as Attributes);
}

/** A kernel over a list of tensors (`Concat`, `Pack`), which tfjs-core passes as an array. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- each use types its callback with it
export function listKernel<Attributes>(
  record: (graph: Graph, inputs: readonly Traced[], attributes: Attributes) => Traced,
): TraceKernel {
  return ({ graph, inputs, attributes }) => record(graph, Object.values(inputs), attributes as Attributes);
}
