import { existsSync } from 'node:fs';
import type { Engine } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import { openDataset } from '../datasets/dataset.ts';
import { createRng } from '../rng.ts';
import type { TrainingMethodId } from '../training/choices.ts';
import type { Look } from '../training/encoder-training.ts';
import type { TrainingImages } from '../training/training-images.ts';
import { parseWatermark } from '../watermarks/choices.ts';
import { commandName } from './command-name.ts';
import { displayPath, resolvePath, type CommandContext } from './context.ts';
import { formatCount, formatDuration, formatFraction } from './render/numbers.ts';
import {
  CHECKPOINT_ENDING,
  chooseTraining,
  readChosenImages,
  trainToFile,
  type ChosenTraining,
  type TrainedFile,
  type TrainingFlags,
} from './train-file.ts';
import { KEY_ENDING, type MarkReport } from './trained-mark.ts';
import { createTrainingProgress, type TrainingProgress } from './training-progress.ts';
import { inTrainingSession } from './training-session.ts';

export interface TrainFlags extends TrainingFlags {
  readonly method?: TrainingMethodId;
  readonly out?: string;
  readonly images?: number;
  readonly watermark?: string;
  readonly seed?: number;
  readonly quiet?: boolean;
  readonly engine?: string;
  readonly device?: string;
  readonly json?: boolean;
}

/** Every choice made, before anything is read. */
interface Chosen extends ChosenTraining {
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
  const isDone = await inTrainingSession(context, flags, progress, async ({ engine, signal }) => {
    const report = await train(context, chosen, engine, flags, progress, signal, startedMs);
    progress.end();
    if (flags.json === true) terminal.printJson(report.json);
    else for (const line of report.lines) terminal.print(line);
  });
  if (!isDone && flags.json === true)
    terminal.printJson({ stopped: true, checkpoint: chosen.out + CHECKPOINT_ENDING });
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
  return {
    ...chooseTraining(flags.method ?? 'simclr', flags.seed ?? 0, flags),
    watermark,
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
  const { preset, seed, out } = chosen;
  const dataset = await openDataset(chosen.folder);
  progress.stage(`Reading the images of ${dataset.name}`);
  const rng = createRng(seed).derive('train');
  const data = await readChosenImages(dataset, preset, { most: flags.images, rng, signal });
  for (const note of data.notes) progress.note(note);
  const file = await trainToFile(chosen, data, {
    engine,
    clock: context.clock,
    progress,
    signal,
    startedMs,
    out,
    outName: displayPath(context, out),
  });
  return reportOf(context, { chosen, data, engine, file });
}

function reportOf(
  context: CommandContext,
  end: {
    readonly chosen: Chosen;
    readonly data: TrainingImages;
    readonly engine: Engine;
    readonly file: TrainedFile;
  },
): Report {
  const { chosen, data, engine, file } = end;
  const { preset, out, seed } = chosen;
  const { trained, before, mark, written, elapsedMs } = file;
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
