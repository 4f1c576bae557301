import type { AuditConfig, DataSource } from '../contract/audit.ts';
import { selectImages, sliceImages, type Images } from '../contract/data.ts';
import type { ImageGeometry } from '../contract/encoder.ts';
import { MoatError } from '../contract/errors.ts';
import { findAttack } from '../attacks/registry.ts';
import { openDataset, type Dataset } from '../datasets/dataset.ts';
import { findDuplicates } from '../datasets/duplicates.ts';
import { readItems } from '../datasets/read.ts';
import { poolOrder, splitTask, type ItemRef } from '../datasets/split.ts';
import type { Rng } from '../rng.ts';
import type { ExecutionContext } from './execute-cell.ts';

/** Images read beyond what is wanted, to fill the places of duplicates and broken files. */
const SPARE_SHARE = 0.1;
/** Enough for statistics where no attack sends a query. */
const IMAGES_WITHOUT_QUERIES = 64;
/**
 * Pool images per query of the largest budget, where the pool has them: each seed then sends another half, so that the
 * interval over seeds also speaks of which images happened to be sent.
 */
const POOL_PER_QUERY = 2;

export interface LabelledSet {
  readonly images: Images;
  /** Class of each image; -1 where there is none. */
  readonly labels: Int32Array;
}

export interface TaskData {
  readonly name: string;
  readonly classes: readonly string[];
  readonly fit: LabelledSet;
  readonly score: LabelledSet;
  readonly corrupt: readonly string[];
  /** Plain sentences about what was left out. */
  readonly warnings: readonly string[];
}

export interface PoolData {
  readonly images: Images;
  /** Pool images that were evaluation images too, or nearly, and were taken out. */
  readonly removed: number;
  /** Copies of other pool images, taken out. */
  readonly repeated: number;
  readonly overlapWithFit: number;
  readonly corrupt: readonly string[];
  readonly warnings: readonly string[];
}

type DataContext = Pick<ExecutionContext, 'signal'>;

/** @throws MoatError `dataset-*`, `cancelled` */
export async function readTask(
  source: DataSource,
  config: AuditConfig,
  geometry: ImageGeometry,
  rng: Rng,
  context: DataContext,
): Promise<TaskData> {
  const dataset = await openDataset(source.path, source.name);
  const { fitRows, scoreRows } = config.evaluation;
  const split = splitTask(dataset, { fitRows, scoreRows, rng: rng.derive(`task/${source.name}`) });
  const fit = await readLabelled(dataset, split.fit, geometry, context);
  const score = await readLabelled(dataset, split.score, geometry, context);
  const scored = new Set(score.images.hashes);
  const shared = fit.images.hashes.filter((hash) => scored.has(hash)).length;
  return {
    name: source.name,
    classes: dataset.classes,
    fit,
    score,
    corrupt: [...fit.corrupt, ...score.corrupt],
    warnings: [
      ...dataset.notes,
      ...split.warnings,
      ...(shared > 0
        ? [`${source.name}: ${shared} of the images to fit are also among those to score.`]
        : []),
    ],
  };
}

async function readLabelled(
  dataset: Dataset,
  items: readonly ItemRef[],
  geometry: ImageGeometry,
  { signal }: DataContext,
): Promise<LabelledSet & { readonly corrupt: readonly string[] }> {
  const { images, kept, corrupt } = await readItems(dataset, items, geometry, { signal });
  const labels = Int32Array.from(kept, (at) => items[at]?.label ?? -1);
  return { images, labels, corrupt: corrupt.map(({ id, reason }) => `${dataset.name}/${id}: ${reason}`) };
}

/**
 * The images attackers may send, in seeded order over all pools together, less every image of an evaluation split and
 * its near-duplicates (rule 3 of the battery) and less exact copies.
 * @throws MoatError `dataset-too-small` below the largest budget, `dataset-*`, `cancelled`
 */
export async function readPool(
  config: AuditConfig,
  geometry: ImageGeometry,
  tasks: readonly TaskData[],
  rng: Rng,
  context: DataContext,
): Promise<PoolData> {
  const needed = imagesNeeded(config);
  const wanted = needed * POOL_PER_QUERY;
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
  const parts: Images[] = [];
  const counts = { kept: 0, removed: 0, repeated: 0 };
  for (let next = 0; counts.kept < wanted && next < order.length;) {
    const size = Math.ceil((wanted - counts.kept) * (1 + SPARE_SHARE));
    const block = [...order.subarray(next, next + size)].flatMap((at) => candidates[at] ?? []);
    next += size;
    const read = await readBlock(datasets, block, geometry, context);
    corrupt.push(...read.corrupt);
    if (read.images === undefined) continue;
    const duplicates = findDuplicates(read.images, evaluation);
    const dropped = new Set([...duplicates.exact, ...duplicates.near]);
    const kept: number[] = [];
    for (const [i, hash] of read.images.hashes.entries()) {
      if (dropped.has(i)) counts.removed++;
      else if (seen.has(hash)) counts.repeated++;
      else kept.push(i);
      seen.add(hash);
    }
    parts.push(selectImages(read.images, kept));
    counts.kept += kept.length;
  }
  if (counts.kept < needed) throw tooSmall(config, counts.kept, needed, corrupt);
  const found = join(parts);
  const images = sliceImages(found, 0, Math.min(wanted, found.count));
  const fitHashes = new Set(tasks.flatMap((task) => task.fit.images.hashes));
  return {
    images,
    removed: counts.removed,
    repeated: counts.repeated,
    corrupt,
    overlapWithFit: images.hashes.filter((hash) => fitHashes.has(hash)).length,
    warnings: datasets.flatMap((dataset) => dataset.notes),
  };
}

/** Reads a block that may come from several pools and puts it back into the block's order. */
async function readBlock(
  datasets: readonly Dataset[],
  block: readonly { readonly pool: number; readonly ref: ItemRef }[],
  geometry: ImageGeometry,
  { signal }: DataContext,
): Promise<{ readonly images: Images | undefined; readonly corrupt: readonly string[] }> {
  const corrupt: string[] = [];
  const parts: Images[] = [];
  const places: number[] = [];
  for (const [pool, dataset] of datasets.entries()) {
    const positions = block.flatMap((candidate, at) => (candidate.pool === pool ? [at] : []));
    const refs = positions.flatMap((at) => block[at]?.ref ?? []);
    if (refs.length === 0) continue;
    const read = await readItems(dataset, refs, geometry, { signal }).catch((error: unknown) => {
      // A few broken images of one pool may be all of a block's share of it: only all of everything is fatal.
      if (
        !(error instanceof MoatError) ||
        error.code !== 'dataset-unreadable' ||
        block.length === refs.length
      )
        throw error;
      corrupt.push(...refs.map(({ id }) => `${dataset.name}/${id}: cannot be decoded`));
      return undefined;
    });
    if (read === undefined) continue;
    corrupt.push(...read.corrupt.map(({ id, reason }) => `${dataset.name}/${id}: ${reason}`));
    parts.push(read.images);
    places.push(...read.kept.map((at) => positions[at] ?? 0));
  }
  if (parts.length === 0) return { images: undefined, corrupt };
  const inBlockOrder = [...places.keys()].sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  return { images: selectImages(join(parts), inBlockOrder), corrupt };
}

/** Images the hungriest attack wants: a denoiser at equal images asks for more rows, not for more images. */
function imagesNeeded(config: AuditConfig): number {
  const queries = config.attacks.some((spec) => findAttack(spec.id)?.meta.control !== true);
  return queries ? Math.max(...config.budgets) : IMAGES_WITHOUT_QUERIES;
}

function tooSmall(
  config: AuditConfig,
  available: number,
  needed: number,
  corrupt: readonly string[] = [],
): MoatError {
  const names = config.pools.map(({ name }) => name).join(', ');
  const broken = corrupt.length > 0 ? ` (${corrupt.length} could not be read)` : '';
  return new MoatError(
    'dataset-too-small',
    `The query pool ${names} has ${available} image${available === 1 ? '' : 's'} that may be sent${broken}, fewer than the budget of ${needed} queries.`,
    { details: { available, needed, corrupt: corrupt.slice(0, 20) } },
  );
}

function join(parts: readonly Images[]): Images {
  const [first] = parts;
  if (first === undefined) throw new RangeError('there are no images to join');
  if (parts.length === 1) return first;
  const data = new Uint8Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  const hashes = parts.flatMap((part) => part.hashes);
  return { data, count: hashes.length, height: first.height, width: first.width, hashes };
}
