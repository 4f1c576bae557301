import { setImmediate } from 'node:timers/promises';
import type { CompiledStep, StepValues } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import type { SurrogateModel } from '../contract/method.ts';
import { compileInference, embedImages } from '../surrogates/inference.ts';
import { asksForSmallerBatch, isOutOfMemory } from '../surrogates/out-of-memory.ts';
import { arraysNamed, floatsNamed, type NamedArrays } from '../surrogates/parameters.ts';
import { resizePixels } from '../surrogates/resize.ts';
import { trainingRule, type TrainingRule } from '../surrogates/training-rule.ts';
import { resumeEncoder, saveEncoder, type EncoderProgress } from './encoder-checkpoint.ts';
import { encoderBatch, encoderFeeds, encoderStep, type EncoderStepPlan } from './encoder-step.ts';
import type { EncoderTraining, Look, TrainedEncoder } from './encoder-training.ts';
import { stepsWithin } from './training-plan.ts';
import { initialPredictor } from '../watermarks/rotation-predictor.ts';

/** With a clock, least time between two checkpoints: what a kill may cost. */
const CHECKPOINT_MS = 30_000;
/** Saving and looking may each take a twentieth of the time. */
const OVERHEAD_FACTOR = 20;

type Network = Extract<SurrogateModel, { kind: 'network' }>;

/**
 * Trains an encoder from nothing by `method`, with a cosine schedule over all steps (or as `rule` has it) and a new order of the
 * images in every epoch; images that do not fill an epoch's last batch are left out of it. Resumed from its checkpoint, in the
 * middle of an epoch or between two, it ends at bitwise the same weights: steps are a function of the seed and their
 * number. For a length of time that holds of the plan made at its beginning, which the checkpoint keeps; the time itself
 * ends a training that is still under way.
 * @throws MoatError `cancelled` when the signal fires, after a checkpoint; `training-diverged` when the loss is not finite;
 * `dataset-too-small` for fewer than two images; `configuration-invalid` for a time too short for one step; `device-out-of-memory` with a smaller batch to try
 */
export async function trainEncoder(request: EncoderTraining): Promise<TrainedEncoder> {
  const { method, rng, images, architecture, dimension, inputSize, watermark } = request;
  if (images.count < 2)
    throw new MoatError(
      'dataset-too-small',
      `${method.title} needs at least two images, got ${images.count}.`,
    );
  if (request.length.kind === 'time' && request.clock === undefined)
    throw new RangeError('a training by time needs a clock');
  const batchSize = Math.min(request.batchSize ?? method.defaults.batchSize, images.count);
  const { weights, statistics } = architecture.initialize(rng.derive('initialization'), dimension, inputSize);
  const classes = request.classes ?? 0;
  const rule = trainingRule(method.defaults, request.rule ?? {}, {
    batchSize,
    learningRateFactor: architecture.learningRateFactor,
  });
  const plan: EncoderStepPlan = {
    method,
    architecture,
    weights,
    statistics,
    head: method.head(rng.derive('projection'), dimension, classes),
    optimizer: rule.optimizer,
    clipNorm: rule.clipNorm,
    batchSize,
    inputSize,
    classes,
    mark:
      watermark === undefined
        ? undefined
        : {
            predictor: initialPredictor(rng.derive('watermark'), dimension),
            isTrained: watermark.predictor === 'trained',
          },
  };
  const compiled = await request.engine.compile(encoderStep(plan));
  try {
    return await new Training(request, plan, rule, compiled).run();
  } catch (error) {
    // The losses compare the images of a batch with each other: parts would train something else.
    throw isOutOfMemory(error) ? asksForSmallerBatch(error, batchSize) : error;
  } finally {
    await compiled.dispose();
  }
}

/** One process's work on a training: where it stands, and when it last saved and looked. */
class Training {
  readonly #request: EncoderTraining;
  readonly #plan: EncoderStepPlan;
  readonly #rule: TrainingRule;
  readonly #compiled: CompiledStep;
  readonly #pixels: Uint8Array;
  readonly #stepsPerEpoch: number;
  readonly #startedMs: number;
  #progress: EncoderProgress = { totalSteps: 1, stepsDone: 0, losses: [], epochSum: 0, elapsedMs: 0 };
  #elapsedBeforeMs = 0;
  #firstStep = 0;
  #firstStepMs = 0;
  #nextSaveMs = 0;
  #nextLookMs = 0;
  #lastLook: Look | null = null;

  constructor(request: EncoderTraining, plan: EncoderStepPlan, rule: TrainingRule, compiled: CompiledStep) {
    this.#request = request;
    this.#plan = plan;
    this.#rule = rule;
    this.#compiled = compiled;
    this.#pixels = resizePixels(request.images, plan.inputSize);
    this.#stepsPerEpoch = Math.floor(request.images.count / plan.batchSize);
    this.#startedMs = this.#now();
  }

  async run(): Promise<TrainedEncoder> {
    await this.#begin();
    const { totalSteps } = this.#progress;
    if (this.#isTimeOver() && this.#progress.stepsDone === 0)
      throw new MoatError(
        'configuration-invalid',
        'The time was over before a step was trained; give the training more of it.',
      );
    const looking = await this.#openLook();
    try {
      while (!this.#isAtEnd()) {
        await this.#runEpoch();
        await this.#endEpoch(looking);
      }
      this.#lastLook ??= await this.#look(looking);
    } finally {
      await looking?.dispose();
    }
    if (this.#request.clock !== undefined) await this.#save();
    const { losses, stepsDone } = this.#progress;
    const state = await this.#compiled.readState();
    const { mark } = this.#plan;
    return {
      encoder: this.#network(state),
      ...(mark === undefined ? {} : { predictor: arraysNamed(state, mark.predictor) }),
      losses,
      stepsDone,
      totalSteps,
      stepsPerEpoch: this.#stepsPerEpoch,
      batchSize: this.#plan.batchSize,
      look: this.#lastLook,
    };
  }

  /** Goes on from the checkpoint, or makes the plan and saves it. */
  async #begin(): Promise<void> {
    const saved = await resumeEncoder(this.#request.checkpoint, this.#compiled);
    if (saved !== undefined) {
      this.#progress = saved;
      this.#elapsedBeforeMs = saved.elapsedMs;
    } else {
      this.#progress = { ...this.#progress, totalSteps: await this.#plannedSteps() };
    }
    const { stepsDone, totalSteps } = this.#progress;
    this.#request.onEvent?.({ type: 'begin', stepsDone, totalSteps, stepsPerEpoch: this.#stepsPerEpoch });
    this.#firstStep = stepsDone;
    this.#firstStepMs = this.#now();
    // What was planned by the clock is kept as soon as a step has been trained by it.
    const isPlanned = saved === undefined && this.#request.length.kind === 'time';
    this.#nextSaveMs = this.#now() + (isPlanned ? 0 : CHECKPOINT_MS);
  }

  async #plannedSteps(): Promise<number> {
    const { length, clock } = this.#request;
    if (length.kind === 'epochs') return this.#stepsPerEpoch * length.epochs;
    if (clock === undefined) throw new RangeError('a training by time needs a clock');
    const inputs = this.#stepInputs(0, 0, Number.POSITIVE_INFINITY);
    const steps = await stepsWithin(length.milliseconds, this.#compiled, inputs, clock);
    await this.#compiled.writeState(encoderStep(this.#plan).state);
    return steps;
  }

  /** The steps that are left of the epoch under way. */
  async #runEpoch(): Promise<void> {
    const { stepsDone, totalSteps, losses } = this.#progress;
    const inputs = this.#stepInputs(losses.length, stepsDone, totalSteps);
    for (;;) {
      const block = take(inputs, this.#request.engine.stepsPerRun);
      if (block.length === 0) return;
      if (this.#request.signal.aborted) {
        await this.#save();
        throw new MoatError('cancelled', 'The training was stopped.');
      }
      for (const output of await this.#compiled.runMany(block)) this.#count(output);
      if (this.#isTimeOver()) return;
      if (this.#request.clock !== undefined && this.#now() >= this.#nextSaveMs) await this.#save();
      // Lets a Ctrl-C in: an engine may work on this very thread.
      await setImmediate();
    }
  }

  /** The inputs of an epoch's steps from number `from` on, a function of the seed and the step alone. */
  *#stepInputs(epoch: number, from: number, totalSteps: number): Generator<StepValues, void> {
    const { images, labels, rng } = this.#request;
    const { batchSize } = this.#plan;
    const epochRng = rng.derive(`epoch-${epoch}`);
    const order = epochRng.permutation(images.count);
    const viewRng = epochRng.derive('views');
    const markRng = epochRng.derive('mark');
    const stepsPerEpoch = this.#stepsPerEpoch;
    for (let at = 0; at < stepsPerEpoch; at++) {
      const step = epoch * stepsPerEpoch + at;
      if (step >= totalSteps) return;
      const rows = order.subarray(at * batchSize, (at + 1) * batchSize);
      // Also for steps that lie behind a resume: they draw from the same stream.
      const batch = encoderBatch(this.#plan, { pixels: this.#pixels, labels }, rows, viewRng, markRng);
      if (step < from) continue;
      const position = { step, stepsPerEpoch, epochs: totalSteps / stepsPerEpoch };
      yield { ...batch, ...encoderFeeds(this.#plan, step, this.#rule.rateAt(position)) };
    }
  }

  #count(output: StepValues): void {
    const { stepsDone, totalSteps } = this.#progress;
    const loss = floatsNamed(output, 'loss')[0] ?? Number.NaN;
    const markLoss = this.#plan.mark === undefined ? 0 : (floatsNamed(output, 'markLoss')[0] ?? Number.NaN);
    if (!Number.isFinite(loss + markLoss))
      throw new MoatError(
        'training-diverged',
        `The ${this.#plan.method.title} loss became ${loss + markLoss} at step ${stepsDone + 1} of ${totalSteps}.`,
      );
    this.#progress = {
      ...this.#progress,
      stepsDone: stepsDone + 1,
      epochSum: this.#progress.epochSum + loss,
    };
    const etaMs = this.#etaMs();
    this.#request.onEvent?.({ type: 'step', stepsDone: stepsDone + 1, totalSteps, loss, etaMs });
  }

  async #endEpoch(looking: Looking | undefined): Promise<void> {
    const { stepsDone, losses, epochSum } = this.#progress;
    const steps = stepsDone - losses.length * this.#stepsPerEpoch;
    // The time was over before the epoch's first step.
    if (steps === 0) return;
    const loss = epochSum / steps;
    this.#progress = { ...this.#progress, losses: [...losses, loss], epochSum: 0 };
    const isTimeToLook = this.#request.clock === undefined || this.#now() >= this.#nextLookMs;
    const look = isTimeToLook || this.#isAtEnd() ? await this.#look(looking) : null;
    if (this.#request.clock === undefined) await this.#save();
    this.#request.onEvent?.({ type: 'epoch', epoch: losses.length + 1, loss, look, etaMs: this.#etaMs() });
  }

  async #look(looking: Looking | undefined): Promise<Look | null> {
    if (looking === undefined) return null;
    const beganMs = this.#now();
    const look = await looking.look(this.#network(await this.#compiled.readState()).weights);
    this.#lastLook = look;
    this.#nextLookMs = this.#now() + OVERHEAD_FACTOR * (this.#now() - beganMs);
    return look;
  }

  async #openLook(): Promise<Looking | undefined> {
    const { engine, look } = this.#request;
    if (look === undefined) return undefined;
    const { weights, statistics, architecture, inputSize } = this.#plan;
    const { dimension } = this.#request;
    const model: Network = {
      kind: 'network',
      architecture: architecture.id,
      inputSize,
      dimension,
      weights: { ...weights, ...statistics },
    };
    const compiled = await compileInference(engine, model);
    return {
      async look(now) {
        await compiled.writeState(now);
        return look({ dimension, embed: (images) => embedImages(compiled, model, images) });
      },
      dispose: () => compiled.dispose(),
    };
  }

  /** The encoder in a state of the step: what the head and the optimizer hold is left out. */
  #network(state: StepValues): Network {
    const { weights, statistics, architecture, inputSize } = this.#plan;
    const kept = Object.entries({ ...weights, ...statistics }).map(
      ([name, { shape }]) => [name, { shape, data: floatsNamed(state, name) }] as const,
    );
    return {
      kind: 'network',
      architecture: architecture.id,
      inputSize,
      dimension: this.#request.dimension,
      weights: Object.fromEntries(kept),
    };
  }

  async #save(): Promise<void> {
    const beganMs = this.#now();
    this.#progress = { ...this.#progress, elapsedMs: this.#elapsedMs() };
    await saveEncoder(this.#request.checkpoint, this.#compiled, this.#progress);
    const tookMs = this.#now() - beganMs;
    this.#nextSaveMs = this.#now() + Math.max(CHECKPOINT_MS, OVERHEAD_FACTOR * tookMs);
  }

  #isAtEnd(): boolean {
    return this.#progress.stepsDone >= this.#progress.totalSteps || this.#isTimeOver();
  }

  #isTimeOver(): boolean {
    const { length } = this.#request;
    return length.kind === 'time' && this.#elapsedMs() >= length.milliseconds;
  }

  #etaMs(): number | null {
    const { stepsDone, totalSteps } = this.#progress;
    const here = stepsDone - this.#firstStep;
    if (this.#request.clock === undefined || here === 0) return null;
    const leftMs = ((this.#now() - this.#firstStepMs) / here) * (totalSteps - stepsDone);
    const { length } = this.#request;
    return length.kind === 'epochs' ? leftMs : Math.min(leftMs, length.milliseconds - this.#elapsedMs());
  }

  #elapsedMs(): number {
    return this.#elapsedBeforeMs + this.#now() - this.#startedMs;
  }

  #now(): number {
    return this.#request.clock?.monotonicMs() ?? 0;
  }
}

interface Looking {
  look(weights: NamedArrays): Promise<Look>;
  dispose(): Promise<void>;
}

/** The next items, as many as there are up to `count`. */
function take<Item>(items: Iterator<Item, void>, count: number): readonly Item[] {
  const taken: Item[] = [];
  while (taken.length < count) {
    const next = items.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}
