import type { CompiledStep, Engine, StepValues } from '../contract/engine.ts';
import type { Matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { CheckpointSlot, SurrogateSettings } from '../contract/method.ts';
import type { LossDefinition } from '../losses/loss.ts';
import type { Rng } from '../rng.ts';
import { splitBatch } from './accumulation.ts';
import { batchInputs, labelInput } from './batches.ts';
import type { TrainingView } from './batches.ts';
import { explainDivergence } from './divergence.ts';
import { floatsNamed } from './parameters.ts';
import { resumeTraining, saveTraining } from './training-checkpoint.ts';
import type { TrainingRule } from './training-rule.ts';
import { trainingStep, type TrainingStepPlan } from './training-step.ts';

/** Most checkpoints of one training: what a kill costs is at most a twentieth of it, or one epoch. */
const MAXIMUM_CHECKPOINTS = 20;

/** What the loop needs of a fit. */
export interface EpochContext {
  readonly engine: Engine;
  readonly settings: SurrogateSettings;
  /** As they came from the victim, one entry per view. */
  readonly targets: readonly Matrix[];
  readonly loss: LossDefinition;
  readonly rng: Rng;
  readonly checkpoint: CheckpointSlot;
  readonly signal: AbortSignal;
  readonly progress: (fraction: number, stage: string) => void;
  readonly log: (message: string) => void;
}

export interface EpochPlan {
  readonly views: readonly TrainingView[];
  /** Class of each row, for a loss that needs it. */
  readonly labels?: Int32Array | undefined;
  /** Rows of one epoch. */
  readonly rows: number;
  /** Number of the first row of an epoch. */
  readonly firstRow: (epoch: number) => number;
  readonly batchSize: number;
  readonly rule: TrainingRule;
  readonly stepPlan: TrainingStepPlan;
  /** Runs of the compiled step per batch; above 1 it is an accumulating one. */
  readonly parts: number;
}

/**
 * Runs every epoch that is left, in blocks of as many steps as the engine takes at once. A loss that is not finite ends
 * the training with the step at which it became so.
 * @returns the mean loss of every epoch, those before a resume included
 */
export async function runEpochs(
  context: EpochContext,
  compiled: CompiledStep,
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
    let sum = 0;
    let step = epoch * stepsPerEpoch;
    for (const block of blocksOf(epochInputs(context, plan, epoch), stepsPerBlock)) {
      stopIfCancelled(context.signal);
      const outputs = await compiled.runMany(block.flatMap((inputs) => splitBatch(inputs, plan.parts)));
      for (let at = 0; at < outputs.length; at += plan.parts) {
        const loss = meanLoss(outputs.slice(at, at + plan.parts));
        if (!Number.isFinite(loss)) throw await diverged(context, compiled, plan, { loss, step, totalSteps });
        sum += loss;
        step += 1;
        progress(step / totalSteps, 'training the surrogate');
      }
    }
    losses.push(sum / stepsPerEpoch);
    if ((epoch + 1) % checkpointEvery === 0 || epoch + 1 === settings.epochs)
      await saveTraining(context.checkpoint, compiled, losses);
  }
  return losses;
}

/** The inputs of every step of an epoch, a function of the seed and the epoch alone. */
function* epochInputs(
  { rng, settings }: EpochContext,
  { views, labels, rows, firstRow, batchSize, rule, stepPlan }: EpochPlan,
  epoch: number,
): Generator<StepValues> {
  const stepsPerEpoch = Math.floor(rows / batchSize);
  const epochRng = rng.derive(`epoch-${epoch}`);
  const first = firstRow(epoch);
  const order = epochRng.permutation(rows).map((row) => first + row);
  const augmentationRng = epochRng.derive('augmentation');
  for (let at = 0; at < stepsPerEpoch; at++) {
    const step = epoch * stepsPerEpoch + at;
    const batch = order.subarray(at * batchSize, (at + 1) * batchSize);
    yield {
      ...batchInputs(views, batch, settings.inputSize, augmentationRng),
      ...(stepPlan.loss.needsLabels === true ? labelInput(labels, batch) : {}),
      ...rule.optimizer.feeds(step, rule.rateAt({ step, stepsPerEpoch, epochs: settings.epochs })),
    };
  }
}

/** Runs of `length` items, the last as long as is left; an item is asked for when its block is. */
function* blocksOf<Item>(items: Iterable<Item>, length: number): Generator<readonly Item[]> {
  let block: Item[] = [];
  for (const item of items) {
    block.push(item);
    if (block.length < length) continue;
    yield block;
    block = [];
  }
  if (block.length > 0) yield block;
}

function meanLoss(outputs: readonly StepValues[]): number {
  const sum = outputs.reduce((total, output) => total + (floatsNamed(output, 'loss')[0] ?? Number.NaN), 0);
  return sum / outputs.length;
}

/** The error for a loss that is not finite, with the cause that a replay from the last checkpoint finds. */
async function diverged(
  context: EpochContext,
  compiled: CompiledStep,
  plan: EpochPlan,
  { loss, step, totalSteps }: { readonly loss: number; readonly step: number; readonly totalSteps: number },
): Promise<MoatError> {
  const stepsPerEpoch = totalSteps / context.settings.epochs;
  const where = { step: step + 1, totalSteps, epoch: Math.floor(step / stepsPerEpoch) + 1 };
  const what = `The surrogate's ${context.loss.id} loss became ${loss} at step ${step + 1} of ${totalSteps}`;
  // A replay looks at whole batches, which is what did not fit.
  if (plan.parts > 1) return new MoatError('training-diverged', `${what}.`, { details: where });
  await compiled.writeState(trainingStep(plan.stepPlan).state);
  const { length: firstEpoch } = await resumeTraining(context.checkpoint, compiled);
  const { cause, sentence, details } = await explainDivergence({
    engine: context.engine,
    compiled,
    stepPlan: plan.stepPlan,
    replies: context.targets,
    firstStep: firstEpoch * stepsPerEpoch,
    failedStep: step,
    *inputs() {
      for (let epoch = firstEpoch; epoch < context.settings.epochs; epoch++)
        for (const inputs of epochInputs(context, plan, epoch)) {
          stopIfCancelled(context.signal);
          yield inputs;
        }
    },
  });
  return new MoatError('training-diverged', `${what}: ${sentence}`, {
    details: { ...where, cause, ...details },
  });
}

function stopIfCancelled(signal: AbortSignal): void {
  if (signal.aborted) throw new MoatError('cancelled', 'The training of the surrogate was cancelled.');
}
