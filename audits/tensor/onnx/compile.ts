import { Tensor, type InferenceSession } from 'onnxruntime-node';
import type { CompiledStep, HostTensor, StepDefinition } from '../../contract/engine.ts';
import { MoatError } from '../../contract/errors.ts';
import { checkInputs, checkState } from '../step-border.ts';
import { findBlockSize } from './blocked-layout.ts';
import { encodeModel } from './proto.ts';
import { createSession } from './session.ts';
import { mapEntries, portName, traceStep } from './trace.ts';

/**
 * The recorded graph is already simplified and laid out. The runtime's own passes find no fusion in a training step,
 * but do push transposes to places where they cost more.
 */
const graphOptimizationLevel = 'disabled';

/**
 * Traces the step and keeps its state in buffers of this process. Two sets of buffers take turns: a run reads
 * one and writes the other, so no weight is copied between runs beyond what the runtime itself does.
 * @param options.session for tools that look inside a run, such as the runtime's profiler
 */
export async function compileStep<StepTensor>(
  definition: StepDefinition<StepTensor>,
  threads: number,
  { session: sessionOptions = {} }: { readonly session?: InferenceSession.SessionOptions } = {},
): Promise<CompiledStep> {
  const traced = await traceStep(definition, { blockSize: await findBlockSize() });
  const model = encodeModel(traced.graph.toModel(definition.name));
  const options: InferenceSession.SessionOptions = { graphOptimizationLevel, ...sessionOptions };
  const session = await createSession(model, threads, options).catch((cause: unknown) => {
    throw new MoatError('internal', `The compiled step "${definition.name}" was refused by the runtime.`, {
      cause,
    });
  });
  let current = mapEntries(definition.state, toTensor);
  let next = { ...current };
  for (const name of traced.changed) {
    const shape = definition.state[name]?.shape ?? [];
    next[name] = new Tensor('float32', new Float32Array(sizeOf(shape)), shape);
  }

  return {
    async run(inputs) {
      checkInputs(definition, inputs);
      const feeds: Record<string, Tensor> = {};
      for (const name of session.inputNames) {
        const [kind, key] = splitPort(name);
        const tensor = kind === 'state' ? current[key] : toTensorOrNothing(inputs[key]);
        if (tensor !== undefined) feeds[name] = tensor;
      }
      const fetches: Record<string, Tensor | null> = {};
      for (const name of traced.changed) fetches[portName.stateOut(name)] = next[name] ?? null;
      for (const name of traced.outputs) fetches[portName.output(name)] = null;
      const results = await session.run(feeds, fetches);
      [current, next] = [next, current];
      return Object.fromEntries(traced.outputs.map((name) => [name, toHost(results[portName.output(name)])]));
    },
    async readState() {
      return mapEntries(current, (tensor) => ({
        shape: [...tensor.dims],
        data: Float32Array.from(tensor.data as Float32Array),
      }));
    },
    async writeState(state) {
      checkState(definition, state);
      // In place: an entry that the step never returns is one buffer in both sets.
      for (const [name, { data }] of Object.entries(state)) {
        const kept = current[name]?.data;
        if (kept instanceof Float32Array) kept.set(data);
      }
    },
    dispose: () => session.release(),
  };
}

function splitPort(name: string): readonly [kind: string, key: string] {
  const at = name.indexOf(':');
  return [name.slice(0, at), name.slice(at + 1)];
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function toTensor({ data, shape }: HostTensor): Tensor {
  return new Tensor('float32', Float32Array.from(data), shape);
}

function toTensorOrNothing(tensor: HostTensor | undefined): Tensor | undefined {
  if (tensor === undefined) return undefined;
  const { data, shape } = tensor;
  return data instanceof Int32Array ? new Tensor('int32', data, shape) : new Tensor('float32', data, shape);
}

function toHost(tensor: Tensor | undefined): HostTensor {
  const data = tensor?.data;
  if (tensor === undefined || !(data instanceof Float32Array || data instanceof Int32Array))
    throw new TypeError('the runtime returned no numbers');
  return { shape: [...tensor.dims], data };
}
