import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { sliceImages } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import { exitCode, MoatError } from '../contract/errors.ts';
import type { CheckpointSlot } from '../contract/method.ts';
import { openDataset } from '../datasets/dataset.ts';
import { digestImages } from '../datasets/image-hash.ts';
import { chooseDevice } from '../devices/choose.ts';
import { cachedTrials } from '../devices/trial-cache.ts';
import { digestOf } from '../plan/key.ts';
import { createRng, type Rng } from '../rng.ts';
import { writeFileAtomic } from '../run/files.ts';
import { fileCheckpointSlot } from '../run/tensor-file.ts';
import { exportNetwork } from '../surrogates/export-onnx.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { calibrateStatistics, randomNetwork } from '../surrogates/random-network.ts';
import { findArchitecture } from '../surrogates/registry.ts';
import { createEngine } from '../tensor/engine.ts';
import type { TrainingMethodId, TrainingPresetId } from '../training/choices.ts';
import type { Look, TrainedEncoder } from '../training/encoder-training.ts';
import { lookAt } from '../training/neighbor-look.ts';
import { trainingPreset, type TrainingPreset } from '../training/presets.ts';
import { parseWatermark, type TrainedWatermark } from '../watermarks/choices.ts';
import { trainEncoder } from '../training/train-encoder.ts';
import { readTrainingImages, type TrainingImages } from '../training/training-images.ts';
import type { TrainingLength } from '../training/training-plan.ts';
import { commandName } from './command-name.ts';
import { displayPath, resolvePath, type CommandContext } from './context.ts';
import { formatCount, formatDuration, formatFraction } from './render/numbers.ts';
import { listenForStop } from './signals.ts';
import { KEY_ENDING, keepMark, type MarkReport } from './trained-mark.ts';
import { createTrainingProgress, type TrainingProgress } from './training-progress.ts';

export interface TrainFlags {
  readonly method?: TrainingMethodId;
  readonly preset?: TrainingPresetId;
  readonly architecture?: string;
  readonly epochs?: number;
  /** Milliseconds. */
  readonly time?: number;
  readonly out?: string;
  readonly resolution?: number;
  readonly dimension?: number;
  readonly batch?: number;
  readonly learningRate?: number;
  readonly images?: number;
  readonly watermark?: string;
  readonly seed?: number;
  readonly quiet?: boolean;
  readonly engine?: string;
  readonly device?: string;
  readonly json?: boolean;
}

/** The encoder's file until it is done: weights, optimizer, where the training stands. */
const CHECKPOINT_ENDING = '.training';
/** Images that settle the batch norm of the network as it begins, which the trained one is compared with. */
const CALIBRATION_IMAGES = 512;

/** Every choice made, before anything is read. */
interface Chosen {
  readonly preset: TrainingPreset;
  readonly length: TrainingLength;
  readonly rule: TrainingPreset['rule'];
  readonly watermark: TrainedWatermark | undefined;
  readonly seed: number;
  readonly folder: string;
  readonly out: string;
}

/** Trains an encoder in front of a person; see `moat train`. */
export async function startTraining(
  context: CommandContext,
  folder: string,
  flags: TrainFlags,
): Promise<void> {
  const startedMs = context.clock.monotonicMs();
  const chosen = choose(context, folder, flags);
  const { terminal, clock } = context;
  const progress = createTrainingProgress(terminal, { quiet: flags.quiet === true, clock });
  const controller = new AbortController();
  const stopListening = listenForStop({
    clock,
    onStop() {
      progress.note('stopping at a safe point (Ctrl-C again ends at once)');
      controller.abort();
    },
    onKill: () => process.exit(exitCode.interrupted),
  });
  try {
    const choice = await chooseDevice(
      { engine: flags.engine ?? 'auto', device: flags.device ?? 'auto', workers: 1 },
      cachedTrials({ refresh: (flags.device ?? 'auto') !== 'auto' }),
    );
    progress.note(`device: ${choice.reason}`);
    const engine = await createEngine(choice.engine, {
      threads: availableParallelism(),
      device: choice.device,
    });
    try {
      const report = await train(context, chosen, engine, flags, progress, controller.signal, startedMs);
      progress.end();
      if (flags.json === true) terminal.printJson(report.json);
      else for (const line of report.lines) terminal.print(line);
    } finally {
      await engine.dispose();
    }
  } catch (error) {
    progress.end();
    if (!(error instanceof MoatError) || error.code !== 'cancelled') throw withSmallerBatch(error);
    context.exitCode = exitCode.cancelled;
    terminal.note('stopped: continue with the same command');
    if (flags.json === true)
      terminal.printJson({ stopped: true, checkpoint: chosen.out + CHECKPOINT_ENDING });
  } finally {
    progress.end();
    stopListening();
  }
}

/** The flag to try, where a batch did not fit the device. */
function withSmallerBatch(error: unknown): unknown {
  if (!(error instanceof MoatError) || typeof error.details['smallerBatchSize'] !== 'number') return error;
  const { code, message, details } = error;
  return new MoatError(code, `${message} Try --batch ${String(details['smallerBatchSize'])}.`, {
    details,
    cause: error,
  });
}

/** @throws MoatError `usage` where the encoder exists already, `configuration-invalid` */
function choose(context: CommandContext, folder: string, flags: TrainFlags): Chosen {
  const out = resolvePath(context, flags.out ?? 'encoder.onnx');
  const watermark = flags.watermark === undefined ? undefined : parseWatermark(flags.watermark);
  for (const file of [out, ...(watermark === undefined ? [] : [out + KEY_ENDING])])
    if (existsSync(file))
      throw new MoatError(
        'usage',
        `${displayPath(context, file)} exists already; name another file with --out, or delete it.`,
      );
  const preset = trainingPreset(flags.preset ?? 'small', flags.method ?? 'simclr');
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
    watermark,
    seed: flags.seed ?? 0,
    folder: resolvePath(context, folder),
    out,
  };
}

interface Report {
  readonly json: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
}

async function train(
  context: CommandContext,
  chosen: Chosen,
  engine: Engine,
  flags: TrainFlags,
  progress: TrainingProgress,
  signal: AbortSignal,
  startedMs: number,
): Promise<Report> {
  const { clock } = context;
  const { preset, length, rule, watermark, seed, out } = chosen;
  const { method, batchSize, inputSize, dimension } = preset;
  const rng = createRng(seed).derive('train');
  const dataset = await openDataset(chosen.folder);
  if (method.needsClasses && dataset.classes.length < 2)
    throw new MoatError(
      'dataset-unlabelled',
      `${method.title} training needs images of at least two classes; ${dataset.name} has ${dataset.classes.length === 0 ? 'no labels' : 'one class'}.`,
    );
  progress.stage(`Reading the images of ${dataset.name}`);
  const data = await readTrainingImages(dataset, {
    inputSize,
    rng,
    most: flags.images,
    needsClasses: method.needsClasses,
    signal,
  });
  for (const note of data.notes) progress.note(note);
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
    checkpoint: keyedSlot(file, trainingKey(chosen, data, engine), displayPath(context, out)),
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
  return reportOf(context, { chosen, data, engine, trained, before, mark, written, startedMs });
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
function trainingKey(
  { preset, length, rule, watermark, seed }: Chosen,
  data: TrainingImages,
  engine: Engine,
): string {
  const { id, method, architecture, dimension, inputSize, batchSize } = preset;
  const { labels } = data;
  return digestOf({
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
    images: digestImages(data.images, method.needsClasses ? labels : undefined),
    numericsClass: engine.numericsClass,
  });
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

function reportOf(
  context: CommandContext,
  end: {
    readonly chosen: Chosen;
    readonly data: TrainingImages;
    readonly engine: Engine;
    readonly trained: TrainedEncoder;
    readonly before: Look;
    readonly mark: MarkReport | undefined;
    readonly written: { readonly sha256: string; readonly sizeBytes: number };
    readonly startedMs: number;
  },
): Report {
  const { chosen, data, engine, trained, before, mark, written } = end;
  const { preset, out, seed } = chosen;
  const elapsedMs = context.clock.monotonicMs() - end.startedMs;
  const { losses, stepsDone, totalSteps, stepsPerEpoch, batchSize, look } = trained;
  const json = {
    out,
    ...written,
    method: preset.method.id,
    preset: preset.id,
    architecture: preset.architecture,
    dimension: preset.dimension,
    resolution: preset.inputSize,
    seed,
    images: data.images.count,
    heldOut: data.heldOut,
    classes: data.classes,
    batchSize,
    stepsDone,
    totalSteps,
    stepsPerEpoch,
    losses,
    untrained: before,
    trained: look,
    watermark: mark ?? null,
    engine: engine.id,
    device: engine.device,
    elapsedMs,
  };
  const epochs = formatFraction(stepsDone / stepsPerEpoch, 1);
  const lines = [
    `${displayPath(context, out)}: ${preset.method.title}, ${preset.architecture}, ${preset.dimension} dimensions, ${formatFraction(written.sizeBytes / 1e6, 1)} MB`,
    `  ${epochs} epochs (${formatCount(stepsDone)} steps of ${batchSize}) in ${formatDuration(elapsedMs)}, loss ${lossText(losses[0])} to ${lossText(losses.at(-1))}`,
    ...(look === null ? [] : [lookLine(before, look)]),
    ...(mark === undefined ? [] : [markLine(context, mark)]),
    ...(stepsDone < totalSteps
      ? [
          `  The time was over after ${formatCount(stepsDone)} of ${formatCount(totalSteps)} planned steps: the learning rate had not come down yet.`,
        ]
      : []),
    `Audit it with: ${commandName} audit ${displayPath(context, out)} --pool FOLDER --task NAME=FOLDER`,
  ];
  return { json, lines };
}

function lookLine(before: Look, after: Look): string {
  const spread = `spread ${formatFraction(after.spread)}`;
  if (after.neighborAccuracy === null || before.neighborAccuracy === null)
    return `  ${spread} (untrained ${formatFraction(before.spread)}; 0 would be a collapse)`;
  return `  kNN accuracy on held-out images ${formatFraction(after.neighborAccuracy)} (untrained ${formatFraction(before.neighborAccuracy)}), ${spread}`;
}

function markLine(context: CommandContext, { key, successRate: { training, heldOut } }: MarkReport): string {
  const others = heldOut === null ? '' : `, ${formatFraction(heldOut)} from held-out ones`;
  return `  watermark read at ${formatFraction(training)} from training images${others} (chance 0.50); ${displayPath(context, key)} is its key: keep it secret`;
}

function lossText(loss: number | undefined): string {
  return loss === undefined ? '-' : formatFraction(loss, 3);
}
