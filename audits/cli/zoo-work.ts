import { existsSync } from 'node:fs';
import path from 'node:path';
import { MoatError } from '../contract/errors.ts';
import type { Dataset } from '../datasets/dataset.ts';
import { digestOf } from '../plan/key.ts';
import { createRng } from '../rng.ts';
import { readZoo, recordImages, writeZoo, type ZooEntry } from '../run/zoo-manifest.ts';
import type { TrainingImages } from '../training/training-images.ts';
import { zooTimeLeft, type ZooMember } from '../training/zoo-plan.ts';
import { displayPath, type CommandContext } from './context.ts';
import { formatEstimatedTime } from './render/numbers.ts';
import {
  chooseTraining,
  digestTrained,
  keyedSettings,
  readChosenImages,
  trainToFile,
  type ChosenTraining,
  type TrainedFile,
  type TrainingFlags,
} from './train-file.ts';
import { createTrainingProgress, trainingLine, type TrainingProgress } from './training-progress.ts';
import type { TrainingSession } from './training-session.ts';

/** Which images of a folder are taken and held out does not depend on an encoder's seed: all train on the same ones. */
const IMAGES_SEED = 0;

/** All encoders of a zoo, one after another. */

export interface ZooWorkPlan {
  /** Folder of the encoders. */
  readonly zoo: string;
  readonly datasets: readonly Dataset[];
  readonly settings: TrainingFlags;
  /** Images of each set at most. */
  readonly images: number | undefined;
  readonly quiet: boolean;
  readonly members: readonly ZooMember[];
}

/** One command's work on a zoo. The manifest is written after every encoder. */
export class ZooWork {
  readonly #context: CommandContext;
  readonly #plan: ZooWorkPlan;
  /** Members that are there, those of earlier commands included. */
  readonly done: ZooEntry[] = [];
  readonly failures: string[] = [];
  /** Of them, by this command. */
  trained = 0;
  /** The images read last: memory holds one set at a time. */
  #read: { readonly of: string; readonly data: TrainingImages } | undefined;
  readonly #digests = new Map<string, string>();

  constructor(context: CommandContext, plan: ZooWorkPlan) {
    this.#context = context;
    this.#plan = plan;
  }

  async run(session: TrainingSession): Promise<void> {
    for (const [at, member] of this.#plan.members.entries()) {
      const chosen = chooseTraining(member.method, member.seed, this.#plan.settings);
      const startedMs = this.#context.clock.monotonicMs();
      const key = await this.#key(member, chosen, session.signal);
      const finished = readZoo(this.#plan.zoo).find((entry) => entry.key === key);
      if (finished !== undefined && existsSync(path.join(this.#plan.zoo, finished.file)))
        this.done.push(finished);
      else await this.#train(session, { at, member, chosen, key, startedMs });
    }
  }

  async #train(
    session: TrainingSession,
    {
      at,
      member,
      chosen,
      key,
      startedMs,
    }: {
      readonly at: number;
      readonly member: ZooMember;
      readonly chosen: ChosenTraining;
      readonly key: string;
      readonly startedMs: number;
    },
  ): Promise<void> {
    const { clock } = this.#context;
    const { zoo, datasets } = this.#plan;
    const name = `${member.method}-${member.seed}-${key.slice(0, 8)}.onnx`;
    const out = path.join(zoo, name);
    const progress = this.#progress(at, startedMs);
    progress.note(
      `encoder ${at + 1} of ${this.#plan.members.length}: ${member.method}, seed ${member.seed}, on ${datasets[member.set]?.name ?? ''}`,
    );
    const data = await this.#images(member, chosen, session.signal);
    try {
      const outName = displayPath(this.#context, out);
      const file = await trainToFile(chosen, data, { ...session, clock, progress, startedMs, out, outName });
      const entry = this.#entry(member, { chosen, data, file, key, name, session });
      writeZoo(zoo, [...readZoo(zoo).filter((other) => other.key !== key), entry]);
      this.done.push(entry);
      this.trained += 1;
    } catch (error) {
      if (!(error instanceof MoatError) || error.code !== 'training-diverged') throw error;
      this.failures.push(`${name}: ${error.message}`);
      progress.note(`${name} was given up: ${error.message}`);
    } finally {
      progress.end();
    }
  }

  #entry(
    { method, seed, set }: ZooMember,
    {
      chosen: { preset, length, rule },
      data,
      file: { trained, before, written, elapsedMs },
      key,
      name,
      session,
    }: {
      readonly chosen: ChosenTraining;
      readonly data: TrainingImages;
      readonly file: TrainedFile;
      readonly key: string;
      readonly name: string;
      readonly session: TrainingSession;
    },
  ): ZooEntry {
    return {
      file: name,
      sha256: written.sha256,
      key,
      method,
      seed,
      preset: preset.id,
      architecture: preset.architecture,
      dimension: preset.dimension,
      resolution: preset.inputSize,
      batchSize: trained.batchSize,
      length: { ...length },
      rule: { ...rule },
      images: recordImages(this.#plan.zoo, this.#plan.datasets[set]?.name ?? '', data.images.hashes),
      stepsDone: trained.stepsDone,
      totalSteps: trained.totalSteps,
      untrained: { ...before },
      trained: trained.look === null ? null : { ...trained.look },
      elapsedMs,
      numericsClass: session.engine.numericsClass,
    };
  }

  #progress(at: number, startedMs: number): TrainingProgress {
    const { clock, terminal } = this.#context;
    const all = this.#plan.members.length;
    return createTrainingProgress(terminal, {
      quiet: this.#plan.quiet,
      clock,
      frame: (state) => {
        const left = zooTimeLeft({
          finishedMs: this.done.map(({ elapsedMs }) => elapsedMs),
          waiting: all - at - 1,
          currentMs: clock.monotonicMs() - startedMs,
          currentLeftMs: state.etaMs,
        });
        const rest = left === null ? '' : `; all: ${formatEstimatedTime(left)} left`;
        return `${at + 1} of ${all}: ${trainingLine(state)}${rest}`;
      },
    });
  }

  async #images(member: ZooMember, { preset }: ChosenTraining, signal: AbortSignal): Promise<TrainingImages> {
    const of = setOf(member, preset.method.needsClasses);
    if (this.#read?.of === of) return this.#read.data;
    const dataset = this.#plan.datasets[member.set];
    if (dataset === undefined) throw new RangeError(`there is no image set ${member.set}`);
    this.#read = undefined;
    const rng = createRng(IMAGES_SEED).derive('train');
    const data = await readChosenImages(dataset, preset, { most: this.#plan.images, rng, signal });
    this.#read = { of, data };
    return data;
  }

  /** Images are read once for all members whose keys need their digest. */
  async #key(member: ZooMember, chosen: ChosenTraining, signal: AbortSignal): Promise<string> {
    const { needsClasses } = chosen.preset.method;
    const of = setOf(member, needsClasses);
    const digest =
      this.#digests.get(of) ?? digestTrained(await this.#images(member, chosen, signal), needsClasses);
    this.#digests.set(of, digest);
    return digestOf(keyedSettings(chosen, digest));
  }
}

function setOf({ set }: ZooMember, needsClasses: boolean): string {
  return `${set} ${needsClasses ? 'labelled' : 'all'}`;
}
