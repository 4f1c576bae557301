import type { AuditConfig, DataSource } from '../contract/audit.ts';
import { selectImages, type Images } from '../contract/data.ts';
import type { ImageGeometry } from '../contract/encoder.ts';
import { MoatError } from '../contract/errors.ts';
import { openDataset, type Dataset } from '../datasets/dataset.ts';
import type { BlockDecoder } from '../datasets/decode-block.ts';
import type { EvaluationImages } from '../datasets/duplicates.ts';
import { readBlocks } from '../datasets/read-blocks.ts';
import { poolOrder, splitTask, type ItemRef, type LabelledRef } from '../datasets/split.ts';
import { interleave, poolShares } from '../datasets/shares.ts';
import { chainDetects } from '../defenses/chain.ts';
import type { Rng } from '../rng.ts';
import { STREAM_ROWS } from './detection-cell.ts';
import { mixBlocks } from './mix-blocks.ts';

/** Images read beyond what is wanted, to fill the places of duplicates and broken files. */
const SPARE_SHARE = 0.1;
/**
 * Pool images per query of the largest budget, where the pool has them: each seed then sends another half, so that the
 * interval over seeds also speaks of which images happened to be sent.
 */
const POOL_PER_QUERY = 2;
/** Twenty thieves' streams from the pool, fewer than which say little about a detector's true positives. */
const POOL_OF_STREAMS = 20 * STREAM_ROWS;

export interface DataContext {
  readonly signal: AbortSignal;
  readonly geometry: ImageGeometry;
  /** Default: one per reading. */
  readonly decoder?: BlockDecoder;
  /** Blocks decoded before they are asked for; default: as many as keep two threads at work. */
  readonly blocksAhead?: number;
}

/** Which images a task has; none is read yet. */
export interface TaskPlan {
  readonly name: string;
  readonly dataset: Dataset;
  readonly classes: readonly string[];
  readonly fit: readonly LabelledRef[];
  readonly score: readonly LabelledRef[];
  /** Plain sentences about what was left out. */
  readonly warnings: readonly string[];
}

/** An image that may become part of the pool. */
export interface Candidate {
  readonly dataset: Dataset;
  readonly ref: ItemRef;
}

/** Images that have a share of the pool together, in the order in which they are tried. */
export interface PoolSource {
  readonly name: string;
  /** In (0, 1]; 1 where the pool has one source. */
  readonly share: number;
  readonly candidates: readonly Candidate[];
}

/** Which images may become the pool. */
export interface PoolPlan {
  readonly name: string;
  readonly sources: readonly PoolSource[];
  /** Names of the classes of all pools together; one name in two pools is one class. Empty without labels. */
  readonly classes: readonly string[];
  /** Fewer make the audit impossible. */
  readonly needed: number;
  /** More are not taken. */
  readonly wanted: number;
  readonly warnings: readonly string[];
}

/** Images in the order of their set, with their classes; -1 where there is none. */
export interface LabelledBlock {
  readonly images: Images;
  readonly labels: Int32Array;
}

/** What reading left out; filled while it goes on. */
export class PoolTally {
  kept = 0;
  /** Pool images that were evaluation images too, or nearly, and were taken out. */
  removed = 0;
  /** Copies of other pool images, taken out. */
  repeated = 0;
  readonly corrupt: string[] = [];
}

/** @throws MoatError `dataset-*` */
export async function planTask(source: DataSource, config: AuditConfig, rng: Rng): Promise<TaskPlan> {
  const dataset = await openDataset(source.path, source.name);
  const { fitRows, scoreRows } = config.evaluation;
  const split = splitTask(dataset, { fitRows, scoreRows, rng: rng.derive(`task/${source.name}`) });
  return {
    name: source.name,
    dataset,
    classes: dataset.classes,
    fit: split.fit,
    score: split.score,
    warnings: [...dataset.notes, ...split.warnings],
  };
}

/**
 * Reads one side of a task, block by block.
 * @param corrupt collects sentences about broken images
 * @throws MoatError `dataset-unreadable` when every image is broken, `cancelled`
 */
export async function* taskBlocks(
  { dataset }: TaskPlan,
  refs: readonly LabelledRef[],
  corrupt: string[],
  context: DataContext,
): AsyncGenerator<LabelledBlock> {
  const places = refs.map(({ split, index }) => ({ dataset, split, index }));
  let kept = 0;
  let reason = '';
  for await (const block of readBlocks(places, context.geometry, context)) {
    for (const broken of block.broken) {
      reason = `${refs[broken.at]?.id ?? ''} ${broken.reason}`;
      corrupt.push(`${dataset.name}/${refs[broken.at]?.id ?? ''}: ${broken.reason}`);
    }
    kept += block.images.count;
    if (block.images.count > 0)
      yield {
        images: block.images,
        labels: Int32Array.from(block.kept, (at) => refs[at]?.label ?? -1),
      };
  }
  if (kept === 0 && refs.length > 0)
    throw new MoatError(
      'dataset-unreadable',
      `None of the ${refs.length} images of ${dataset.name} could be read; ${reason}.`,
      { details: { corrupt: corrupt.slice(0, 20) } },
    );
}

/**
 * The images attackers may send: of each source in seeded order over all its data sets together. Pools without shares are
 * one source.
 * @throws MoatError `dataset-too-small` below the largest budget, `dataset-*`
 */
export async function planPool(config: AuditConfig, rng: Rng): Promise<PoolPlan> {
  // A denoiser at equal images asks for more rows, not for more images; and some attack is always played, named or not.
  const needed = Math.max(...config.budgets);
  const datasets: Dataset[] = [];
  for (const source of config.pools) datasets.push(await openDataset(source.path, source.name));
  const candidates = (pools: readonly number[]): readonly Candidate[] =>
    pools.flatMap((pool) => {
      const dataset = datasets[pool];
      return dataset === undefined
        ? []
        : poolOrder(dataset, rng.derive(`pool/${pool}/${dataset.name}`)).map((ref) => ({ dataset, ref }));
    });
  const name = config.pools.map((pool) => pool.name).join(', ');
  const shares = poolShares(config.pools) ?? [{ name, share: 1, pools: [...datasets.keys()] }];
  const plan: PoolPlan = {
    name,
    classes: [...new Set(datasets.flatMap((dataset) => dataset.classes))],
    sources: shares.map((source, at) => {
      const all = candidates(source.pools);
      // One source draws as the pool always did.
      const order = rng
        .derive(shares.length === 1 ? 'pool order' : `pool order/${at}`)
        .permutation(all.length);
      return {
        name: source.name,
        share: source.share,
        candidates: Array.from(order).flatMap((index) => all[index] ?? []),
      };
    }),
    needed,
    wanted: imagesWanted(config, needed),
    warnings: datasets.flatMap((dataset) => dataset.notes),
  };
  for (const [at, source] of plan.sources.entries()) {
    const least = imagesOf(plan, at, needed);
    if (source.candidates.length < least) throw tooSmall(source, source.candidates.length, least);
  }
  return plan;
}

/** How many of the first `count` places of the pool belong to a source. */
function imagesOf({ sources }: PoolPlan, source: number, count: number): number {
  if (sources.length === 1) return count;
  const places = interleave(
    sources.map(({ share }) => share),
    count,
  );
  return places.reduce((sum, place) => sum + Number(place === source), 0);
}

/**
 * Reads the pool block by block: less every image of an evaluation split and its near-duplicates (rule 3 of the battery)
 * and less exact copies. Several sources are mixed so that every prefix has their shares.
 * @throws MoatError `dataset-too-small` when too few are left, `dataset-unreadable` when none could be read, `cancelled`
 */
export async function* poolBlocks(
  plan: PoolPlan,
  evaluation: EvaluationImages,
  tally: PoolTally,
  context: DataContext,
): AsyncGenerator<LabelledBlock> {
  const { sources, wanted, needed } = plan;
  const labelOf = poolLabels(plan);
  const seen = new Set<string>();
  const read = (source: PoolSource, at: number): AsyncGenerator<LabelledBlock> =>
    sourceBlocks(source, imagesOf(plan, at, wanted), { evaluation, tally, seen, labelOf }, context);
  const [only] = sources;
  const blocks =
    only !== undefined && sources.length === 1
      ? read(only, 0)
      : mixBlocks(
          sources.map(read),
          sources.map(({ share }) => share),
          wanted,
        );
  for await (const block of blocks) {
    tally.kept += block.images.count;
    yield block;
  }
  const tried = sources.reduce((sum, { candidates }) => sum + candidates.length, 0);
  if (tally.kept === 0 && tally.corrupt.length === tried)
    throw new MoatError(
      'dataset-unreadable',
      `None of the ${tried} images of ${plan.name} could be read; ${tally.corrupt[0]}.`,
      { details: { corrupt: tally.corrupt.slice(0, 20) } },
    );
  if (tally.kept < needed) throw tooSmall(plan, tally.kept, needed, tally.corrupt);
}

/** The images of one source that may be sent, as many as wanted or as there are. */
async function* sourceBlocks(
  { candidates }: PoolSource,
  wanted: number,
  sorting: {
    readonly evaluation: EvaluationImages;
    readonly tally: PoolTally;
    /** Over all sources: an image that two of them have is sent once. */
    readonly seen: Set<string>;
    labelOf(candidate: Candidate | undefined): number;
  },
  context: DataContext,
): AsyncGenerator<LabelledBlock> {
  let found = 0;
  for (let next = 0; found < wanted && next < candidates.length;) {
    const size = Math.ceil((wanted - found) * (1 + SPARE_SHARE));
    const round = candidates.slice(next, next + size);
    next += size;
    const places = round.map(({ dataset, ref: { split, index } }) => ({ dataset, split, index }));
    for await (const block of readBlocks(places, context.geometry, context)) {
      for (const { at, reason } of block.broken)
        sorting.tally.corrupt.push(`${round[at]?.dataset.name}/${round[at]?.ref.id}: ${reason}`);
      const kept = sortOut(block.images, sorting.evaluation, sorting.seen, sorting.tally);
      const taken = kept.slice(0, Math.max(0, wanted - found));
      found += kept.length;
      if (taken.length > 0)
        yield {
          images: taken.length === block.images.count ? block.images : selectImages(block.images, taken),
          labels: Int32Array.from(taken, (at) => sorting.labelOf(round[block.kept[at] ?? -1])),
        };
    }
  }
}

/** Places of the pool's classes among those of all its data sets; -1 for an image without one. */
function poolLabels({ classes }: PoolPlan): (candidate: Candidate | undefined) => number {
  const places = new Map(classes.map((name, at) => [name, at]));
  return (candidate) => {
    const name = candidate?.dataset.classes[candidate.ref.label ?? -1];
    return name === undefined ? -1 : (places.get(name) ?? -1);
  };
}

/** Which images of a block may be sent. */
function sortOut(
  images: Images,
  evaluation: EvaluationImages,
  seen: Set<string>,
  tally: PoolTally,
): readonly number[] {
  if (images.count === 0) return [];
  const duplicates = evaluation.duplicatesIn(images);
  const dropped = new Set([...duplicates.exact, ...duplicates.near]);
  const kept: number[] = [];
  for (const [i, hash] of images.hashes.entries()) {
    if (dropped.has(i)) tally.removed++;
    else if (seen.has(hash)) tally.repeated++;
    else kept.push(i);
    seen.add(hash);
  }
  return kept;
}

/** What is read beyond need, as far as there is more: another half per seed, and thieves for detectors to look at. */
function imagesWanted({ defenses }: AuditConfig, needed: number): number {
  return Math.max(needed * POOL_PER_QUERY, defenses.some(chainDetects) ? POOL_OF_STREAMS : 0);
}

function tooSmall(
  { name }: { readonly name: string },
  available: number,
  needed: number,
  corrupt: readonly string[] = [],
): MoatError {
  const broken = corrupt.length > 0 ? ` (${corrupt.length} could not be read)` : '';
  return new MoatError(
    'dataset-too-small',
    `The query pool ${name} has ${available} image${available === 1 ? '' : 's'} that may be sent${broken}, fewer than the budget of ${needed} queries.`,
    { details: { available, needed, corrupt: corrupt.slice(0, 20) } },
  );
}
