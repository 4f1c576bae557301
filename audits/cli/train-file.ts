import { sliceImages } from '../contract/data.ts';
import type { Clock } from '../contract/context.ts';
import type { Engine } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import type { CheckpointSlot } from '../contract/method.ts';
import type { Dataset } from '../datasets/dataset.ts';
import { digestImages } from '../datasets/image-hash.ts';
import { digestOf } from '../plan/key.ts';
import { createRng, type Rng } from '../rng.ts';
import { writeFileAtomic } from '../run/files.ts';
import { fileCheckpointSlot } from '../run/tensor-file.ts';
import { exportNetwork } from '../surrogates/export-onnx.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { calibrateStatistics, randomNetwork } from '../surrogates/random-network.ts';
import { findArchitecture } from '../surrogates/registry.ts';
import type { TrainingMethodId, TrainingPresetId } from '../training/choices.ts';
import type { Look, TrainedEncoder } from '../training/encoder-training.ts';
import { lookAt } from '../training/neighbor-look.ts';
import { trainingPreset, type TrainingPreset } from '../training/presets.ts';
import { trainEncoder } from '../training/train-encoder.ts';
import { readTrainingImages, type TrainingImages } from '../training/training-images.ts';
import type { TrainingLength } from '../training/training-plan.ts';
import type { TrainedWatermark } from '../watermarks/choices.ts';
import { formatCount } from './render/numbers.ts';
import { keepMark, type MarkReport } from './trained-mark.ts';
import type { TrainingProgress } from './training-progress.ts';

/** One encoder trained from images into a file: what `moat train` does once and `moat zoo train` many times. */

/** The encoder's file until it is done: weights, optimizer, where the training stands. */
export const CHECKPOINT_ENDING = '.training';
/** Images that settle the batch norm of the network as it begins, which the trained one is compared with. */
const CALIBRATION_IMAGES = 512;

/** Flags that say what is trained; absent ones are the preset's. */
export interface TrainingFlags {
  readonly preset?: TrainingPresetId;
  readonly architecture?: string;
  readonly epochs?: number;
  /** Milliseconds. */
  readonly time?: number;
  readonly resolution?: number;
  readonly dimension?: number;
  readonly batch?: number;
  readonly learningRate?: number;
}

/** Everything an encoder is trained by, but its images. */
export interface ChosenTraining {
  readonly preset: TrainingPreset;
  readonly length: TrainingLength;
  readonly rule: TrainingPreset['rule'];
  readonly watermark?: TrainedWatermark | undefined;
  readonly seed: number;
}

export interface FileTraining {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly progress: TrainingProgress;
  readonly signal: AbortSignal;
  /** From when a length of time counts. */
  readonly startedMs: number;
  /** Where the encoder is written, and how it is called in messages. */
  readonly out: string;
  readonly outName: string;
}

export interface TrainedFile {
  readonly trained: TrainedEncoder;
  /** The network as it began. */
  readonly before: Look;
  /** Absent for an encoder without a watermark. */
  readonly mark: MarkReport | undefined;
  readonly written: { readonly sha256: string; readonly sizeBytes: number };
  readonly elapsedMs: number;
}

/** @throws MoatError `usage`, `configuration-invalid` for a preset that is not for the method, `method-unknown` */
export function chooseTraining(
  methodId: TrainingMethodId,
  seed: number,
  flags: TrainingFlags,
): ChosenTraining {
  const preset = trainingPreset(flags.preset ?? 'small', methodId);
  if (flags.learningRate !== undefined && flags.learningRate <= 0)
    throw new MoatError('usage', `--learning-rate must be above 0, not ${flags.learningRate}.`);
  return {
    preset: {
      ...preset,
      architecture: findArchitecture(flags.architecture ?? preset.architecture).id,
      dimension: flags.dimension ?? preset.dimension,
      inputSize: flags.resolution ?? preset.inputSize,
      batchSize: flags.batch ?? preset.batchSize,
    },
    length:
      flags.time === undefined
        ? { kind: 'epochs', epochs: flags.epochs ?? preset.epochs }
        : { kind: 'time', milliseconds: flags.time },
    rule: {
      ...preset.rule,
      ...(flags.learningRate === undefined ? {} : { learningRate: flags.learningRate }),
    },
    seed,
  };
}

/** @throws MoatError `dataset-unlabelled` for a method that needs classes, and as `readTrainingImages` */
export async function readChosenImages(
  dataset: Dataset,
  { method, inputSize }: TrainingPreset,
  {
    most,
    rng,
    signal,
  }: { readonly most?: number | undefined; readonly rng: Rng; readonly signal: AbortSignal },
): Promise<TrainingImages> {
  if (method.needsClasses && dataset.classes.length < 2)
    throw new MoatError(
      'dataset-unlabelled',
      `${method.title} training needs images of at least two classes; ${dataset.name} has ${dataset.classes.length === 0 ? 'no labels' : 'one class'}.`,
    );
  return readTrainingImages(dataset, { inputSize, rng, most, needsClasses: method.needsClasses, signal });
}

/**
 * Trains and writes the encoder; goes on from the checkpoint beside the file where there is one of the same training.
 * @throws MoatError `usage` where it is of another one, and as `trainEncoder`
 */
export async function trainToFile(
  chosen: ChosenTraining,
  data: TrainingImages,
  { engine, clock, progress, signal, startedMs, out, outName }: FileTraining,
): Promise<TrainedFile> {
  const { preset, length, rule, watermark, seed } = chosen;
  const { method, batchSize, inputSize, dimension } = preset;
  const rng = createRng(seed).derive('train');
  progress.note(
    `${method.title} on ${formatCount(data.images.count)} images${data.heldOut === 0 ? '' : `, ${formatCount(data.heldOut)} held out`}: ${preset.architecture}, ${dimension} dimensions, ${inputSize} x ${inputSize}`,
  );
  const look = (encoder: Parameters<typeof lookAt>[0]): Promise<Look> =>
    lookAt(encoder, data.look, { engine, rng: rng.derive('look') });
  const before = await lookBefore(preset, data, { engine, rng, look });
  progress.stage('Training');
  const file = fileCheckpointSlot(out + CHECKPOINT_ENDING);
  const trained = await trainEncoder({
    engine,
    method,
    architecture: findArchitecture(preset.architecture),
    dimension,
    inputSize,
    images: data.images,
    labels: data.labels,
    classes: data.classes.length,
    batchSize,
    length: lengthLeft(length, clock.monotonicMs() - startedMs),
    rule,
    watermark,
    rng,
    checkpoint: keyedSlot(file, trainingKey(chosen, data, engine), outName),
    signal,
    clock,
    look,
    onEvent: progress.onEvent,
  });
  const onnx = await exportNetwork(trained.encoder);
  // Before the encoder: one without its key would be of no use, and could not be trained again to bitwise the same.
  const mark =
    watermark === undefined
      ? undefined
      : await keepMark(out, trained, watermark, { onnx, data, engine, rng: rng.derive('read mark') });
  const written = writeFileAtomic(out, [onnx]);
  file.clear();
  return { trained, before, mark, written, elapsedMs: clock.monotonicMs() - startedMs };
}

/** The network as it begins, its batch norm settled: what training has to beat. */
async function lookBefore(
  { architecture, dimension, inputSize }: TrainingPreset,
  data: TrainingImages,
  {
    engine,
    rng,
    look,
  }: {
    readonly engine: Engine;
    readonly rng: Rng;
    readonly look: (encoder: Parameters<typeof lookAt>[0]) => Promise<Look>;
  },
): Promise<Look> {
  const network = randomNetwork(architecture, rng.derive('initialization'), dimension, inputSize);
  const images = sliceImages(data.images, 0, Math.min(CALIBRATION_IMAGES, data.images.count));
  const opened = await openSurrogate(engine, await calibrateStatistics(engine, network, images));
  try {
    return await look(opened);
  } finally {
    await opened.dispose();
  }
}

/** A time counts from the start of the command; reading and the first look have taken some of it. */
function lengthLeft(length: TrainingLength, spentMs: number): TrainingLength {
  return length.kind === 'epochs'
    ? length
    : { kind: 'time', milliseconds: Math.max(1, length.milliseconds - spentMs) };
}

/** Of everything the weights depend on. */
function trainingKey(chosen: ChosenTraining, data: TrainingImages, engine: Engine): string {
  const images = digestTrained(data, chosen.preset.method.needsClasses);
  return digestOf({ ...keyedSettings(chosen, images), numericsClass: engine.numericsClass });
}

/** Of the images in the order of the training, with their classes where those matter. */
export function digestTrained({ images, labels }: TrainingImages, needsClasses: boolean): string {
  return digestImages(images, needsClasses ? labels : undefined);
}

/** What an encoder is trained by and on, whatever machine does it. @param images their digest */
export function keyedSettings(
  { preset, length, rule, watermark, seed }: ChosenTraining,
  images: string,
): Readonly<Record<string, unknown>> {
  const { id, method, architecture, dimension, inputSize, batchSize } = preset;
  return {
    preset: id,
    method: method.id,
    architecture,
    dimension,
    inputSize,
    batchSize,
    length,
    rule,
    ...(watermark === undefined ? {} : { watermark }),
    seed,
    images,
  };
}

/** A slot that only goes on with a training of the same key. @throws MoatError `usage` when it holds another one */
function keyedSlot(slot: CheckpointSlot, key: string, out: string): CheckpointSlot {
  return {
    async load() {
      const saved = await slot.load();
      if (saved !== undefined && saved.progress['key'] !== key)
        throw new MoatError(
          'usage',
          `${out}${CHECKPOINT_ENDING} is of a training with other settings, images or another machine: give the same command as before, delete it, or name another --out.`,
        );
      return saved;
    },
    save: ({ progress, tensors }) => slot.save({ progress: { ...progress, key }, tensors }),
  };
}
