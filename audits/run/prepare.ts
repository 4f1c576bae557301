import path from 'node:path';
import type { DatasetDigest } from '../contract/cell.ts';
import type { Clock } from '../contract/context.ts';
import { sliceImages, type Images, type Matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { FeatureEncoder } from '../contract/method.ts';
import { digestImages } from '../datasets/read.ts';
import { encoderFile } from '../encoder/demo-encoder.ts';
import { openEncoder } from '../encoder/encoder.ts';
import { assertAuditable, preflight } from '../encoder/preflight.ts';
import { digestOf } from '../plan/key.ts';
import { createRng } from '../rng.ts';
import type { PreparationRecord } from '../store/types.ts';
import { resizePixels } from '../surrogates/resize.ts';
import { createEngine } from '../tensor/engine.ts';
import { openBackbone } from './backbone.ts';
import { dataFlags } from './data-flags.ts';
import type { ExecutionContext } from './execute-cell.ts';
import type { Job } from './jobs.ts';
import { readRecord, writePreparedSet, writeRecord } from './prepared.ts';
import { readPool, readTask, type LabelledSet, type TaskData } from './read-data.ts';

/** Raised when the layout or the meaning of prepared files changes. */
const PREPARATION_VERSION = 1;
/** Images on which the preflight runs. */
const PREFLIGHT_IMAGES = 64;
const EMBED_BLOCK = 256;
/**
 * Largest side at which task images are kept: after the victim has embedded them, only surrogates look at them, which see
 * 32 pixels at most. Every worker holds them in memory.
 */
const TASK_SIDE = 64;

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
  // One thread, as the cells: sums over several threads round differently, and the class is part of every key.
  const engine = await createEngine(config.engine, { threads: 1, device: config.device });
  const victim = await openEncoder(engine, encoderFile(config.encoder), config.encoderOptions);
  const backbone = config.backbone === null ? undefined : await openBackbone(engine, config.backbone);
  const rng = createRng(config.seed).derive('data');
  const geometry = victim.description.preprocessing;

  context.progress(0.02, 'reading task images');
  const tasks: TaskData[] = [];
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
    backbone: backbone === undefined ? null : backbone.identity,
    pool: digest('pool', { images: pool.images, labels: noLabels(pool.images.count) }),
    tasks: tasks.map(({ name, fit, score }) => ({
      name,
      fit: digest('fit', fit),
      score: digest('score', score),
    })),
    numericsClass: engine.numericsClass,
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
      const kept = name === 'pool' ? images : smaller(images);
      writePreparedSet(absolute, name, { images: kept, labels, embeddings, backbone: features });
      done += images.count;
    }
    writeRecord(absolute, record);
  }
  await backbone?.dispose();
  await victim.dispose();
  await engine.dispose();
  return record;
}

async function embed(
  encoder: FeatureEncoder,
  images: Images,
  signal: AbortSignal,
  progress: (done: number) => void,
): Promise<Matrix> {
  const data = new Float32Array(images.count * encoder.dimension);
  for (let start = 0; start < images.count; start += EMBED_BLOCK) {
    if (signal.aborted) throw new MoatError('cancelled', 'The preparation was stopped.');
    const end = Math.min(images.count, start + EMBED_BLOCK);
    const block = await encoder.embed(sliceImages(images, start, end));
    const bad = block.data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new MoatError(
        'encoder-not-finite',
        `The encoder returned NaN or infinity for image ${start + Math.floor(bad / encoder.dimension) + 1} of ${images.count}.`,
      );
    data.set(block.data, start * encoder.dimension);
    progress(end);
  }
  return { data, rows: images.count, columns: encoder.dimension };
}

/** The same images (by identity) at a side that surrogates can use. */
function smaller(images: Images): Images {
  if (Math.max(images.height, images.width) <= TASK_SIDE) return images;
  return { ...images, data: resizePixels(images, TASK_SIDE), height: TASK_SIDE, width: TASK_SIDE };
}

function digest(name: string, set: LabelledSet): DatasetDigest {
  return { name, digest: digestImages(set.images, set.labels), rows: set.images.count };
}

function noLabels(count: number): Int32Array {
  return new Int32Array(count).fill(-1);
}
