import type { CompiledStep } from '../contract/engine.ts';
import type { Checkpoint, CheckpointSlot } from '../contract/method.ts';
import { isAccumulated } from './accumulation.ts';
import { floatsNamed } from './parameters.ts';

/** Marks a checkpoint as one of a training; a slot may hold another kind of work. */
const STAGE = 'fit-surrogate';

/** Saves the state of a step (weights, slots, running statistics; sums of gradients are 0 between steps) and the mean loss of every epoch so far. */
export async function saveTraining(
  slot: CheckpointSlot,
  compiled: CompiledStep,
  losses: readonly number[],
): Promise<void> {
  const state = await compiled.readState();
  const tensors = Object.fromEntries(
    Object.entries(state)
      .filter(([name]) => !isAccumulated(name))
      .map(([name, { shape }]) => [name, { shape, data: floatsNamed(state, name) }]),
  );
  await slot.save({ progress: { stage: STAGE, losses: [...losses] }, tensors });
}

/** Puts a saved state back. @returns the losses of the epochs it has behind it; none when nothing was saved. */
export async function resumeTraining(
  slot: CheckpointSlot,
  compiled: CompiledStep,
): Promise<readonly number[]> {
  const saved = await slot.load();
  const losses = saved === undefined ? undefined : epochLosses(saved);
  if (saved === undefined || losses === undefined) return [];
  await compiled.writeState(saved.tensors);
  return losses;
}

function epochLosses({ progress }: Checkpoint): readonly number[] | undefined {
  const losses = progress['losses'];
  const ours = progress['stage'] === STAGE && Array.isArray(losses);
  return ours && losses.every((loss) => typeof loss === 'number') ? losses : undefined;
}
