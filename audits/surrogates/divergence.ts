import type { CompiledStep, Engine, HostTensor } from '../contract/engine.ts';
import type { Matrix } from '../contract/data.ts';
import { matrixRow } from '../contract/data.ts';
import { gradientOutput, observingStep } from './observing-step.ts';
import { filterNames } from './parameters.ts';
import type { TrainingStepPlan } from './training-step.ts';

type HostTensors = Readonly<Record<string, HostTensor>>;

export interface Divergence {
  /** What was the first not to be finite; `unknown` when the replay stayed finite. */
  readonly cause: 'replies' | 'gradients' | 'weights' | 'activations' | 'loss' | 'unknown';
  /** The end of a sentence, full stop included. */
  readonly sentence: string;
  readonly details: Readonly<Record<string, number | string>>;
}

export interface DivergenceRequest {
  readonly engine: Engine;
  /** The training step, in the state it had before `firstStep`. */
  readonly compiled: CompiledStep;
  readonly stepPlan: TrainingStepPlan;
  /** As they came from the victim, one entry per view. */
  readonly replies: readonly Matrix[];
  readonly firstStep: number;
  /** The step of which the loss was not finite; all before it had a finite one. */
  readonly failedStep: number;
  /** The inputs of the training's steps from `firstStep` on. */
  inputs(): Iterable<HostTensors>;
}

/**
 * Finds out why a loss is not finite: replays the training up to the step before, then looks at what neither the loss
 * nor the final state shows. A training step reports its loss alone, since reading more would slow every step for the
 * sake of the few that fail; a replay costs at most the steps since the last checkpoint, once.
 */
export async function explainDivergence(request: DivergenceRequest): Promise<Divergence> {
  const broken = notFiniteReplies(request.replies);
  if (broken !== undefined) return broken;
  const { compiled, stepPlan, firstStep, failedStep } = request;
  const observer = await request.engine.compile(observingStep(stepPlan));
  try {
    let step = firstStep;
    let before: Observation | undefined;
    for (const inputs of request.inputs()) {
      if (step === failedStep - 1) before = await observe(observer, compiled, stepPlan, inputs);
      if (step === failedStep)
        return judge(step, before, await observe(observer, compiled, stepPlan, inputs));
      await compiled.run(inputs);
      step += 1;
    }
  } finally {
    await observer.dispose();
  }
  throw new RangeError(`the training has no step ${failedStep}`);
}

/** Largest absolute values before and in a step; NaN where one of the values is not finite. */
interface Observation {
  readonly weights: Largest;
  readonly activations: Largest;
  readonly loss: number;
  readonly gradients: Largest;
  readonly learningRate: number;
}

interface Largest {
  readonly value: number;
  /** Where it is. */
  readonly name: string;
}

async function observe(
  observer: CompiledStep,
  compiled: CompiledStep,
  { weights, statistics }: TrainingStepPlan,
  inputs: HostTensors,
): Promise<Observation> {
  const state = filterNames(await compiled.readState(), (name) => name in weights || name in statistics);
  await observer.writeState(state);
  const outputs = await observer.run(
    filterNames(inputs, (name) => name.startsWith('images') || name.startsWith('targets')),
  );
  return {
    weights: largest(filterNames(state, (name) => name in weights)),
    activations: largest(filterNames(outputs, (name) => name === 'embedding')),
    loss: outputs['loss']?.data[0] ?? Number.NaN,
    gradients: largest(
      Object.fromEntries(Object.keys(weights).flatMap((name) => entry(outputs, gradientOutput(name), name))),
    ),
    learningRate: inputs['learningRate']?.data[0] ?? Number.NaN,
  };
}

function entry(tensors: HostTensors, name: string, as: string): readonly (readonly [string, HostTensor])[] {
  const tensor = tensors[name];
  return tensor === undefined ? [] : [[as, tensor]];
}

function largest(tensors: HostTensors): Largest {
  let found: Largest = { value: 0, name: '' };
  for (const [name, { data }] of Object.entries(tensors))
    for (const value of data) {
      if (!Number.isFinite(value)) return { value: Number.NaN, name };
      if (Math.abs(value) > found.value) found = { value: Math.abs(value), name };
    }
  return found;
}

function judge(step: number, before: Observation | undefined, now: Observation): Divergence {
  const rate = `at a learning rate of ${short((before ?? now).learningRate)}`;
  const details = {
    learningRate: (before ?? now).learningRate,
    ...(before === undefined
      ? {}
      : { lossBefore: before.loss, largestGradientBefore: before.gradients.value }),
    largestWeight: now.weights.value,
    largestActivation: now.activations.value,
  };
  const first = (cause: Divergence['cause'], sentence: string, tensor: string): Divergence => ({
    cause,
    sentence,
    details: {
      ...Object.fromEntries(Object.entries(details).filter(([, value]) => Number.isFinite(value))),
      tensor,
    },
  });
  if (before !== undefined && Number.isNaN(before.gradients.value))
    return first(
      'gradients',
      `the gradient of ${before.gradients.name} in step ${step} was the first not to be finite, behind a loss of ${short(before.loss)}, ${rate}.`,
      before.gradients.name,
    );
  if (Number.isNaN(now.weights.value))
    return first(
      'weights',
      `step ${step} moved ${now.weights.name} beyond what float32 holds, by a gradient of up to ${short(before?.gradients.value ?? Number.NaN)} ${rate}.`,
      now.weights.name,
    );
  const weights = `with finite weights (up to ${short(now.weights.value)} in ${now.weights.name}) ${rate}`;
  if (Number.isNaN(now.activations.value))
    return first('activations', `the activations overflowed ${weights}.`, 'embedding');
  if (!Number.isFinite(now.loss))
    return first(
      'loss',
      `the loss itself was not finite on finite embeddings (up to ${short(now.activations.value)}), ${weights}.`,
      'loss',
    );
  return first('unknown', 'the same step was finite when it was tried again.', '');
}

function notFiniteReplies(replies: readonly Matrix[]): Divergence | undefined {
  const broken = replies.flatMap((view) =>
    Array.from({ length: view.rows }, (_, row) => row).filter(
      (row) => !matrixRow(view, row).every(Number.isFinite),
    ),
  );
  const [firstRow] = broken;
  if (firstRow === undefined) return undefined;
  const total = replies.reduce((sum, { rows }) => sum + rows, 0);
  return {
    cause: 'replies',
    sentence: `${broken.length} of the ${total} replies ${broken.length === 1 ? 'is' : 'are'} not finite, the first to image ${firstRow + 1}.`,
    details: { repliesNotFinite: broken.length, firstImage: firstRow + 1 },
  };
}

function short(value: number): string {
  return value !== 0 && (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3)
    ? value.toExponential(1)
    : String(Number(value.toPrecision(3)));
}
