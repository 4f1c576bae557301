import type { Engine, HostTensor, StepDefinition, StepValues } from '../contract/engine.ts';
import type { Tensor } from '../tensor/ops.ts';

/** Single precision over one step: more is a different computation, not rounding. */
export const LARGEST_DIFFERENCE = 1e-4;

export interface Parity {
  /** Of the loss, relative. */
  readonly loss: number;
  /** Of the change that the step makes to a tensor of the state, relative to the change; the largest over all tensors. */
  readonly update: number;
}

/** One step from identical state on both engines. A NaN or an infinity on either side makes the difference infinite. */
export async function compareStep(
  engine: Engine,
  reference: Engine,
  definition: StepDefinition<Tensor>,
  inputs: StepValues,
): Promise<Parity> {
  const [ours, theirs] = [
    await runOnce(engine, definition, inputs),
    await runOnce(reference, definition, inputs),
  ];
  const losses = relative(values(ours.outputs, 'loss'), values(theirs.outputs, 'loss'));
  let update = 0;
  for (const [name, before] of Object.entries(definition.state)) {
    const change = (state: StepValues): number[] =>
      values(state, name).map((value, i) => value - (before.data[i] ?? Number.NaN));
    update = Math.max(update, relative(change(ours.state), change(theirs.state)));
  }
  return { loss: losses, update };
}

/** Whether the numbers are the same up to rounding. */
export function agrees({ loss, update }: Parity): boolean {
  return loss <= LARGEST_DIFFERENCE && update <= LARGEST_DIFFERENCE;
}

async function runOnce(
  engine: Engine,
  definition: StepDefinition<Tensor>,
  inputs: StepValues,
): Promise<{ readonly outputs: StepValues; readonly state: StepValues }> {
  const step = await engine.compile(definition);
  try {
    const outputs = await step.run(inputs);
    return { outputs, state: await step.readState() };
  } finally {
    await step.dispose();
  }
}

function values(tensors: StepValues, name: string): readonly number[] {
  const tensor: HostTensor | undefined = tensors[name];
  return tensor === undefined ? [Number.NaN] : Array.from(tensor.data);
}

/** `|actual - expected| / |expected|`, Euclidean: single entries near 0 are rounding and nothing else. */
function relative(actual: readonly number[], expected: readonly number[]): number {
  const difference = norm(expected.map((value, i) => (actual[i] ?? Number.NaN) - value));
  const size = norm(expected);
  if (!Number.isFinite(difference) || !Number.isFinite(size)) return Number.POSITIVE_INFINITY;
  return difference === 0 ? 0 : difference / size;
}

function norm(vector: readonly number[]): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}
