import { matrix, type Images, type Matrix } from '../contract/data.ts';
import type { Clock } from '../contract/context.ts';
import type { Engine } from '../contract/engine.ts';
import type { FeatureEncoder, SurrogateSettings } from '../contract/method.ts';
import { MoatError } from '../contract/errors.ts';
import { interleave } from '../datasets/shares.ts';
import { findQueryPolicy } from '../query-policies/registry.ts';
import type { Rng } from '../rng.ts';
import { openSurrogate, type OpenSurrogate } from '../surrogates/open.ts';
import { calibrateStatistics, randomNetwork } from '../surrogates/random-network.ts';
import { fitPrincipalAxes, projectOnAxes } from '../tensor/linear-algebra/principal-axes.ts';

/** Images of a pool, read when they are looked at. */
export interface PoolImages {
  readonly hashes: readonly string[];
  images(indices: ArrayLike<number>): Images;
}

export interface QueryOrderRequest {
  /** Id of a query policy. */
  readonly policy: string;
  readonly seed: number;
  readonly seedRng: Rng;
  readonly pool: PoolImages;
  /** Shares of the sources whose images stand in the pool in turn (`datasets/shares.ts`); one source has all. */
  readonly shares: readonly number[];
  /** Images that can be paid for. */
  readonly wanted: number;
  readonly surrogate: SurrogateSettings;
  /** The public encoder the attacker holds. */
  readonly backbone: FeatureEncoder | undefined;
  readonly engine: Engine;
  readonly signal: AbortSignal;
  progress(fraction: number, stage: string): void;
}

export interface QueryOrder {
  readonly order: Uint32Array;
  /** What deciding took when it was done; 0 for an order that looks at nothing. */
  readonly elapsedMs: number;
}

/**
 * Features in which distances are measured: a random network's outputs, or the leading directions of a backbone's. Distances
 * among thousands of images are well kept by so many, and each step of a greedy search costs proportionally.
 */
export const FEATURES = 64;
/** Images that settle a random network's running statistics, and the directions of a backbone's features. */
const SAMPLE_IMAGES = 512;
const AXES_IMAGES = 4096;
const IMAGES_PER_CALL = 512;

/**
 * Finds the order in which a seed's cells send the pool, and keeps it: cells that differ in attack or defense alone share
 * it. Everything is a function of seed, policy, budget and surrogate, whatever was asked before.
 */
export function createQueryOrders(clock: Pick<Clock, 'monotonicMs'>): {
  find(request: QueryOrderRequest): Promise<QueryOrder>;
} {
  const known = new Map<string, QueryOrder>();
  let features: { readonly key: string; readonly space: FeatureSpace } | undefined;
  return {
    async find(request) {
      const { policy: id, seed, wanted, surrogate, signal } = request;
      const policy = findQueryPolicy(id);
      const spaceKey = JSON.stringify([seed, surrogate.architecture, surrogate.inputSize]);
      const key = JSON.stringify([id, wanted, spaceKey]);
      const found = policy.usesFeatures ? known.get(key) : undefined;
      if (found !== undefined) return found;
      const started = clock.monotonicMs();
      const order = await orderBySource(request, (members, most, rng) =>
        policy.order({
          count: members.length,
          wanted: most,
          rng,
          features: (indices) => {
            if (features?.key !== spaceKey) features = { key: spaceKey, space: new FeatureSpace(request) };
            return features.space.rows(
              indices.map((index) => members[index] ?? 0),
              request,
            );
          },
          signal,
          progress: (fraction) => request.progress(fraction, 'choosing queries'),
        }),
      );
      const result = { order, elapsedMs: policy.usesFeatures ? clock.monotonicMs() - started : 0 };
      if (policy.usesFeatures) known.set(key, result);
      return result;
    },
  };
}

/**
 * Orders each source by itself and lets them take turns as in the pool, so that every prefix has the shares.
 * @param order of the members of one source: positions in `members`
 */
async function orderBySource(
  { pool, shares, wanted, seedRng }: QueryOrderRequest,
  order: (members: Uint32Array, wanted: number, rng: Rng) => Promise<Uint32Array>,
): Promise<Uint32Array> {
  const count = pool.hashes.length;
  const rng = seedRng.derive('pool');
  const all = Uint32Array.from({ length: count }, (_, i) => i);
  if (shares.length < 2) return order(all, wanted, rng);
  const turns = interleave(shares, count);
  const queues: Uint32Array[] = [];
  for (const source of shares.keys()) {
    const members = all.filter((index) => turns[index] === source);
    const most = turns.subarray(0, wanted).filter((turn) => turn === source).length;
    const places = await order(members, most, rng.derive(`source/${source}`));
    queues.push(places.map((place) => members[place] ?? 0));
  }
  const next = shares.map(() => 0);
  return Uint32Array.from(turns, (source) => {
    const at = next[source] ?? 0;
    next[source] = at + 1;
    return queues[source]?.[at] ?? 0;
  });
}

/** A pool in the attacker's feature space; each image is looked at once. */
class FeatureSpace {
  readonly #rows = new Map<number, Float32Array>();
  readonly #sample: Uint32Array;
  readonly #rng: Rng;

  constructor({ seedRng, pool }: QueryOrderRequest) {
    this.#sample = seedRng.derive('pool').permutation(pool.hashes.length);
    this.#rng = seedRng.derive('query-policy/features');
  }

  async rows(indices: Uint32Array, request: QueryOrderRequest): Promise<Matrix> {
    const missing = indices.filter((index) => !this.#rows.has(index));
    if (missing.length > 0) await this.#embed(missing, request);
    const columns = this.#rows.get(indices[0] ?? 0)?.length ?? 0;
    const data = new Float32Array(indices.length * columns);
    indices.forEach((index, at) => data.set(this.#rows.get(index) ?? [], at * columns));
    return matrix(data, indices.length, columns);
  }

  async #embed(missing: Uint32Array, request: QueryOrderRequest): Promise<void> {
    const { backbone, pool, signal } = request;
    const encoder =
      backbone === undefined
        ? await this.#randomFeatures(request)
        : await this.#leadingFeatures(request, backbone);
    try {
      for (let start = 0; start < missing.length; start += IMAGES_PER_CALL) {
        if (signal.aborted) throw new MoatError('cancelled', 'The audit was cancelled.');
        const part = missing.subarray(start, start + IMAGES_PER_CALL);
        const { data, columns } = await encoder.embed(pool.images(part));
        part.forEach((index, at) => this.#rows.set(index, data.slice(at * columns, (at + 1) * columns)));
        request.progress(start / missing.length, 'computing features');
      }
    } finally {
      await encoder.dispose();
    }
  }

  /** A random network of the surrogate's architecture, its batch norms calibrated on the pool. */
  async #randomFeatures({ engine, pool, surrogate }: QueryOrderRequest): Promise<OpenSurrogate> {
    const drawn = randomNetwork(surrogate.architecture, this.#rng, FEATURES, surrogate.inputSize);
    const images = pool.images(this.#sample.subarray(0, SAMPLE_IMAGES));
    return openSurrogate(engine, await calibrateStatistics(engine, drawn, images));
  }

  async #leadingFeatures(
    { engine, pool }: QueryOrderRequest,
    backbone: FeatureEncoder,
  ): Promise<OpenSurrogate> {
    // The backbone stays its owner's to dispose of.
    const dispose = (): Promise<void> => Promise.resolve();
    if (backbone.dimension <= FEATURES)
      return { dimension: backbone.dimension, embed: (images) => backbone.embed(images), dispose };
    const sample = await backbone.embed(pool.images(this.#sample.subarray(0, AXES_IMAGES)));
    const axes = await fitPrincipalAxes(engine, sample, FEATURES);
    return {
      dimension: FEATURES,
      embed: async (images) => projectOnAxes(engine, axes, await backbone.embed(images)),
      dispose,
    };
  }
}
