import { z } from 'zod';
import type { CompiledStep } from '../contract/engine.ts';
import type { CheckpointSlot } from '../contract/method.ts';
import { floatsNamed } from '../surrogates/parameters.ts';

/** Marks a checkpoint as one of `trainEncoder`; a slot may hold another kind of work. */
const STAGE = 'train-encoder';

const progressSchema = z.object({
  stage: z.literal(STAGE),
  /** The last step of the training, counted from 1. */
  totalSteps: z.int().positive(),
  stepsDone: z.int().nonnegative(),
  /** Mean loss of every whole epoch. */
  losses: z.array(z.number()),
  /** Sum of the losses of the epoch that is under way. */
  epochSum: z.number(),
  /** Time spent in all processes that worked on it, in milliseconds; 0 without a clock. */
  elapsedMs: z.number().nonnegative(),
});

/** Where a training stands between two steps. */
export type EncoderProgress = Omit<z.infer<typeof progressSchema>, 'stage'>;

/** Saves weights, optimizer slots and running statistics with where the training stands. */
export async function saveEncoder(
  slot: CheckpointSlot,
  compiled: CompiledStep,
  progress: EncoderProgress,
): Promise<void> {
  const state = await compiled.readState();
  const tensors = Object.fromEntries(
    Object.entries(state).map(([name, { shape }]) => [name, { shape, data: floatsNamed(state, name) }]),
  );
  await slot.save({ progress: { stage: STAGE, ...progress }, tensors });
}

/** Puts a saved state back. @returns undefined when nothing of this kind was saved */
export async function resumeEncoder(
  slot: CheckpointSlot,
  compiled: CompiledStep,
): Promise<EncoderProgress | undefined> {
  const saved = await slot.load();
  const parsed = progressSchema.safeParse(saved?.progress);
  if (saved === undefined || !parsed.success) return undefined;
  await compiled.writeState(saved.tensors);
  const { stage: _stage, ...progress } = parsed.data;
  return progress;
}
