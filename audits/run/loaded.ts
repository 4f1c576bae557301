import type { AuditConfig } from '../contract/audit.ts';
import type { Clock } from '../contract/context.ts';
import { matrixRows, type Images, type Matrix } from '../contract/data.ts';
import type { Encoder } from '../contract/encoder.ts';
import type { Engine } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import { builtinDemo, encoderFile } from '../encoder/demo-encoder.ts';
import { openProjection } from '../encoder/encoder.ts';
import {
  measureInformationScale,
  predictWithVictim,
  type TaskEmbeddings,
  type VictimEmbeddings,
} from '../metrics/evaluate.ts';
import { createRng, type Rng } from '../rng.ts';
import { createEngine } from '../tensor/engine.ts';
import { openBackbone, type Backbone } from './backbone.ts';
import type { MethodSpec } from '../contract/method.ts';
import { computeStreams, type ComputedStreams } from './computed-streams.ts';
import { createEncoderMarks, MARK_IMAGES, type EncoderMarks } from './encoder-marks.ts';
import type { CellJob } from './jobs.ts';
import { openVictim, type VictimContext } from './open-victim.ts';
import type { OwnershipTarget } from './measure-ownership.ts';
import { openOwnershipTarget } from './ownership-target.ts';
import { readPreparedSet, type PreparedSet } from './prepared.ts';
import { createQueryOrders } from './query-order.ts';
import { openTransferTarget, type TransferTarget } from './transfer-target.ts';
import { CALIBRATION_IMAGES, embedUntrained } from './untrained-embeddings.ts';

export interface Task {
  readonly name: string;
  readonly classes: readonly string[];
  readonly fit: PreparedSet;
  readonly score: PreparedSet;
}

/** What a worker keeps from cell to cell: embeddings read once, models opened once. Neither pixels nor results. */
export interface Loaded {
  readonly folder: string;
  readonly pool: PreparedSet;
  readonly tasks: readonly Task[];
  readonly engine: Engine;
  readonly victim: () => Promise<Encoder>;
  /** Throws where no projection output is named. */
  readonly projection: () => Promise<Encoder>;
  readonly backbone: (() => Promise<Backbone>) | undefined;
  /** The public encoder of attackers who hold no other. */
  readonly demoEncoder: () => Promise<Backbone>;
  /** Splits of the metrics: the same for every cell of the audit, so that encoders are compared on equal terms. */
  readonly metricsRng: Rng;
  /** In what order each seed's cells send the pool. */
  readonly queryOrders: ReturnType<typeof createQueryOrders>;
  /** What thieves make and the victim answers in one seed's detection cells: the same for every defense. */
  readonly computedStreams: (seed: number, rng: Rng, signal: AbortSignal) => Promise<ComputedStreams>;
  /** The marks of a defense that lie in the encoder. */
  readonly encoderMarks: (chain: readonly MethodSpec[]) => Promise<EncoderMarks>;
  /** The victim's clean embeddings and what its own probes predict. */
  readonly reference: () => Promise<readonly VictimEmbeddings[]>;
  /** What adversarial images made on copies are shown to, per task. */
  readonly transferTargets: () => Promise<readonly TransferTarget[]>;
  /** What ownership tests compare every encoder with. */
  readonly ownership: () => Promise<OwnershipTarget>;
}

/** Rows of the provider's own data on which a defense is calibrated. */
export const CALIBRATION_ROWS = 1000;
export async function load(
  job: CellJob,
  folder: string,
  context: VictimContext & { readonly clock: Clock },
): Promise<Loaded> {
  const { config, preparation } = job;
  const engine = await createEngine(config.engine, { threads: 1, device: config.device });
  const { numericsClass } = preparation.inputs;
  if (engine.numericsClass !== numericsClass)
    throw new MoatError(
      'device-unavailable',
      `This audit was prepared with ${numericsClass}; here is ${engine.numericsClass} now, which computes other numbers. Start a new audit.`,
    );
  const victim = once(() => sameVictim(engine, config, preparation.inputs.encoder, context));
  const projection = once(async () => {
    const opened = await openProjection(engine, encoderFile(config.encoder), config.encoderOptions);
    if (opened === undefined) throw new RangeError('this audit names no projection output');
    if (opened.description.digest !== preparation.inputs.encoder) throw changed(config.encoder);
    return opened;
  });
  const { backbone } = config;
  const tasks: readonly Task[] = preparation.tasks.map(({ name, classes }, i) => ({
    name,
    classes,
    fit: readPreparedSet(folder, `task-${i}-fit`),
    score: readPreparedSet(folder, `task-${i}-score`),
  }));
  const metricsRng = createRng(config.seed).derive('metrics');
  const pool = readPreparedSet(folder, 'pool');
  const { height, width } = preparation.inputs.preprocessing;
  const inputSize = Math.min(config.surrogate.inputSize, height, width);
  let streams: { readonly seed: number; readonly computed: ComputedStreams } | undefined;
  return {
    folder,
    engine,
    victim,
    projection,
    backbone:
      backbone === null ? undefined : once(() => sameBackbone(engine, backbone, preparation.inputs.backbone)),
    demoEncoder: once(() => openBackbone(engine, encoderFile(builtinDemo))),
    pool,
    tasks,
    metricsRng,
    queryOrders: createQueryOrders(context.clock),
    async computedStreams(seed, rng, signal) {
      // Of one seed at a time: cells come seed by seed.
      if (streams?.seed === seed) return streams.computed;
      const computed = await computeStreams({
        engine,
        rng,
        signal,
        pool: { rows: pool.hashes.length, images: (indices) => pool.images(indices) },
        embed: async (images) => (await victim()).embed(images),
        project:
          pool.projections === undefined ? undefined : async (images) => (await projection()).embed(images),
        dimension: pool.embeddings.columns,
        inputSize,
      });
      streams = { seed, computed };
      return computed;
    },
    encoderMarks: createEncoderMarks(() => markImages(pool, tasks[0]?.fit, { height, width }), victim),
    reference: once(async () => {
      const untrained = await embedUntrained(
        { engine, rng: metricsRng.derive('untrained'), pool: pool.images(firstRows(pool.hashes.length)) },
        {
          dimension: pool.embeddings.columns,
          inputSize,
        },
        tasks.map(({ score }) => score.images()),
      );
      const reference: VictimEmbeddings[] = [];
      for (const [i, task] of tasks.map(cleanEmbeddings).entries()) {
        const network = untrained[i];
        reference.push({
          ...task,
          predictions: await predictWithVictim({ engine, rng: metricsRng }, task),
          ...(network === undefined
            ? {}
            : { informationScale: await measureInformationScale({ engine }, task, network) }),
        });
      }
      return reference;
    }),
    ownership: once(async () => {
      const [first] = tasks;
      if (first === undefined) throw new RangeError('an audit has at least one task');
      return openOwnershipTarget({
        config,
        engine,
        victim,
        geometry: preparation.inputs.preprocessing,
        scored: { images: () => first.score.images(), embeddings: first.score.embeddings },
        pool: pool.images(firstRows(pool.hashes.length)),
        inputSize,
        // Of the process: what is opened here serves all of its cells.
        signal: new AbortController().signal,
      });
    }),
    transferTargets: once(async () => {
      const opened = await victim();
      const { preprocessing } = opened.description;
      const targets: TransferTarget[] = [];
      for (const task of tasks) {
        const target = await openTransferTarget({
          context: { engine, rng: metricsRng },
          embeddings: cleanEmbeddings(task),
          images: (rows) => task.score.images(rows),
          victim: { preprocessing, embed: (images) => opened.embed(images) },
          rng: metricsRng.derive(`transfer/${task.name}`),
        });
        if (target !== undefined) targets.push(target);
      }
      return targets;
    }),
  };
}

/** A file that was replaced after the preparation must not answer under the old one's name. */
async function sameVictim(
  engine: Engine,
  config: AuditConfig,
  digest: string,
  context: VictimContext,
): Promise<Encoder> {
  const { encoder } = await openVictim(engine, config, context);
  if (encoder.description.digest !== digest) throw changed(config.encoder);
  return encoder;
}

async function sameBackbone(engine: Engine, file: string, identity: string | null): Promise<Backbone> {
  const backbone = await openBackbone(engine, encoderFile(file));
  if (backbone.identity !== identity) throw changed(file);
  return backbone;
}

function changed(file: string): MoatError {
  return new MoatError('encoder-changed', `${file} is not the file with which this audit began.`);
}

function once<T>(create: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined;
  return () => (value ??= create());
}

/** The provider's own images, or the pool's where tasks are kept smaller than the victim sees them. */
function markImages(
  pool: PreparedSet,
  own: PreparedSet | undefined,
  { height, width }: { readonly height: number; readonly width: number },
): Images {
  const set = own?.height === height && own.width === width ? own : pool;
  const count = Math.min(set.hashes.length, MARK_IMAGES);
  return set.images(Array.from({ length: count }, (_, row) => row));
}

/** Rows that settle an untrained network: enough of them, not the whole pool's pixels. */
function firstRows(rows: number): readonly number[] {
  return Array.from({ length: Math.min(rows, CALIBRATION_IMAGES) }, (_, row) => row);
}

export function calibrationSample(loaded: Loaded, isOnProjections = false): Matrix {
  const set = loaded.tasks[0]?.fit ?? loaded.pool;
  return calibrationRows((isOnProjections ? set.projections : undefined) ?? set.embeddings);
}

/** Projections of the same images, where the victim has them. */
export function calibrationProjections(loaded: Loaded): Matrix | undefined {
  const { projections } = loaded.tasks[0]?.fit ?? loaded.pool;
  return projections === undefined ? undefined : calibrationRows(projections);
}

/** Those of the first task's rows to fit that calibrate defenses: the provider's own. */
export function calibrationRows(source: Matrix): Matrix {
  return matrixRows(source, 0, Math.min(source.rows, CALIBRATION_ROWS));
}

export function cleanEmbeddings(task: Task): TaskEmbeddings {
  return taskEmbeddings(task, task.fit.embeddings, task.score.embeddings);
}

export function taskEmbeddings(task: Task, fit: Matrix, score: Matrix): TaskEmbeddings {
  return {
    name: task.name,
    classes: task.classes.length,
    fit: { embeddings: fit, labels: task.fit.labels },
    score: { embeddings: score, labels: task.score.labels },
  };
}
