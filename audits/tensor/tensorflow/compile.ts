import type { CompiledStep, HostTensor, StepDefinition, StepValues } from '../../contract/engine.ts';
import { withBackend } from '../backend-lock.ts';
import { tf, type Tensor } from '../ops.ts';
import { runInTurn } from '../run-in-turn.ts';
import { checkInputs, checkState } from '../step-border.ts';
import { tensorflowBackendName, type NativeTensorflow } from './native.ts';
import { openSession } from './session.ts';
import { stepGraph, stepPorts, type StepGraph } from './step-graph.ts';

/**
 * Records one run of the step and lets TensorFlow run the recording: its graph optimizer folds and fuses, its
 * executor reuses buffers, and no operation costs a call from JavaScript. The state lives in variables of the
 * session, so on a GPU it never leaves the device.
 */
export async function compileStep(
  definition: StepDefinition<Tensor>,
  native: NativeTensorflow,
): Promise<CompiledStep> {
  const graph = await traceStep(definition, native);
  const session = openSession(native.binding, graph.nodes, definition.name);
  const write = (state: Readonly<Record<string, HostTensor>>): void => {
    const names = Object.keys(state);
    session.run(renamed(state, graph.writeInput), names.map(graph.written));
  };
  write(definition.state);

  const run = async (inputs: StepValues): Promise<StepValues> => {
    checkInputs(definition, inputs);
    // Promises alone would starve the process's messages: a cancel must be heard between steps.
    await new Promise((resolve) => setImmediate(resolve));
    const names = Object.keys(graph.outputs);
    const [, ...values] = session.run(renamed(inputs, graph.input), [
      graph.done,
      ...Object.values(graph.outputs),
    ]);
    return named(names, values);
  };
  return {
    run,
    runMany: (list) => runInTurn(run, list),
    async readState() {
      const names = Object.keys(definition.state);
      return named(names, session.run({}, names.map(graph.read)));
    },
    async writeState(state) {
      checkState(definition, state);
      write(state);
    },
    async dispose() {
      session.dispose();
    },
  };
}

/** The step is run once, on its initial state and zeros, with the tape on. */
function traceStep(definition: StepDefinition<Tensor>, native: NativeTensorflow): Promise<StepGraph> {
  const ports = stepPorts(definition);
  return withBackend(tensorflowBackendName, () => {
    const state = mapValues(definition.state, ({ data, shape }) => tf.tensor(data, [...shape], 'float32'));
    const inputs = mapValues(definition.inputs, ({ shape, dtype }) => tf.zeros([...shape], dtype));
    const idOf = (tensor: Tensor): number => native.backend.getInputTensorIds([tensor])[0] ?? -1;
    const given = new Map([
      ...Object.entries(state).map(([name, tensor]) => [idOf(tensor), ports.state(name)] as const),
      ...Object.entries(inputs).map(([name, tensor]) => [idOf(tensor), ports.input(name)] as const),
    ]);
    let next: Readonly<Record<string, number>> = {};
    let outputs: Readonly<Record<string, number>> = {};
    const recording = native.record(given, () => {
      const result = definition.step(state, inputs);
      next = mapValues(result.state, idOf);
      outputs = mapValues(result.outputs, idOf);
    });
    return stepGraph(
      native.binding,
      definition,
      recording.nodes,
      mapValues(next, (id) => recording.endpoint(id)),
      mapValues(outputs, (id) => recording.endpoint(id)),
    );
  });
}

function mapValues<From, To>(
  entries: Readonly<Record<string, From>>,
  to: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, to(value)]));
}

function renamed<Value>(
  entries: Readonly<Record<string, Value>>,
  rename: (name: string) => string,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [rename(name), value]));
}

function named(names: readonly string[], values: readonly HostTensor[]): Record<string, HostTensor> {
  return Object.fromEntries(
    names.map((name, i) => {
      const value = values[i];
      if (value === undefined) throw new RangeError(`the session returned nothing for "${name}"`);
      return [name, value];
    }),
  );
}
