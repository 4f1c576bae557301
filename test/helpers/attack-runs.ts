import { type Images, type Matrix, matrix } from '../../audits/contract/data.ts';
import type { Engine } from '../../audits/contract/engine.ts';
import type {
  AttackContext,
  AttackDefinition,
  AttackOutcome,
  Checkpoint,
  CheckpointSlot,
  FeatureEncoder,
  SurrogateModel,
} from '../../audits/contract/method.ts';
import { hashedImages } from '../../audits/datasets/image-hash.ts';
import { calibrateChain, openChainSession, parseChain } from '../../audits/defenses/chain.ts';
import { createOracle, type MeteredOracle } from '../../audits/oracle.ts';
import { createRng } from '../../audits/rng.ts';
import { openSurrogate } from '../../audits/surrogates/open.ts';
import { findAttack } from '../../audits/attacks/registry.ts';
import { parseAttack } from '../../audits/attacks/resolve.ts';
import { runAttack } from '../../audits/attacks/run-attack.ts';

/** The toy service on which every attack of the table runs, and one run of an attack on it. */

export const side = 8;
export const dimension = 5;

/** Images of two to four random blobs of color: smooth, all different. */
export function blobs(count: number, seed: string): Images {
  const rng = createRng(seed);
  const data = new Uint8Array(count * side * side * 3);
  for (let image = 0; image < count; image++) {
    const [x0, y0, width] = [rng.uniform() * side, rng.uniform() * side, 1 + 2 * rng.uniform()];
    const color = [rng.uniform(), rng.uniform(), rng.uniform()];
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        for (let channel = 0; channel < 3; channel++) {
          const glow = Math.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * width ** 2));
          const value = 255 * (0.2 + 0.6 * glow * (color[channel] ?? 0) + 0.1 * rng.uniform());
          data[((image * side + y) * side + x) * 3 + channel] = value;
        }
  }
  return hashedImages(data, count, side, side);
}

/** The victim: tanh of a fixed random linear map of 4 x 4 block means. `[images.count, 5]` */
const victimWeights = ((): Float32Array => {
  const rng = createRng('victim');
  return Float32Array.from({ length: 16 * 3 * dimension }, () => rng.normal() / 3);
})();

export async function victim(images: Images): Promise<Matrix> {
  const replies = new Float32Array(images.count * dimension);
  for (let image = 0; image < images.count; image++) {
    const sums = new Float64Array(dimension);
    for (let at = 0; at < side * side * 3; at++) {
      const [x, y] = [Math.floor(at / 3) % side, Math.floor(at / 3 / side)];
      const block = (Math.floor(y / 2) * 4 + Math.floor(x / 2)) * 3 + (at % 3);
      const pixel = ((images.data[image * side * side * 3 + at] ?? 0) / 255 - 0.4) / 4;
      for (let d = 0; d < dimension; d++)
        sums[d] = (sums[d] ?? 0) + pixel * (victimWeights[block * dimension + d] ?? 0) * 4;
    }
    sums.forEach((sum, d) => (replies[image * dimension + d] = Math.tanh(sum)));
  }
  return matrix(replies, images.count, dimension);
}

export const pool = blobs(400, 'pool');
const ofPool: ReadonlySet<string> = new Set(pool.hashes);
export const held = blobs(200, 'held out');

/** A public encoder that happens to be a linear map away from the victim's inside: 4 x 4 block means. */
export const backbone: FeatureEncoder = {
  dimension: 48,
  embed: async (images) => {
    const data = new Float32Array(images.count * 48);
    for (let at = 0; at < images.data.length; at++) {
      const image = Math.floor(at / (side * side * 3));
      const [x, y] = [Math.floor(at / 3) % side, Math.floor(at / 3 / side) % side];
      const block = (Math.floor(y / 2) * 4 + Math.floor(x / 2)) * 3 + (at % 3);
      data[image * 48 + block] = (data[image * 48 + block] ?? 0) + (images.data[at] ?? 0) / 255 / 4;
    }
    return matrix(data, images.count, 48);
  },
};

/** Stands where an attack has not declared `usesPublicEncoder`: its cells would not say which encoder it was. */
const undeclared: FeatureEncoder = {
  ...backbone,
  embed: () => Promise.reject(new Error('an attack used the public encoder without saying so')),
};

/** A classifier on the victim's embeddings: the sign of the first coordinate. */
function signs(replies: Matrix): Int32Array {
  return Int32Array.from({ length: replies.rows }, (_, row) =>
    (replies.data[row * dimension] ?? 0) > 0 ? 1 : 0,
  );
}

/** One slot in memory that counts how often it was written. */
export interface CountedSlot extends CheckpointSlot {
  saves(): number;
}

export function countedSlot(): CountedSlot {
  let saved: Checkpoint | undefined;
  let count = 0;
  return {
    load: async () => saved,
    save: async (checkpoint) => {
      // A copy, as a file would be: what the attack does with its arrays afterwards changes nothing here.
      saved = structuredClone(checkpoint);
      count += 1;
    },
    saves: () => count,
  };
}

export interface Run extends AttackOutcome {
  readonly oracle: MeteredOracle;
  /** Different images that were sent and are none of the pool's. */
  readonly made: number;
  readonly progress: readonly number[];
  /** Checkpoints it wrote. */
  readonly saves: number;
}

export interface StealOptions {
  readonly budget?: number;
  readonly defense?: string;
  readonly accounts?: number;
  readonly seed?: number;
  readonly epochs?: number;
  readonly slot?: CountedSlot;
  readonly context?: Partial<AttackContext>;
}

/** An attack as it is spelled, or one that no registry has. */
export type Subject = string | AttackDefinition;

/** Runs an attack as a cell would, on a fresh account book. */
export async function steal(engine: Engine, subject: Subject, options: StealOptions = {}): Promise<Run> {
  const { attack, config } = resolve(subject);
  const budget = attack.meta.control === true ? 0 : (options.budget ?? 128);
  const chain = parseChain(options.defense ?? 'none');
  const key = createRng('service');
  const calibration = calibrateChain(chain, await victim(held), key);
  const made = new Set<string>();
  const oracle = createOracle({
    answer: (images) => {
      for (const hash of images.hashes) if (!ofPool.has(hash)) made.add(hash);
      return victim(images);
    },
    openSession: (account) => openChainSession(chain, calibration, account, key),
    dimension,
    budget: attack.queryAllowance?.(config, budget) ?? budget,
    accounts: options.accounts ?? 1,
    imageBytes: side * side * 3,
  });
  const progress: number[] = [];
  const slot = options.slot ?? countedSlot();
  const before = slot.saves();
  const context: AttackContext = {
    oracle,
    pool,
    poolLabels: Int32Array.from({ length: pool.count }, (_, at) => at % 3),
    publicEncoder:
      typeof subject === 'string' && attack.meta.usesPublicEncoder !== true ? undeclared : backbone,
    defense: {
      chain,
      simulate: (embeddings, rng) =>
        openChainSession(chain, calibrateChain(chain, embeddings, rng), 0, rng).reply(
          embeddings,
          Array.from({ length: embeddings.rows }, (_, row) => `simulated/${row}`),
        ),
    },
    taskHeads: [{ task: 'sign', classes: 2, classify: async (replies) => signs(replies) }],
    surrogate: { architecture: 'small-cnn', inputSize: side, epochs: options.epochs ?? 1, batchSize: 32 },
    backbone,
    checkpoint: slot,
    rng: createRng(options.seed ?? 1),
    engine,
    signal: new AbortController().signal,
    progress: (fraction) => progress.push(fraction),
    log: () => undefined,
    ...options.context,
  };
  const outcome = await runAttack(attack, context, { config, budget });
  return { ...outcome, oracle, made: made.size, progress, saves: slot.saves() - before };
}

function resolve(subject: Subject): {
  readonly attack: AttackDefinition;
  readonly config: Readonly<Record<string, unknown>>;
} {
  if (typeof subject !== 'string') return { attack: subject, config: subject.config.parse({}) };
  const { id, config } = parseAttack(subject);
  const attack = findAttack(id);
  if (attack === undefined) throw new Error(id);
  return { attack, config };
}

export const rowsSpent = ({ oracle }: Pick<Run, 'oracle'>): number =>
  oracle.ledger().reduce((total, { rows }) => total + rows, 0);

/** Share of the victim's variance on unseen images that the surrogate explains. */
export async function explained(engine: Engine, model: SurrogateModel): Promise<number> {
  const surrogate = await openSurrogate(engine, model, backbone);
  const [got, wanted] = [await surrogate.embed(held), await victim(held)];
  await surrogate.dispose();
  const means = Array.from({ length: dimension }, (_, d) => {
    let sum = 0;
    for (let row = 0; row < held.count; row++) sum += wanted.data[row * dimension + d] ?? 0;
    return sum / held.count;
  });
  let [error, variance] = [0, 0];
  wanted.data.forEach((value, at) => {
    error += (value - (got.data[at] ?? 0)) ** 2;
    variance += (value - (means[at % dimension] ?? 0)) ** 2;
  });
  return 1 - error / variance;
}
