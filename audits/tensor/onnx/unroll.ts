import type { OnnxGraph, OnnxModel, OnnxNode } from './proto.ts';
import { portName } from './trace.ts';

type StepModel = Pick<OnnxModel, 'irVersion' | 'graph' | 'opsetImport'>;

/** The port of step `at` for a port of the single step. */
export function portOfStep(at: number, port: string): string {
  return `${at}/${port}`;
}

/**
 * A graph that makes `steps` steps, one after the other: step `k + 1` reads what step `k` computed, so state crosses the
 * border between host and device once for all of them. Each step has its own inputs and outputs (`portOfStep`); state
 * keeps its ports. Constants are shared.
 *
 * Copies rather than an ONNX `Loop`: onnxruntime's WebGPU provider has no `Loop`, which then runs on the CPU and moves
 * the carried state to the host and back in every iteration (docs/engines.md has the measurement).
 * @param changed state entries that the step returns
 */
export function unrollModel(model: StepModel, changed: readonly string[], steps: number): StepModel {
  const { graph } = model;
  const isState = (name: string): boolean => name.startsWith(portName.stateIn(''));
  const shared = new Set(graph.initializer.map(({ name = '' }) => name));
  const previous = new Map(changed.map((name) => [portName.stateIn(name), portName.stateOut(name)]));
  const last = steps - 1;

  /** What a value of the single step is called in step `at`. */
  const rename = (at: number, name: string): string => {
    if (name === '' || shared.has(name)) return name;
    if (isState(name)) {
      const carried = previous.get(name);
      return carried === undefined || at === 0 ? name : rename(at - 1, carried);
    }
    return at === last && isStateOut(name) ? name : portOfStep(at, name);
  };
  const copies = Array.from({ length: steps }, (_, at) => copyNodes(graph, (name) => rename(at, name)));
  const perStep = <Port extends { readonly name?: string }>(ports: readonly Port[]): Port[] =>
    Array.from({ length: steps }, (_, at) =>
      ports.map((port) => ({ ...port, name: rename(at, port.name ?? '') })),
    ).flat();
  return {
    ...model,
    graph: {
      ...graph,
      name: `${graph.name ?? 'step'}, ${steps} times`,
      node: copies.flat(),
      input: [
        ...graph.input.filter(({ name = '' }) => isState(name)),
        ...perStep(graph.input.filter(({ name = '' }) => !isState(name))),
      ],
      output: [
        ...graph.output.filter(({ name = '' }) => isStateOut(name)),
        ...perStep(graph.output.filter(({ name = '' }) => !isStateOut(name))),
      ],
    },
  };
}

function isStateOut(name: string): boolean {
  return name.startsWith(portName.stateOut(''));
}

function copyNodes(graph: OnnxGraph, rename: (name: string) => string): readonly OnnxNode[] {
  return graph.node.map((node) => ({
    ...node,
    input: node.input.map(rename),
    output: node.output.map(rename),
  }));
}
