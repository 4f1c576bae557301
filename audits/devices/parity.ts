import type { Engine, HostTensor, StepDefinition, StepValues } from '../contract/engine.ts';
import type { Tensor } from '../tensor/ops.ts';

/** Single precision over one step: more is a different computation, not rounding. */
export const LARGEST_DIFFERENCE = 1e-4;

/**
 * A tensor that moves by less than this share of the whole step is measured against that share: a ten-thousandth of it is
 * where single precision ends. A bias in front of a batch norm, say, has a gradient of 0, and its change is rounding alone.
 */
const NEGLIGIBLE_SHARE = 1e-3;

export interface Parity {
  /** Of the loss, relative. */
  readonly loss: number;
  /**
   * Of the change that the step makes to a tensor of the state, relative to the change, or to `NEGLIGIBLE_SHARE` of the whole
   * step's where the tensor's own is less; the largest over all tensors.
   */
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
  const changes = Object.entries(definition.state).map(([name, before]) => {
    const change = (state: StepValues): number[] =>
      values(state, name).map((value, i) => value - (before.data[i] ?? Number.NaN));
    return [change(ours.state), change(theirs.state)] as const;
  });
  const whole = Math.hypot(...changes.map(([, expected]) => norm(expected)));
  const update = Math.max(
    0,
    ...changes.map(([actual, expected]) => relative(actual, expected, NEGLIGIBLE_SHARE * whole)),
  );
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

/** `|actual - expected| / |expected|`, Euclidean: single entries near 0 are rounding and nothing else. @param least of the divisor */
function relative(actual: readonly number[], expected: readonly number[], least = 0): number {
  const difference = norm(expected.map((value, i) => (actual[i] ?? Number.NaN) - value));
  const size = norm(expected);
  if (!Number.isFinite(difference) || !Number.isFinite(size)) return Number.POSITIVE_INFINITY;
  return difference === 0 ? 0 : difference / Math.max(size, least);
}

function norm(vector: readonly number[]): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}
