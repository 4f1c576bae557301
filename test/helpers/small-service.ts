import { type Images, type Matrix, matrix } from '../../audits/contract/data.ts';
import type { Engine } from '../../audits/contract/engine.ts';
import type {
  AttackContext,
  AttackOutcome,
  Checkpoint,
  CheckpointSlot,
  Oracle,
} from '../../audits/contract/method.ts';
import { hashedImages } from '../../audits/datasets/image-hash.ts';
import { calibrateChain, openChainSession, parseChain } from '../../audits/defenses/chain.ts';
import { createOracle, type MeteredOracle } from '../../audits/oracle.ts';
import { createRng } from '../../audits/rng.ts';
import { findAttack } from '../../audits/attacks/registry.ts';
import { parseAttack } from '../../audits/attacks/resolve.ts';
import { runAttack } from '../../audits/attacks/run-attack.ts';

/** Side of the images in pixels. */
export const side = 8;
const bytes = side * side * 3;

/** Images of one to three random blobs of color over a random ground: smooth, all different. */
export function blobs(count: number, seed: string): Images {
  const rng = createRng(seed);
  const data = new Uint8Array(count * bytes);
  for (let image = 0; image < count; image++) {
    const ground = [rng.uniform(), rng.uniform(), rng.uniform()];
    const spots = Array.from({ length: 1 + rng.integer(3) }, () => ({
      x: rng.uniform() * side,
      y: rng.uniform() * side,
      width: 1 + 2 * rng.uniform(),
      color: [rng.uniform(), rng.uniform(), rng.uniform()],
    }));
    for (let at = 0; at < bytes; at++) {
      const [x, y, channel] = [Math.floor(at / 3) % side, Math.floor(at / 3 / side), at % 3];
      const glow = spots.reduce(
        (sum, spot) =>
          sum +
          (spot.color[channel] ?? 0) *
            Math.exp(-((x - spot.x) ** 2 + (y - spot.y) ** 2) / (2 * spot.width ** 2)),
        0,
      );
      data[image * bytes + at] = Math.min(255, 255 * (0.5 * (ground[channel] ?? 0) + 0.5 * glow));
    }
  }
  return hashedImages(data, count, side, side);
}

/** `tanh` of a fixed random linear map of 4 x 4 block means. */
export function smallVictim(dimension: number, seed = 'victim'): (images: Images) => Promise<Matrix> {
  const rng = createRng(seed);
  const weights = Float64Array.from({ length: 48 * dimension }, () => rng.normal() / 3);
  return async (images) => {
    const replies = new Float32Array(images.count * dimension);
    for (let image = 0; image < images.count; image++)
      for (let d = 0; d < dimension; d++) {
        let sum = 0;
        for (let at = 0; at < bytes; at++) {
          const [x, y] = [Math.floor(at / 3) % side, Math.floor(at / 3 / side)];
          const block = (Math.floor(y / 2) * 4 + Math.floor(x / 2)) * 3 + (at % 3);
          sum += ((images.data[image * bytes + at] ?? 0) / 255 - 0.4) * (weights[block * dimension + d] ?? 0);
        }
        replies[image * dimension + d] = Math.tanh(sum);
      }
    return matrix(replies, images.count, dimension);
  };
}

export class MemorySlot implements CheckpointSlot {
  saved: Checkpoint | undefined;
  load = (): Promise<Checkpoint | undefined> => Promise.resolve(this.saved);
  save(checkpoint: Checkpoint): Promise<void> {
    this.saved = structuredClone(checkpoint);
    return Promise.resolve();
  }
}

export interface SmallRun extends AttackOutcome {
  readonly oracle: MeteredOracle;
  /** Every image that was answered, call after call, and the account it was sent on. */
  readonly calls: readonly { readonly account: number; readonly images: Images }[];
}

/** Runs an attack as a cell would, against a victim of 8 x 8 images. */
export async function attackService(
  text: string,
  service: {
    readonly engine: Engine;
    readonly victim: (images: Images) => Promise<Matrix>;
    readonly dimension: number;
    readonly pool: Images;
    readonly budget: number;
    readonly defense?: string;
    readonly accounts?: number;
    readonly epochs?: number;
    /** Stands before the metered oracle: a service with a mind of its own. */
    readonly guard?: (oracle: Oracle) => Oracle;
    readonly context?: Partial<AttackContext>;
  },
): Promise<SmallRun> {
  const { engine, victim, pool, budget, epochs = 1 } = service;
  const { id, config } = parseAttack(text);
  const attack = findAttack(id);
  if (attack === undefined) throw new RangeError(`there is no attack ${id}`);
  const chain = parseChain(service.defense ?? 'none');
  const key = createRng('service');
  const calibration = calibrateChain(chain, await victim(pool), key);
  const metered = createOracle({
    answer: victim,
    openSession: (account) => openChainSession(chain, calibration, account, key),
    dimension: service.dimension,
    budget: attack.queryAllowance?.(config, budget) ?? budget,
    accounts: service.accounts ?? 1,
    imageBytes: bytes,
  });
  const calls: { account: number; images: Images }[] = [];
  const observed: Oracle = {
    ...metered,
    async query(images, account = 0) {
      calls.push({ account, images });
      return metered.query(images, account);
    },
  };
  const context: AttackContext = {
    oracle: service.guard?.(observed) ?? observed,
    pool,
    poolLabels: new Int32Array(pool.count).fill(-1),
    publicEncoder: { dimension: service.dimension, embed: smallVictim(service.dimension, 'public') },
    defense: { chain, simulate: (embeddings) => embeddings },
    taskHeads: [],
    surrogate: { architecture: 'small-cnn', inputSize: side, epochs, batchSize: 32 },
    checkpoint: new MemorySlot(),
    rng: createRng(1),
    engine,
    signal: new AbortController().signal,
    progress: () => undefined,
    log: () => undefined,
    ...service.context,
  };
  return { ...(await runAttack(attack, context, { config, budget })), oracle: metered, calls };
}
