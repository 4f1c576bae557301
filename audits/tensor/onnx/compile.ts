import { Tensor, type InferenceSession } from 'onnxruntime-node';
import type {
  CompiledStep,
  DeviceId,
  HostTensor,
  StepDefinition,
  StepValues,
} from '../../contract/engine.ts';
import { MoatError } from '../../contract/errors.ts';
import { checkInputs, checkState } from '../step-border.ts';
import { findBlockSize } from './blocked-layout.ts';
import { deviceError } from './device-errors.ts';
import { encodeModel } from './proto.ts';
import { executionProviders } from './providers.ts';
import { createSession } from './session.ts';
import { mapEntries, portName, traceStep } from './trace.ts';
import { portOfStep, unrollModel } from './unroll.ts';

/**
 * The recorded graph is already simplified and laid out. The runtime's own passes find no fusion in a training step,
 * but do push transposes to places where they cost more.
 */
const graphOptimizationLevel = 'disabled';

export interface CompileOptions {
  /** Default: `cpu`. */
  readonly device?: DeviceId;
  /** Steps per run of the session that `runMany` uses. Default: 1. */
  readonly stepsPerRun?: number;
  /** For tools that look inside a run, such as the runtime's profiler. */
  readonly session?: InferenceSession.SessionOptions;
}

/**
 * Traces the step and keeps its state in buffers of this process. Two sets of buffers take turns: a run reads
 * one and writes the other, so no weight is copied between runs beyond what the runtime itself does.
 */
export async function compileStep<StepTensor>(
  definition: StepDefinition<StepTensor>,
  threads: number,
  { device = 'cpu', stepsPerRun = 1, session: sessionOptions = {} }: CompileOptions = {},
): Promise<CompiledStep> {
  const blockSize = device === 'cpu' ? await findBlockSize() : undefined;
  const traced = await traceStep(definition, { blockSize });
  const model = traced.graph.toModel(definition.name);
  const open = (of: typeof model): Promise<InferenceSession> =>
    createSession(encodeModel(of), threads, {
      graphOptimizationLevel,
      executionProviders: executionProviders(device),
      ...sessionOptions,
    }).catch((cause: unknown) => {
      const refused = `The compiled step "${definition.name}" was refused by the runtime.`;
      throw deviceError(cause, device) ?? new MoatError('internal', refused, { cause });
    });
  const session = await open(model);
  /** The same step `stepsPerRun` times in one graph; made when a whole block is first asked for. */
  let block: Promise<InferenceSession> | undefined;
  let current = mapEntries(definition.state, toTensor);
  let next = { ...current };
  for (const name of traced.changed) {
    const shape = definition.state[name]?.shape ?? [];
    next[name] = new Tensor('float32', new Float32Array(sizeOf(shape)), shape);
  }

  /** @param port name of a step's port in that session */
  async function runSession(
    running: InferenceSession,
    steps: readonly StepValues[],
    port: (step: number, name: string) => string,
  ): Promise<readonly StepValues[]> {
    for (const inputs of steps) checkInputs(definition, inputs);
    const feeds: Record<string, Tensor> = {};
    for (const [name, tensor] of Object.entries(current)) feeds[portName.stateIn(name)] = tensor;
    for (const [step, inputs] of steps.entries())
      for (const [name, tensor] of Object.entries(inputs))
        feeds[port(step, portName.input(name))] = toFeed(tensor);
    const fetches: Record<string, Tensor | null> = {};
    for (const name of traced.changed) fetches[portName.stateOut(name)] = next[name] ?? null;
    for (const step of steps.keys())
      for (const name of traced.outputs) fetches[port(step, portName.output(name))] = null;
    const results = await running
      .run(onlyKnown(feeds, running.inputNames), fetches)
      .catch((cause: unknown) => {
        throw deviceError(cause, device) ?? cause;
      });
    [current, next] = [next, current];
    return steps.map((_, step) =>
      Object.fromEntries(
        traced.outputs.map((name) => [name, toHost(results[port(step, portName.output(name))])]),
      ),
    );
  }
  const runOne = (inputs: StepValues): Promise<readonly StepValues[]> =>
    runSession(session, [inputs], (_step, name) => name);

  return {
    run: async (inputs) => (await runOne(inputs))[0] ?? {},
    async runMany(list) {
      const outputs: StepValues[] = [];
      for (let at = 0; at < list.length;) {
        const steps = list.slice(at, at + stepsPerRun);
        if (stepsPerRun === 1 || steps.length < stepsPerRun)
          for (const inputs of steps) outputs.push(...(await runOne(inputs)));
        else {
          block ??= open(unrollModel(model, traced.changed, stepsPerRun));
          outputs.push(...(await runSession(await block, steps, portOfStep)));
        }
        at += steps.length;
      }
      return outputs;
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
    async dispose() {
      await session.release();
      await (await block)?.release();
    },
  };
}

/** Entries that a step declares and does not use are no inputs of its graph. */
function onlyKnown(feeds: Record<string, Tensor>, names: readonly string[]): Record<string, Tensor> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const tensor = feeds[name];
      return tensor === undefined ? [] : [[name, tensor] as const];
    }),
  );
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function toTensor({ data, shape }: HostTensor): Tensor {
  return new Tensor('float32', Float32Array.from(data), shape);
}

function toFeed({ data, shape }: HostTensor): Tensor {
  return data instanceof Int32Array ? new Tensor('int32', data, shape) : new Tensor('float32', data, shape);
}

function toHost(tensor: Tensor | undefined): HostTensor {
  const data = tensor?.data;
  if (tensor === undefined || !(data instanceof Float32Array || data instanceof Int32Array))
    throw new TypeError('the runtime returned no numbers');
  return { shape: [...tensor.dims], data };
}
