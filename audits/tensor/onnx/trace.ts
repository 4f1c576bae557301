import type { Tensor } from '@tensorflow/tfjs-core';
import type { StepDefinition } from '../../contract/engine.ts';
import { MoatError } from '../../contract/errors.ts';
import { withBackend } from '../backend-lock.ts';
import { tf } from '../ops.ts';
import { Graph, type ElementType, type GraphTarget, type Value } from './graph.ts';
import { inLogicalOrder, logical } from './layout.ts';
import { traceBackend, traceBackendName } from './trace-backend.ts';

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
export async function traceStep<StepTensor>(
  definition: StepDefinition<StepTensor>,
  target: GraphTarget = {},
): Promise<TracedStep> {
  const graph = new Graph(target);
  return withBackend(traceBackendName, () => {
    traceBackend.begin(graph);
    try {
      return recordStep(definition as unknown as StepDefinition<Tensor>, graph);
    } catch (thrown) {
      throw unsupported(definition.name, thrown);
    } finally {
      traceBackend.end();
    }
  });
}

function recordStep(definition: StepDefinition<Tensor>, graph: Graph): TracedStep {
  const symbolic = (name: string, shape: readonly number[], type: 'float32' | 'int32'): Tensor => {
    const info = traceBackend.track(inLogicalOrder(graph.input(name, shape, type)));
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
  const value = logical(graph, traceBackend.find(tensor.dataId));
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
