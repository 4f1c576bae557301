import type { Images, Matrix } from '../../audits/contract/data.ts';
import { matrix } from '../../audits/contract/data.ts';
import type { Engine } from '../../audits/contract/engine.ts';
import type { AttackContext, AttackOutcome, FeatureEncoder } from '../../audits/contract/method.ts';
import { hashedImages } from '../../audits/datasets/image-hash.ts';
import { calibrateChain, openChainSession, parseChain } from '../../audits/defenses/chain.ts';
import { createOracle } from '../../audits/oracle.ts';
import { createRng } from '../../audits/rng.ts';
import { findAttack } from '../../audits/attacks/registry.ts';
import { parseAttack } from '../../audits/attacks/resolve.ts';
import { runAttack } from '../../audits/attacks/run-attack.ts';

/** What tests of attacks share: a small world in which everything an attack does can be computed by hand. */

const SIDE = 6;

/** Smooth color gradients, all different. `[count, 6, 6, 3]` */
export function gradients(count: number, seed: string): Images {
  const rng = createRng(seed);
  const data = new Uint8Array(count * SIDE * SIDE * 3);
  for (let image = 0; image < count; image++) {
    const plane = Array.from({ length: 9 }, () => rng.uniform());
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++)
        for (let channel = 0; channel < 3; channel++) {
          const [level = 0, across = 0, down = 0] = plane.slice(3 * channel, 3 * channel + 3);
          const value =
            128 + 60 * (level - 0.5) + 14 * ((across - 0.5) * (x - 2.5) + (down - 0.5) * (y - 2.5));
          data[((image * SIDE + y) * SIDE + x) * 3 + channel] = Math.round(value + 4 * rng.uniform());
        }
  }
  return hashedImages(data, count, SIDE, SIDE);
}

/** Public features: means of the four quarters per channel, in units of their spread. `[count, 12]` */
export const quarters: FeatureEncoder = {
  dimension: 12,
  embed: async (images) => {
    const data = new Float32Array(images.count * 12);
    images.data.forEach((value, at) => {
      const [image, place] = [Math.floor(at / (SIDE * SIDE * 3)), Math.floor(at / 3) % (SIDE * SIDE)];
      const quarter = 2 * Number(place >= (SIDE * SIDE) / 2) + Number(place % SIDE >= SIDE / 2);
      const feature = image * 12 + quarter * 3 + (at % 3);
      data[feature] = (data[feature] ?? 0) + (value - 128) / 9 / 20;
    });
    return matrix(data, images.count, 12);
  },
};

/** A victim that is a fixed random linear map of the public features, moved away from zero. `[count, dimension]` */
export function linearVictim(dimension: number, offset = 0): (images: Images) => Promise<Matrix> {
  const rng = createRng('linear victim');
  const weights = Float32Array.from({ length: 12 * dimension }, () => rng.normal() / 3);
  return async (images) => {
    const features = await quarters.embed(images);
    const data = new Float32Array(images.count * dimension).fill(offset);
    for (let row = 0; row < images.count; row++)
      for (let i = 0; i < 12; i++)
        for (let j = 0; j < dimension; j++) {
          const at = row * dimension + j;
          data[at] = (data[at] ?? 0) + (features.data[row * 12 + i] ?? 0) * (weights[i * dimension + j] ?? 0);
        }
    return matrix(data, images.count, dimension);
  };
}

/** Where an attack runs: everything that differs between tests. */
export interface World {
  readonly engine: Engine;
  readonly victim: (images: Images) => Promise<Matrix>;
  readonly dimension: number;
  readonly budget: number;
  readonly defense?: string;
  readonly accounts?: number;
  readonly context?: Partial<AttackContext>;
}

/** Runs an attack of the registry against the world's victim. The public encoder is `quarters`. */
export async function attackIn(world: World, text: string): Promise<AttackOutcome> {
  const { engine, victim, budget, accounts = 1 } = world;
  const { id, config } = parseAttack(text);
  const attack = findAttack(id);
  if (attack === undefined) throw new Error(id);
  const chain = parseChain(world.defense ?? 'none');
  const key = createRng('service key');
  const pool = gradients(Math.max(64, budget), 'pool');
  const calibration = calibrateChain(chain, await victim(gradients(200, 'provider')), key);
  const opened = (account: number) => openChainSession(chain, calibration, account, key);
  const oracle = createOracle({
    answer: victim,
    openSession: opened,
    dimension: opened(0).reply(await victim(gradients(1, 'one')), ['one']).columns,
    budget: attack.queryAllowance?.(config, budget) ?? budget,
    accounts,
    imageBytes: SIDE * SIDE * 3,
  });
  const context: AttackContext = {
    oracle,
    pool,
    poolLabels: new Int32Array(pool.count).fill(-1),
    publicEncoder: quarters,
    defense: {
      chain,
      simulate: (embeddings, rng) =>
        openChainSession(chain, calibrateChain(chain, embeddings, rng), 0, rng).reply(
          embeddings,
          Array.from({ length: embeddings.rows }, (_, row) => `simulated/${row}`),
        ),
    },
    taskHeads: [],
    surrogate: { architecture: 'small-cnn', inputSize: SIDE, epochs: 1, batchSize: 32 },
    backbone: quarters,
    checkpoint: { load: async () => undefined, save: async () => undefined },
    rng: createRng('attacker'),
    engine,
    signal: new AbortController().signal,
    progress: () => undefined,
    log: () => undefined,
    ...world.context,
  };
  return runAttack(attack, context, { config, budget });
}
