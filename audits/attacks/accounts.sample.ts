import { type Images, type Matrix, matrix } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type { AttackContext, AttackOutcome, DefenseSession, FeatureEncoder } from '../contract/method.ts';
import { createOracle, type MeteredOracle } from '../oracle.ts';
import { createRng } from '../rng.ts';

/** For tests of attacks that use several accounts: a service with a dozen kinds of images, and a base attack that looks. */

export const dimension = 8;
export const side = 8;
const kinds = 12;

/**
 * Images of the kind `index % 12`: a color, and whether the lower half is lit (a flip changes neither).
 * Every one is different.
 */
export function kindImages(count: number): Images {
  const size = side * side * 3;
  const data = new Uint8Array(count * size);
  for (let image = 0; image < count; image++) {
    for (let at = 0; at < size; at++) {
      const bits = 1 + (image % kinds);
      const isLower = Math.floor(at / 3 / side) >= side / 2;
      data[image * size + at] = 120 * ((bits >> (at % 3)) & 1) + 120 * Number(isLower) * (bits >> 3);
    }
    data[image * size] = image % 256;
    data[image * size + 1] = Math.floor(image / 256);
  }
  return {
    data,
    count,
    height: side,
    width: side,
    hashes: Array.from({ length: count }, (_, i) => `image-${i}`),
  };
}

const indexOf = (hash: string): number => Number(hash.slice('image-'.length));

/** The clean embeddings `[count, 8]`: places of their kind, spread around them. */
export function cleanOf(images: Images): Matrix {
  const place = createRng('kinds');
  const centers = Float64Array.from({ length: kinds * dimension }, () => place.normal());
  const data = new Float32Array(images.count * dimension);
  images.hashes.forEach((hash, row) => {
    const rng = createRng(hash);
    for (let i = 0; i < dimension; i++)
      data[row * dimension + i] =
        (centers[(indexOf(hash) % kinds) * dimension + i] ?? 0) + 0.15 * rng.normal();
  });
  return matrix(data, images.count, dimension);
}

/** A public encoder that knows the kinds and nothing else. */
export const kindEncoder: FeatureEncoder = {
  dimension,
  embed: async (images) => cleanOf(images),
};

export function serviceOf(options: {
  readonly openSession: (account: number) => DefenseSession;
  readonly dimension?: number;
  readonly budget: number;
  readonly accounts: number;
}): MeteredOracle {
  return createOracle({
    answer: async (images) => cleanOf(images),
    dimension,
    imageBytes: side * side * 3,
    ...options,
  });
}

/** What a base attack was given. */
export interface Seen {
  readonly images: Images;
  readonly replies: Matrix;
}

/** A context whose base sends the pool, in calls of 50, as long as it is answered. */
export function contextOf(
  engine: Engine,
  oracle: MeteredOracle,
  pool: Images,
): { readonly context: AttackContext; readonly seen: () => Seen } {
  let seen: Seen | undefined;
  const base = {
    async run({ oracle: given, pool: offered }: AttackContext): Promise<AttackOutcome> {
      const count = Math.min(offered.count, given.remaining());
      const rows: Float32Array[] = [];
      let answered = 0;
      while (answered < count && given.isOpen(0)) {
        const end = Math.min(answered + 50, count);
        const part = { ...offered, count: end - answered, hashes: offered.hashes.slice(answered, end) };
        const size = offered.height * offered.width * 3;
        const data = offered.data.subarray(answered * size, end * size);
        const replies = await given.query({ ...part, data });
        rows.push(replies.data);
        answered += replies.rows;
      }
      const width = given.dimension;
      const replies = matrix(Float32Array.from(rows.flatMap((row) => [...row])), answered, width);
      seen = { images: { ...offered, count: answered, hashes: offered.hashes.slice(0, answered) }, replies };
      const weights = matrix(new Float32Array(width), 1, width);
      return {
        surrogate: {
          kind: 'linear-on-features',
          features: { kind: 'backbone' },
          weights,
          bias: new Float32Array(width),
        },
        diagnostics: {},
      };
    },
  };
  const context: AttackContext = {
    oracle,
    pool,
    poolLabels: new Int32Array(pool.count).fill(-1),
    publicEncoder: kindEncoder,
    defense: { chain: [], simulate: (embeddings) => embeddings },
    taskHeads: [],
    surrogate: { architecture: 'small-cnn', inputSize: side, epochs: 12, batchSize: 32 },
    checkpoint: { load: async () => undefined, save: async () => undefined },
    rng: createRng('attacker'),
    engine,
    signal: new AbortController().signal,
    progress: () => undefined,
    log: () => undefined,
    base,
  };
  return {
    context,
    seen: () => {
      if (seen === undefined) throw new Error('the base attack was not run');
      return seen;
    },
  };
}
