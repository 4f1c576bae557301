import type { CompiledStep, Engine, StepValues } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import type { CheckpointSlot, SurrogateSettings } from '../contract/method.ts';
import type { LossDefinition } from '../losses/loss.ts';
import type { Rng } from '../rng.ts';
import { splitBatch } from './accumulation.ts';
import { batchInputs } from './batches.ts';
import type { LocalAugmentation, TrainingView } from './batches.ts';
import { cosineLearningRate, type Optimizer } from './optimizer.ts';
import { floatsNamed } from './parameters.ts';
import { resumeTraining, saveTraining } from './training-checkpoint.ts';

/** Most checkpoints of one training: what a kill costs is at most a twentieth of it, or one epoch. */
const MAXIMUM_CHECKPOINTS = 20;

/** What the loop needs of a fit. */
export interface EpochContext {
  readonly engine: Pick<Engine, 'stepsPerRun'>;
  readonly settings: SurrogateSettings;
  readonly loss: LossDefinition;
  readonly rng: Rng;
  readonly checkpoint: CheckpointSlot;
  readonly signal: AbortSignal;
  readonly progress: (fraction: number, stage: string) => void;
  readonly log: (message: string) => void;
  readonly augmentation?: LocalAugmentation;
}

export interface EpochPlan {
  readonly rows: number;
  readonly batchSize: number;
  readonly optimizer: Optimizer;
  readonly learningRate: number;
  /** Runs of the compiled step per batch; above 1 it is an accumulating one. */
  readonly parts: number;
}

/**
 * Runs every epoch that is left, in blocks of as many steps as the engine takes at once. A loss that is not finite ends the
 * training with the step at which it became so.
 * @returns the mean loss of every epoch, those before a resume included
 */
export async function runEpochs(
  context: EpochContext,
  compiled: CompiledStep,
  views: readonly TrainingView[],
  plan: EpochPlan,
): Promise<readonly number[]> {
  const { settings, progress } = context;
  const stepsPerEpoch = Math.floor(plan.rows / plan.batchSize);
  const totalSteps = stepsPerEpoch * settings.epochs;
  const stepsPerBlock = Math.max(1, Math.floor(context.engine.stepsPerRun / plan.parts));
  const checkpointEvery = Math.ceil(settings.epochs / MAXIMUM_CHECKPOINTS);
  const losses = [...(await resumeTraining(context.checkpoint, compiled))];
  if (losses.length > 0)
    context.log(`The training resumes after epoch ${losses.length} of ${settings.epochs}.`);
  for (let epoch = losses.length; epoch < settings.epochs; epoch++) {
    const runsOf = epochInputs(context, views, plan, { epoch, stepsPerEpoch, totalSteps });
    let sum = 0;
    for (let at = 0; at < stepsPerEpoch; at += stepsPerBlock) {
      if (context.signal.aborted)
        throw new MoatError('cancelled', 'The training of the surrogate was cancelled.');
      const count = Math.min(stepsPerBlock, stepsPerEpoch - at);
      const runs = Array.from({ length: count }, (_, i) => runsOf(at + i)).flat();
      const outputs = await compiled.runMany(runs);
      for (let i = 0; i < count; i++) {
        const step = epoch * stepsPerEpoch + at + i;
        const loss = meanLoss(outputs.slice(i * plan.parts, (i + 1) * plan.parts));
        if (!Number.isFinite(loss)) throw diverged(context, loss, { step, totalSteps, epoch });
        sum += loss;
        progress((step + 1) / totalSteps, 'training the surrogate');
      }
    }
    losses.push(sum / stepsPerEpoch);
    if ((epoch + 1) % checkpointEvery === 0 || epoch + 1 === settings.epochs)
      await saveTraining(context.checkpoint, compiled, losses);
  }
  return losses;
}

/** The inputs of each step of an epoch, one entry per part of its batch; to be asked for in order, since they are drawn. */
function epochInputs(
  context: EpochContext,
  views: readonly TrainingView[],
  { rows, batchSize, optimizer, learningRate, parts }: EpochPlan,
  at: { readonly epoch: number; readonly stepsPerEpoch: number; readonly totalSteps: number },
): (stepOfEpoch: number) => readonly StepValues[] {
  const epochRng = context.rng.derive(`epoch-${at.epoch}`);
  const order = epochRng.permutation(rows);
  const augmentationRng = epochRng.derive('augmentation');
  return (stepOfEpoch) => {
    const step = at.epoch * at.stepsPerEpoch + stepOfEpoch;
    const batch = batchInputs(
      views,
      order.subarray(stepOfEpoch * batchSize, (stepOfEpoch + 1) * batchSize),
      context.settings.inputSize,
      context.augmentation ?? 'flip-shift',
      augmentationRng,
    );
    const scalars = optimizer.feeds(step, cosineLearningRate(learningRate, step, at.totalSteps));
    return splitBatch(batch, parts).map((part) => ({ ...part, ...scalars }));
  };
}

function meanLoss(outputs: readonly StepValues[]): number {
  const sum = outputs.reduce((total, output) => total + (floatsNamed(output, 'loss')[0] ?? Number.NaN), 0);
  return sum / outputs.length;
}

function diverged(
  { loss: { id } }: EpochContext,
  loss: number,
  { step, totalSteps, epoch }: { readonly step: number; readonly totalSteps: number; readonly epoch: number },
): MoatError {
  return new MoatError(
    'training-diverged',
    `The surrogate's ${id} loss became ${loss} at step ${step + 1} of ${totalSteps}.`,
    { details: { step: step + 1, totalSteps, epoch: epoch + 1 } },
  );
}
