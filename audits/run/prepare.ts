import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { DatasetDigest, EvaluationSettings, PoolDigest } from '../contract/cell.ts';
import type { Clock } from '../contract/context.ts';
import type { Images } from '../contract/data.ts';
import type { Encoder } from '../contract/encoder.ts';
import { MoatError } from '../contract/errors.ts';
import type { AuditConfig } from '../contract/audit.ts';
import { openDecodeThreads } from '../datasets/decode-threads.ts';
import { EvaluationImages } from '../datasets/duplicates.ts';
import { digestImages } from '../datasets/read.ts';
import { encoderFile } from '../encoder/demo-encoder.ts';
import { openProjection } from '../encoder/encoder.ts';
import { assertAuditable, preflight } from '../encoder/preflight.ts';
import { chainMarkKeys } from '../defenses/chain.ts';
import { evaluationVersionOf } from '../metrics/registry.ts';
import { digestOf } from '../plan/key.ts';
import { createRng } from '../rng.ts';
import type { PreparationRecord } from '../store/types.ts';
import { LARGEST_INPUT } from '../surrogates/training-schema.ts';
import { createEngine } from '../tensor/engine.ts';
import { openBackbone, type Backbone } from './backbone.ts';
import { dataFlags } from './data-flags.ts';
import { MARK_IMAGES, requireMarks } from './encoder-marks.ts';
import { writeFileAtomic } from './files.ts';
import { openVictim } from './open-victim.ts';
import { nameOwnershipInputs } from './ownership-target.ts';
import type { Job, JobContext } from './jobs.ts';
import { isWhole, PREPARATION_VERSION, readRecord, writeRecord } from './prepared.ts';
import { prepareSet, type SetSummary } from './prepare-set.ts';
import {
  planPool,
  planTask,
  poolBlocks,
  PoolTally,
  taskBlocks,
  type DataContext,
  type LabelledBlock,
  type PoolPlan,
  type TaskPlan,
} from './read-data.ts';
import { rechunk } from './rechunk.ts';

/** Images on which the preflight runs; a service, which is paid, is asked for few. */
const PREFLIGHT_IMAGES = 64;
const PREFLIGHT_IMAGES_OF_SERVICE = 8;
/**
 * Largest side at which task images are kept: after the victim has embedded them, only surrogates look at them.
 */
const TASK_SIDE = LARGEST_INPUT;
/** Share of the progress that lies before the first image is embedded. */
const READY_SHARE = 0.02;
const preparedFolder = 'prepared';

type PrepareJob = Extract<Job, { kind: 'prepare' }>;
type PrepareContext = JobContext & { readonly clock: Clock };

/** A task as it was found while its images went by. */
export interface PreparedTask {
  readonly plan: TaskPlan;
  readonly fit: SetSummary;
  readonly score: SetSummary;
  readonly corrupt: readonly string[];
}

/**
 * Everything cells share, done once: opens and checks the encoder, decodes task and pool images, takes evaluation images
 * out of the pool, embeds all of them with the clean victim (and the backbone) while the next ones are being decoded.
 * What was prepared before is reused, whole or, after a kill, as far as it went.
 * @throws MoatError whatever makes the audit impossible: `encoder-*`, `dataset-*`, `cancelled`
 */
export async function prepareAudit(job: PrepareJob, context: PrepareContext): Promise<PreparationRecord> {
  const { config } = job;
  // One thread, as the cells: sums over several threads round differently, and the class is part of every key.
  const engine = await createEngine(config.engine, { threads: 1, device: config.device });
  const { encoder: victim, askedAnew } = await openVictim(engine, config, {
    ...context,
    artifactFolder: job.artifactFolder,
    log: (message) => context.log(message),
  });
  const backbone =
    config.backbone === null ? undefined : await openBackbone(engine, encoderFile(config.backbone));
  const projection = await openProjection(engine, encoderFile(config.encoder), config.encoderOptions);
  const decoder = openDecodeThreads();
  try {
    const data: DataContext = {
      signal: context.signal,
      geometry: victim.description.preprocessing,
      decoder,
    };
    const { numericsClass } = engine;
    const models = { victim, askedAnew, backbone, projection, numericsClass };
    return await prepareWith(job, context, data, models);
  } finally {
    await decoder.close();
    await projection?.dispose();
    await backbone?.dispose();
    await victim.dispose();
    await engine.dispose();
  }
}

interface Models {
  readonly victim: Encoder;
  /** The victim, for what must not come from recorded replies. */
  readonly askedAnew: Encoder;
  readonly backbone: Backbone | undefined;
  readonly projection: Encoder | undefined;
  readonly numericsClass: string;
}

async function prepareWith(
  job: PrepareJob,
  context: PrepareContext,
  data: DataContext,
  models: Models,
): Promise<PreparationRecord> {
  const { config, artifactFolder } = job;
  const rng = createRng(config.seed).derive('data');
  context.progress(0, 'listing images');
  // All of it is listed before anything is embedded: a wrong path or too few images should be said at once.
  const plans: TaskPlan[] = [];
  for (const source of config.tasks) plans.push(await planTask(source, config, rng));
  context.progress(READY_SHARE / 2, 'checking the encoder');
  const checked = await checkEncoder(
    models.askedAnew,
    plans,
    data,
    context,
    config.endpoint === undefined ? PREFLIGHT_IMAGES : PREFLIGHT_IMAGES_OF_SERVICE,
  );
  if (config.defenses.some((chain) => chainMarkKeys(chain).length > 0))
    await requireMarks(models.victim, config.defenses, await firstImages(plans, data, MARK_IMAGES));
  const poolPlan = await planPool(config, rng);
  const ownership = await nameOwnershipInputs(config, models.victim.description);

  const request = requestDigest(config, models);
  const staging = path.join(artifactFolder, preparedFolder, `partial-${request}`);
  const requestFile = path.join(artifactFolder, preparedFolder, `request-${request}.json`);
  const earlier = earlierFolder(artifactFolder, requestFile);
  const total = plannedImages(plans, poolPlan);
  let before = 0;
  const prepared = async (name: string, blocks: AsyncIterable<LabelledBlock>): Promise<SetSummary> => {
    const summary = await prepareSet(blocks, {
      folder: staging,
      name,
      victim: models.victim,
      backbone: models.backbone,
      projection: models.projection,
      largestSide: name === 'pool' ? undefined : TASK_SIDE,
      earlier,
      signal: context.signal,
      progress: (done) =>
        context.progress(
          READY_SHARE + (1 - READY_SHARE) * Math.min(1, (before + done) / total),
          'embedding images',
        ),
    });
    before += summary.hashes.length;
    return summary;
  };

  const evaluation = new EvaluationImages();
  const tasks: PreparedTask[] = [];
  for (const [i, plan] of plans.entries()) {
    const corrupt: string[] = [];
    const fit = await prepared(`task-${i}-fit`, taskBlocks(plan, plan.fit, corrupt, data));
    const score = await prepared(
      `task-${i}-score`,
      remembered(taskBlocks(plan, plan.score, corrupt, data), evaluation),
    );
    tasks.push({ plan, fit, score, corrupt });
  }
  const tally = new PoolTally();
  const pool = await prepared('pool', poolBlocks(poolPlan, evaluation, tally, data));

  const content = {
    encoder: models.victim.description.digest,
    output: models.victim.description.output,
    pooling: models.victim.description.pooling,
    preprocessing: models.victim.description.preprocessing,
    backbone: models.backbone === undefined ? null : models.backbone.identity,
    ...(models.projection === undefined ? {} : { projection: models.projection.description.output }),
    pool: { ...digest('pool', pool), ...sourcesOf(poolPlan) },
    ...(pool.labels.some((label) => label >= 0) ? { poolClasses: poolPlan.classes } : {}),
    tasks: tasks.map(({ plan: { name }, fit, score }) => ({
      name,
      fit: digest('fit', fit),
      score: digest('score', score),
    })),
    numericsClass: models.numericsClass,
  };
  const folder = path.posix.join(
    preparedFolder,
    digestOf({ version: PREPARATION_VERSION, ...content }).slice(0, 32),
  );
  const record: PreparationRecord = {
    folder,
    encoder: models.victim.description,
    preflight: checked,
    pool: { ...content.pool, removedDuplicates: tally.removed, corrupt: tally.corrupt },
    tasks: content.tasks.map((task, i) => ({
      ...task,
      classes: tasks[i]?.plan.classes ?? [],
      corrupt: tasks[i]?.corrupt ?? [],
    })),
    flags: dataFlags({ images: pool, tally, warnings: poolPlan.warnings }, tasks),
    inputs: {
      ...content,
      evaluation: evaluationOf(config, models.victim),
      ...(ownership === undefined ? {} : { ownership }),
    },
  };
  publish(staging, path.join(artifactFolder, folder), record);
  writeFileAtomic(requestFile, [JSON.stringify({ folder })]);
  return record;
}

function evaluationOf({ evaluation }: AuditConfig, { dimension }: Encoder): EvaluationSettings {
  return { ...evaluation, version: evaluationVersionOf(dimension, evaluation.version) };
}

/** Before anything is embedded: an encoder that cannot be audited should say so within seconds. */
async function checkEncoder(
  victim: Encoder,
  plans: readonly TaskPlan[],
  data: DataContext,
  { clock }: PrepareContext,
  count: number,
): ReturnType<typeof preflight> {
  const report = await preflight(victim, await firstImages(plans, data, count), clock);
  assertAuditable(report);
  return report;
}

/** The first images to fit of the first task, as the victim sees them. */
async function firstImages([first]: readonly TaskPlan[], data: DataContext, count: number): Promise<Images> {
  if (first === undefined) throw new MoatError('usage', 'An audit needs at least one task.');
  const blocks = taskBlocks(first, first.fit, [], { ...data, blocksAhead: 1 });
  for await (const { images } of rechunk(blocks, count)) return images;
  throw new RangeError('a task without images was not refused');
}

/** Whatever decides which images are read and what is computed of them, apart from the images themselves. */
function requestDigest(config: AuditConfig, { victim, backbone, projection, numericsClass }: Models): string {
  const { digest: encoder, output, pooling, preprocessing } = victim.description;
  const { tasks, pools, evaluation, seed, budgets, attacks } = config;
  return digestOf({
    version: PREPARATION_VERSION,
    encoder,
    output,
    pooling,
    preprocessing,
    backbone: backbone?.identity ?? null,
    ...(projection === undefined ? {} : { projection: projection.description.output }),
    numericsClass,
    tasks,
    pools,
    evaluation,
    seed,
    budgets,
    attacks: attacks.map(({ id }) => id),
  }).slice(0, 32);
}

/** The whole preparation that an equal request ended in, if it is still there. */
function earlierFolder(artifactFolder: string, requestFile: string): string | undefined {
  if (!existsSync(requestFile)) return undefined;
  const { folder } = JSON.parse(readFileSync(requestFile, 'utf8')) as { folder?: unknown };
  if (typeof folder !== 'string') return undefined;
  const absolute = path.join(artifactFolder, folder);
  return readRecord(absolute) === undefined ? undefined : absolute;
}

/** Moves a finished preparation to the place that its content names; one that is there already stays. */
function publish(staging: string, target: string, record: PreparationRecord): void {
  if (isWhole(target)) {
    rmSync(staging, { recursive: true, force: true });
    return;
  }
  writeRecord(staging, record);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(path.dirname(target), { recursive: true });
  renameSync(staging, target);
}

async function* remembered(
  blocks: AsyncIterable<LabelledBlock>,
  evaluation: EvaluationImages,
): AsyncGenerator<LabelledBlock> {
  for await (const block of blocks) {
    evaluation.add(block.images);
    yield block;
  }
}

function plannedImages(plans: readonly TaskPlan[], pool: PoolPlan): number {
  const ofTasks = plans.reduce((sum, { fit, score }) => sum + fit.length + score.length, 0);
  const candidates = pool.sources.reduce((sum, source) => sum + source.candidates.length, 0);
  return ofTasks + Math.min(pool.wanted, candidates);
}

/** Shares decide the order in which each seed sends the pool, so they are part of every key; names are for people. */
function sourcesOf({ sources }: PoolPlan): Pick<PoolDigest, 'sources'> {
  return sources.length === 1 ? {} : { sources: sources.map(({ name, share }) => ({ name, share })) };
}

function digest(name: string, { hashes, labels }: SetSummary): DatasetDigest {
  return { name, digest: digestImages({ hashes }, labels), rows: hashes.length };
}
