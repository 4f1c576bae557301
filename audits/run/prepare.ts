import path from 'node:path';
import type { AuditConfig, DataSource } from '../contract/audit.ts';
import type { DatasetDigest } from '../contract/cell.ts';
import type { Clock } from '../contract/context.ts';
import { selectImages, sliceImages, type Images, type Matrix } from '../contract/data.ts';
import type { Encoder, ImageGeometry } from '../contract/encoder.ts';
import { MoatError } from '../contract/errors.ts';
import type { Flag } from '../contract/result.ts';
import { findAttack } from '../attacks/registry.ts';
import { openDataset, type Dataset, type SplitName } from '../datasets/dataset.ts';
import { findDuplicates } from '../datasets/duplicates.ts';
import { digestImages, readImages } from '../datasets/read.ts';
import { poolOrder, splitTask, type ItemRef } from '../datasets/split.ts';
import { encoderFile } from '../encoder/demo-encoder.ts';
import { openEncoder } from '../encoder/encoder.ts';
import { assertAuditable, preflight } from '../encoder/preflight.ts';
import { digestOf } from '../plan/key.ts';
import { createRng, type Rng } from '../rng.ts';
import type { PreparationRecord } from '../store/types.ts';
import { createEngine } from '../tensor/engine.ts';
import type { ExecutionContext } from './execute-cell.ts';
import type { Job } from './jobs.ts';
import { readRecord, writePreparedSet, writeRecord } from './prepared.ts';

/** Raised when the layout or the meaning of prepared files changes. */
const PREPARATION_VERSION = 1;
/** Images on which the preflight runs. */
const PREFLIGHT_IMAGES = 64;
/** Images read beyond the budget, to fill the places of duplicates and broken files. */
const SPARE_SHARE = 0.1;
const EMBED_BLOCK = 256;

interface PreparedTask {
  readonly name: string;
  readonly classes: readonly string[];
  readonly fit: LabelledSet;
  readonly score: LabelledSet;
  readonly corrupt: readonly string[];
  readonly warnings: readonly string[];
}

interface LabelledSet {
  readonly images: Images;
  readonly labels: Int32Array;
}

/**
 * Everything cells share, done once: opens and checks the encoder, reads task and pool images, takes evaluation images
 * out of the pool, embeds all of them with the clean victim (and the backbone). What was prepared before is reused.
 * @throws MoatError whatever makes the audit impossible: `encoder-*`, `dataset-*`, `cancelled`
 */
export async function prepareAudit(
  job: Extract<Job, { kind: 'prepare' }>,
  context: ExecutionContext & { readonly clock: Clock },
): Promise<PreparationRecord> {
  const { config } = job;
  const engine = await createEngine(config.engine, { threads: config.workers });
  // Cells run on one thread each, whatever the preparation used: their class is the one-thread engine's.
  const { numericsClass } = await createEngine(config.engine, { threads: 1 });
  const victim = await openEncoder(engine, encoderFile(config.encoder), config.encoderOptions);
  const backbone = config.backbone === null ? undefined : await openEncoder(engine, config.backbone, {});
  const rng = createRng(config.seed).derive('data');
  const geometry = victim.description.preprocessing;

  context.progress(0.02, 'reading task images');
  const tasks: PreparedTask[] = [];
  for (const source of config.tasks) tasks.push(await readTask(source, config, geometry, rng, context));
  // Before the pool is read: an encoder that cannot be audited should say so within seconds.
  context.progress(0.2, 'checking the encoder');
  const sample = tasks[0]?.fit.images;
  if (sample === undefined) throw new MoatError('usage', 'An audit needs at least one task.');
  const checked = await preflight(
    victim,
    sliceImages(sample, 0, Math.min(PREFLIGHT_IMAGES, sample.count)),
    context.clock,
  );
  assertAuditable(checked);
  context.progress(0.25, 'reading pool images');
  const pool = await readPool(config, geometry, tasks, rng, context);

  const content = {
    encoder: victim.description.digest,
    output: victim.description.output,
    pooling: victim.description.pooling,
    preprocessing: victim.description.preprocessing,
    backbone: backbone === undefined ? null : backbone.description.digest,
    pool: digest('pool', { images: pool.images, labels: noLabels(pool.images.count) }),
    tasks: tasks.map(({ name, fit, score }) => ({
      name,
      fit: digest('fit', fit),
      score: digest('score', score),
    })),
    numericsClass,
  };
  const folder = path.posix.join(
    'prepared',
    digestOf({ version: PREPARATION_VERSION, ...content }).slice(0, 32),
  );
  const absolute = path.join(job.artifactFolder, folder);
  const record: PreparationRecord = {
    folder,
    encoder: victim.description,
    preflight: checked,
    pool: { ...content.pool, removedDuplicates: pool.removed, corrupt: pool.corrupt },
    tasks: content.tasks.map((task, i) => ({
      ...task,
      classes: tasks[i]?.classes ?? [],
      corrupt: tasks[i]?.corrupt ?? [],
    })),
    flags: dataFlags(pool, tasks),
    inputs: { ...content, evaluation: config.evaluation },
  };
  if (readRecord(absolute) === undefined) {
    const sets: [string, LabelledSet][] = [
      ['pool', { images: pool.images, labels: noLabels(pool.images.count) }],
      ...tasks.flatMap(({ fit, score }, i): [string, LabelledSet][] => [
        [`task-${i}-fit`, fit],
        [`task-${i}-score`, score],
      ]),
    ];
    const total = sets.reduce((sum, [, { images }]) => sum + images.count, 0);
    let done = 0;
    for (const [name, { images, labels }] of sets) {
      const progress = (count: number): void =>
        context.progress(0.45 + (0.55 * (done + count)) / total, 'embedding images');
      const embeddings = await embed(victim, images, context.signal, progress);
      const features =
        backbone === undefined ? undefined : await embed(backbone, images, context.signal, progress);
      writePreparedSet(absolute, name, { images, labels, embeddings, backbone: features });
      done += images.count;
    }
    writeRecord(absolute, record);
  }
  await backbone?.dispose();
  await victim.dispose();
  await engine.dispose();
  return record;
}

async function readTask(
  source: DataSource,
  config: AuditConfig,
  geometry: ImageGeometry,
  rng: Rng,
  context: ExecutionContext,
): Promise<PreparedTask> {
  const dataset = await openDataset(source.path, source.name);
  const { fitRows, scoreRows } = config.evaluation;
  const split = splitTask(dataset, { fitRows, scoreRows, rng: rng.derive(`task/${source.name}`) });
  const fit = await readLabelled(dataset, split.fit, geometry, context);
  const score = await readLabelled(dataset, split.score, geometry, context);
  return {
    name: source.name,
    classes: dataset.classes,
    fit,
    score,
    corrupt: [...fit.corrupt, ...score.corrupt],
    warnings: split.warnings,
  };
}

async function readLabelled(
  dataset: Dataset,
  items: readonly ItemRef[],
  geometry: ImageGeometry,
  context: ExecutionContext,
): Promise<LabelledSet & { readonly corrupt: readonly string[] }> {
  const { images, kept, corrupt } = await readRefs(dataset, items, geometry, context);
  return { images, labels: Int32Array.from(kept, ({ label }) => label ?? -1), corrupt };
}

/** Reads items of one split (all items of a list come from the same). */
async function readRefs(
  dataset: Dataset,
  items: readonly ItemRef[],
  geometry: ImageGeometry,
  context: ExecutionContext,
): Promise<{
  readonly images: Images;
  readonly kept: readonly ItemRef[];
  readonly corrupt: readonly string[];
}> {
  const split: SplitName = items[0]?.split ?? 'all';
  const indices = items.map(({ index }) => index);
  const read = await readImages(dataset, split, indices, geometry, { signal: context.signal });
  const kept = new Set(read.kept);
  return {
    images: read.images,
    kept: items.filter(({ index }) => kept.has(index)),
    corrupt: read.corrupt.map(({ id, reason }) => `${dataset.name}/${id}: ${reason}`),
  };
}

interface PreparedPool {
  readonly images: Images;
  /** Pool images that were evaluation images too, or nearly. */
  readonly removed: number;
  readonly overlapWithFit: number;
  readonly corrupt: readonly string[];
}

/**
 * As many pool images as the largest budget needs, in seeded order over all pools together, less every image of an
 * evaluation split and its near-duplicates (rule 3 of the battery).
 */
async function readPool(
  config: AuditConfig,
  geometry: ImageGeometry,
  tasks: readonly PreparedTask[],
  rng: Rng,
  context: ExecutionContext,
): Promise<PreparedPool> {
  const needed = imagesNeeded(config);
  const datasets: Dataset[] = [];
  for (const source of config.pools) datasets.push(await openDataset(source.path, source.name));
  const candidates = datasets.flatMap((dataset, pool) =>
    poolOrder(dataset, rng.derive(`pool/${pool}/${dataset.name}`)).map((ref) => ({ pool, ref })),
  );
  if (candidates.length < needed) throw tooSmall(config, candidates.length, needed);
  const order = rng.derive('pool order').permutation(candidates.length);

  const evaluation = tasks.map((task) => task.score.images);
  const corrupt: string[] = [];
  const seen = new Set<string>();
  let found: Images | undefined;
  let removed = 0;
  let next = 0;
  while ((found?.count ?? 0) < needed && next < order.length) {
    const missing = needed - (found?.count ?? 0);
    const block = order.subarray(next, next + Math.ceil(missing * (1 + SPARE_SHARE)));
    next += block.length;
    for (const [pool, dataset] of datasets.entries()) {
      const refs = [...block].flatMap((at) => (candidates[at]?.pool === pool ? [candidates[at].ref] : []));
      if (refs.length === 0) continue;
      const read = await readRefs(dataset, refs, geometry, context);
      corrupt.push(...read.corrupt);
      const duplicates = findDuplicates(read.images, evaluation);
      const dropped = new Set([...duplicates.exact, ...duplicates.near]);
      removed += dropped.size;
      const kept = read.images.hashes.flatMap((hash, i) => {
        const isNew = !dropped.has(i) && !seen.has(hash);
        if (isNew) seen.add(hash);
        return isNew ? [i] : [];
      });
      found = append(found, selectImages(read.images, kept));
    }
  }
  if (found === undefined || found.count < needed) throw tooSmall(config, found?.count ?? 0, needed);
  const images = sliceImages(found, 0, needed);
  const fitHashes = new Set(tasks.flatMap((task) => task.fit.images.hashes));
  return {
    images,
    removed,
    corrupt,
    overlapWithFit: images.hashes.filter((hash) => fitHashes.has(hash)).length,
  };
}

/** Images the hungriest attack of the battery wants: a denoiser at equal images asks for no more images, only for more rows. */
function imagesNeeded(config: AuditConfig): number {
  const queries = config.attacks.some((spec) => findAttack(spec.id)?.meta.control !== true);
  return queries ? Math.max(...config.budgets) : PREFLIGHT_IMAGES;
}

function tooSmall(config: AuditConfig, available: number, needed: number): MoatError {
  const names = config.pools.map(({ name }) => name).join(', ');
  return new MoatError(
    'dataset-too-small',
    `The query pool ${names} has ${available} image${available === 1 ? '' : 's'} that may be sent, fewer than the budget of ${needed} queries.`,
    { details: { available, needed } },
  );
}

function append(first: Images | undefined, second: Images): Images {
  if (first === undefined) return second;
  const data = new Uint8Array(first.data.length + second.data.length);
  data.set(first.data);
  data.set(second.data, first.data.length);
  return { ...first, data, count: first.count + second.count, hashes: [...first.hashes, ...second.hashes] };
}

async function embed(
  encoder: Encoder,
  images: Images,
  signal: AbortSignal,
  progress: (done: number) => void,
): Promise<Matrix> {
  const data = new Float32Array(images.count * encoder.dimension);
  for (let start = 0; start < images.count; start += EMBED_BLOCK) {
    if (signal.aborted) throw new MoatError('cancelled', 'The preparation was stopped.');
    const end = Math.min(images.count, start + EMBED_BLOCK);
    data.set((await encoder.embed(sliceImages(images, start, end))).data, start * encoder.dimension);
    progress(end);
  }
  return { data, rows: images.count, columns: encoder.dimension };
}

function digest(name: string, set: LabelledSet): DatasetDigest {
  return { name, digest: digestImages(set.images, set.labels), rows: set.images.count };
}

function noLabels(count: number): Int32Array {
  return new Int32Array(count).fill(-1);
}

function dataFlags(pool: PreparedPool, tasks: readonly PreparedTask[]): readonly Flag[] {
  const flags: Flag[] = [];
  if (pool.removed > 0)
    flags.push({
      id: 'pool-overlaps-evaluation',
      severity: 'note',
      scope: 'audit',
      sentence: `${pool.removed} pool image${pool.removed === 1 ? ' was an evaluation image, or nearly one, and was' : 's were evaluation images, or nearly, and were'} taken out of the pool.`,
    });
  if (pool.overlapWithFit > 0)
    flags.push({
      id: 'pool-overlaps-probe-training',
      severity: 'note',
      scope: 'audit',
      sentence: `${pool.overlapWithFit} of ${pool.images.count} pool images also train the probe of a task.`,
    });
  const broken = pool.corrupt.length + tasks.reduce((sum, task) => sum + task.corrupt.length, 0);
  if (broken > 0)
    flags.push({
      id: 'corrupt-images',
      severity: 'note',
      scope: 'audit',
      sentence: `${broken} image${broken === 1 ? '' : 's'} could not be read and ${broken === 1 ? 'was' : 'were'} left out.`,
    });
  for (const task of tasks)
    for (const warning of task.warnings)
      flags.push({ id: 'task-data', severity: 'note', scope: `task:${task.name}`, sentence: warning });
  return flags;
}
