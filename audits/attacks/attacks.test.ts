import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Images, type Matrix, matrix, sliceImages } from '../contract/data.ts';
import type { Engine } from '../contract/engine.ts';
import type {
  AttackContext,
  AttackOutcome,
  Checkpoint,
  FeatureEncoder,
  SurrogateModel,
} from '../contract/method.ts';
import { hashedImages } from '../datasets/image-hash.ts';
import { calibrateChain, openChainSession, parseChain } from '../defenses/chain.ts';
import { createOracle, type MeteredOracle } from '../oracle.ts';
import { createRng } from '../rng.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { createEngine } from '../tensor/engine.ts';
import { attacks, findAttack } from './registry.ts';
import { completeAttack, parseAttack, spellAttack } from './resolve.ts';
import { runAttack } from './run-attack.ts';

const side = 8;
const dimension = 5;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

/** Images of two to four random blobs of color: smooth, all different. */
function blobs(count: number, seed: string): Images {
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

async function victim(images: Images): Promise<Matrix> {
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

const pool = blobs(400, 'pool');
const held = blobs(200, 'held out');

/** A public encoder that happens to be a linear map away from the victim's inside: 4 x 4 block means. */
const backbone: FeatureEncoder = {
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

/** A classifier on the victim's embeddings: the sign of the first coordinate. */
function signs(replies: Matrix): Int32Array {
  return Int32Array.from({ length: replies.rows }, (_, row) =>
    (replies.data[row * dimension] ?? 0) > 0 ? 1 : 0,
  );
}

interface Run extends AttackOutcome {
  readonly oracle: MeteredOracle;
  readonly progress: readonly number[];
}

async function steal(
  text: string,
  options: {
    readonly budget?: number;
    readonly defense?: string;
    readonly accounts?: number;
    readonly seed?: number;
    readonly context?: Partial<AttackContext>;
  } = {},
): Promise<Run> {
  const { id, config } = parseAttack(text);
  const attack = findAttack(id);
  if (attack === undefined) throw new Error(id);
  const budget = attack.meta.control === true ? 0 : (options.budget ?? 128);
  const chain = parseChain(options.defense ?? 'none');
  const key = createRng('service');
  const calibration = calibrateChain(chain, await victim(held), key);
  const oracle = createOracle({
    answer: victim,
    openSession: (account) => openChainSession(chain, calibration, account, key),
    dimension,
    budget: attack.queryAllowance?.(config, budget) ?? budget,
    accounts: options.accounts ?? 1,
    imageBytes: side * side * 3,
  });
  const progress: number[] = [];
  let saved: Checkpoint | undefined;
  const context: AttackContext = {
    oracle,
    pool,
    poolLabels: Int32Array.from({ length: pool.count }, (_, at) => at % 3),
    publicEncoder: backbone,
    defense: {
      chain,
      simulate: (embeddings, rng) =>
        openChainSession(chain, calibrateChain(chain, embeddings, rng), 0, rng).reply(
          embeddings,
          Array.from({ length: embeddings.rows }, (_, row) => `simulated/${row}`),
        ),
    },
    taskHeads: [{ task: 'sign', classes: 2, classify: async (replies) => signs(replies) }],
    surrogate: { architecture: 'small-cnn', inputSize: side, epochs: 1, batchSize: 32 },
    backbone,
    checkpoint: {
      load: async () => saved,
      save: async (checkpoint) => {
        saved = checkpoint;
      },
    },
    rng: createRng(options.seed ?? 1),
    engine,
    signal: new AbortController().signal,
    progress: (fraction) => progress.push(fraction),
    log: () => undefined,
    ...options.context,
  };
  return { ...(await runAttack(attack, context, { config, budget })), oracle, progress };
}

/** Share of the victim's variance on unseen images that the surrogate explains. */
async function explained(model: SurrogateModel): Promise<number> {
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

const rowsSpent = ({ oracle }: Run): number => oracle.ledger().reduce((total, { rows }) => total + rows, 0);

describe('the registry', () => {
  test('lists exactly the methods in its folder', () => {
    const files = readdirSync(import.meta.dirname)
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .filter((file) =>
        readFileSync(path.join(import.meta.dirname, file), 'utf8').includes(' = defineAttack({'),
      )
      .map((file) => file.slice(0, -3));
    expect(attacks.map(({ meta }) => meta.id).sort()).toEqual(files.sort());
  });

  test.each(attacks.map((attack) => [attack.meta.id, attack] as const))(
    '%s is described and its defaults hold',
    (id, { meta, config }) => {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(meta.version).toBeGreaterThanOrEqual(1);
      for (const text of [meta.title, meta.summary, meta.knowledge, meta.reference.authors])
        expect(text.length).toBeGreaterThan(3);
      expect(meta.reference.title.length).toBeGreaterThan(10);
      expect(meta.reference.venue).not.toBe('');
      expect(meta.reference.year).toBeGreaterThan(2000);
      const defaults = config.parse({});
      expect(completeAttack({ id, config: {} }).config).toEqual(defaults);
      expect(spellAttack(parseAttack(id))).toBe(id);
    },
  );

  test.each([
    ['direct-extraction:loss=mse:views=2', 'direct-extraction:views=2'],
    [
      'repeat-averaging:repeats=16:base=backbone-stitching',
      'repeat-averaging:base=backbone-stitching:repeats=16',
    ],
    [
      'repeat-averaging:base=direct-extraction/views=1/loss=infonce',
      'repeat-averaging:base=direct-extraction/loss=infonce',
    ],
    ['repeat-averaging:base=direct-extraction/loss=mse', 'repeat-averaging'],
  ])('%s is spelled %s', (text, canonical) => {
    expect(spellAttack(parseAttack(text))).toBe(canonical);
    expect(parseAttack(canonical)).toEqual(parseAttack(text));
  });

  test.each([
    ['repeat-averaging:base=no-victim', /cannot be a base attack; choose direct-extraction/],
    ['repeat-averaging:base=repeat-averaging', /cannot be a base attack/],
    ['repeat-averaging:base=direct-extraction/loss=l7', /loss/],
    ['direct-extraction:views=3', /views must be 1 or 2/],
    ['direct-extraction+no-victim', /one at a time/],
    ['theft', /There is no attack "theft"; there are no-victim/],
  ])('%s is refused with a reason', (text, reason) => {
    expect(() => parseAttack(text)).toThrow(reason);
  });
});

describe('what a plan may ask', () => {
  const facts = { hasBackbone: false, hasProjection: false, hasPoolLabels: false, accounts: 1, defense: [] };

  test.each([
    'no-victim:variant=backbone',
    'backbone-stitching:features=backbone',
    'repeat-averaging:base=backbone-stitching/features=backbone',
  ])('%s needs a public encoder', (text) => {
    const { id, config } = parseAttack(text);
    expect(findAttack(id)?.notApplicable?.(config, facts)).toMatch(/--backbone/);
    expect(findAttack(id)?.notApplicable?.(config, { ...facts, hasBackbone: true })).toBeUndefined();
  });

  test.each([
    ['direct-extraction:loss=barlow', /add views=2/],
    ['direct-extraction:loss=mse:temperature=1', /mse has no temperature/],
    ['direct-extraction:positives=first', /infonce with two views/],
    ['direct-extraction:loss=supcon:views=2', /needs the class of every queried image/],
  ])('%s does not apply', (text, reason) => {
    const { id, config } = parseAttack(text);
    expect(findAttack(id)?.notApplicable?.(config, facts)).toMatch(reason);
  });

  test('access-head needs a projection output', () => {
    const { id, config } = parseAttack('access-head');
    expect(findAttack(id)?.notApplicable?.(config, facts)).toMatch(/--projection/);
    expect(findAttack(id)?.notApplicable?.(config, { ...facts, hasProjection: true })).toBeUndefined();
  });

  test('supcon applies to a pool with classes', () => {
    const { id, config } = parseAttack('direct-extraction:loss=supcon:views=2');
    expect(findAttack(id)?.notApplicable?.(config, { ...facts, hasPoolLabels: true })).toBeUndefined();
  });

  test('a denoiser costs queries or images, and the training of its base', () => {
    const surrogate = { architecture: 'small-cnn', inputSize: 32, epochs: 10, batchSize: 64 };
    const ask = (text: string): readonly (number | undefined)[] => {
      const { id, config } = parseAttack(text);
      const attack = findAttack(id);
      return [
        attack?.queryAllowance?.(config, 100),
        attack?.trainedImages?.(config, { budget: 100, surrogate }),
      ];
    };
    expect(ask('no-victim')).toEqual([0, 0]);
    expect(ask('direct-extraction')).toEqual([100, 1000]);
    expect(ask('direct-extraction:views=2')).toEqual([100, 1000]);
    expect(ask('stolen-encoder:copies=3')).toEqual([100, 4000]);
    expect(ask('cont-steal')).toEqual([100, 1000]);
    expect(ask('cont-steal:queries=every-epoch')).toEqual([100, 100]);
    expect(ask('jacobian-augmentation:rounds=2')).toEqual([100, 1750]);
    expect(ask('rda')).toEqual([100, 500]);
    expect(ask('rda:loss=prototypes:patches=3')).toEqual([100, 330]);
    expect(ask('repeat-averaging:base=backbone-stitching')).toEqual([100, 0]);
    expect(ask('repeat-averaging')).toEqual([100, 250]);
    expect(ask('repeat-averaging:equal=images')).toEqual([400, 1000]);
  });
});

/** One row per way of working: rows it spends of a budget of 128, and the images behind them. */
const table: readonly {
  readonly text: string;
  readonly rows: number;
  /** Summed over accounts. */
  readonly unique: number;
  readonly accounts?: number;
}[] = [
  { text: 'no-victim', rows: 0, unique: 0 },
  { text: 'no-victim:variant=backbone', rows: 0, unique: 0 },
  { text: 'direct-extraction', rows: 128, unique: 128 },
  { text: 'direct-extraction:loss=infonce:views=2', rows: 128, unique: 128 },
  { text: 'direct-extraction:loss=infonce:views=2:positives=first', rows: 128, unique: 128 },
  { text: 'direct-extraction:loss=softnn:temperature=1', rows: 128, unique: 128 },
  { text: 'direct-extraction:loss=supcon:views=2', rows: 128, unique: 128 },
  { text: 'direct-extraction:loss=barlow:views=2', rows: 128, unique: 128 },
  { text: 'direct-extraction:loss=symmetrized:views=2', rows: 128, unique: 128 },
  { text: 'backbone-stitching', rows: 128, unique: 128 },
  { text: 'backbone-stitching:features=backbone', rows: 128, unique: 128 },
  { text: 'stolen-encoder', rows: 128, unique: 128 },
  { text: 'stolen-encoder:copies=3:distance=cosine:lambda=9', rows: 128, unique: 128 },
  { text: 'cont-steal', rows: 128, unique: 128 },
  { text: 'cont-steal:queries=every-epoch', rows: 128, unique: 128 },
  // Patches of 8 x 8 pixels leave little to draw: some are drawn twice.
  { text: 'rda', rows: 120, unique: 112 },
  { text: 'rda:loss=prototypes:patches=4', rows: 128, unique: 126 },
  { text: 'dimension-recovery', rows: 128, unique: 128 },
  { text: 'jacobian-augmentation:rounds=2', rows: 128, unique: 128 },
  { text: 'access-head', rows: 128, unique: 128 },
  { text: 'label-extraction', rows: 128, unique: 128 },
  { text: 'repeat-averaging', rows: 128, unique: 32 },
  { text: 'repeat-averaging:equal=images:repeats=2', rows: 256, unique: 128 },
  { text: 'repeat-averaging:base=direct-extraction:repeats=3', rows: 126, unique: 42 },
  { text: 'view-averaging', rows: 128, unique: 128 },
  { text: 'view-averaging:equal=images:views=2:change=grey', rows: 256, unique: 256 },
  { text: 'affine-removal', rows: 128, unique: 128 },
  { text: 'inverse-fit', rows: 128, unique: 128 },
  { text: 'masked-regression', rows: 128, unique: 128 },
  { text: 'masked-regression:fit=closed-form', rows: 128, unique: 128 },
  { text: 'inverse-fit:base=backbone-stitching:map=spectral', rows: 128, unique: 128 },
  { text: 'affine-removal:base=direct-extraction/views=2/loss=infonce', rows: 128, unique: 128 },
  { text: 'sybil-remap:base=backbone-stitching', rows: 128, unique: 128, accounts: 3 },
  { text: 'sybil-remap:anchors=16', rows: 128, unique: 128, accounts: 2 },
  { text: 'sybil-remap:method=multi-head', rows: 128, unique: 128, accounts: 2 },
  { text: 'sybil-remap:base=backbone-stitching:method=unpaired', rows: 128, unique: 128, accounts: 2 },
  { text: 'defense-aware-schedule:base=backbone-stitching:every=16:noisy=weight', rows: 127, unique: 119 },
  { text: 'defense-aware-schedule:base=backbone-stitching:onset=false', rows: 128, unique: 128, accounts: 2 },
];

describe.each(table)('$text', ({ text, rows, unique, accounts = 1 }) => {
  test('spends what it may, and the same seed gives the same surrogate', async () => {
    const defense = text.startsWith('label-extraction') ? 'none' : 'gaussian-noise';
    const first = await steal(text, { defense, accounts });
    expect(rowsSpent(first)).toBe(rows);
    expect(first.oracle.ledger().reduce((total, entry) => total + entry.uniqueInputs, 0)).toBe(unique);
    expect(first.progress).toEqual(first.progress.toSorted((a, b) => a - b));
    const again = await steal(text, { defense, accounts });
    expect(again.surrogate).toEqual(first.surrogate);
    expect(again.diagnostics).toEqual(first.diagnostics);
  });

  test('a cancelled audit stops it, and it says so', async () => {
    const control = new AbortController();
    control.abort();
    await expect(steal(text, { accounts, context: { signal: control.signal } })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});

test.each([
  'direct-extraction',
  'stolen-encoder',
  'cont-steal',
  'rda:patches=8',
  'dimension-recovery',
  'jacobian-augmentation:rounds=1',
  'backbone-stitching:features=backbone',
  'repeat-averaging:base=backbone-stitching/features=backbone',
])('%s spreads its queries over the accounts it holds', async (text) => {
  const ledger = (await steal(text, { accounts: 2 })).oracle.ledger();
  expect(ledger.map(({ account, rows }) => [account, rows])).toEqual([
    [0, 64],
    [1, 64],
  ]);
});

test('cancelling in the middle of training stops there', async () => {
  const control = new AbortController();
  const progress = (fraction: number): void => {
    if (fraction > 0.5) control.abort();
  };
  await expect(
    steal('direct-extraction', { context: { signal: control.signal, progress } }),
  ).rejects.toMatchObject({ code: 'cancelled' });
});

describe('stolen and not stolen', () => {
  test('extraction explains the victim on unseen images; the control does not', async () => {
    const surrogate = { architecture: 'small-cnn', inputSize: side, epochs: 10, batchSize: 32 };
    const trained = await steal('direct-extraction', { budget: 320, context: { surrogate } });
    expect(await explained(trained.surrogate)).toBeGreaterThan(0.4);
    expect(await explained((await steal('no-victim')).surrogate)).toBeLessThan(0);
  });

  test('stitching on a backbone a linear map away takes nearly everything', async () => {
    const { surrogate } = await steal('backbone-stitching:features=backbone', { budget: 300 });
    expect(await explained(surrogate)).toBeGreaterThan(0.9);
  });

  test('own self-supervised training brings its loss down without a query', async () => {
    const small = sliceImages(pool, 0, 64);
    const surrogate = { architecture: 'small-cnn', inputSize: side, epochs: 8, batchSize: 32 };
    const run = await steal('no-victim:variant=own-ssl', { context: { pool: small, surrogate } });
    expect(rowsSpent(run)).toBe(0);
    expect(run.diagnostics['finalLoss']).toBeLessThan(run.diagnostics['firstLoss'] ?? 0);
  });

  test('averaging beats the base against fresh noise at equal images, not against keyed noise', async () => {
    const gain = async (defense: string): Promise<number> => {
      const base = await steal('backbone-stitching:features=backbone', { defense, budget: 100 });
      const averaged = await steal(
        'repeat-averaging:base=backbone-stitching/features=backbone:equal=images:repeats=16',
        { defense, budget: 100 },
      );
      return (await explained(averaged.surrogate)) - (await explained(base.surrogate));
    };
    expect(await gain('gaussian-noise:sigma=2')).toBeGreaterThan(0.1);
    expect(Math.abs(await gain('gaussian-noise:sigma=2:mode=keyed'))).toBeLessThan(1e-6);
  });

  test('with several accounts the repeats also average noise keyed by account', async () => {
    const text = 'repeat-averaging:base=backbone-stitching/features=backbone:equal=images:repeats=8';
    const options = { defense: 'gaussian-noise:sigma=2:mode=keyed', budget: 100 };
    const one = await steal(text, options);
    const many = await steal(text, { ...options, accounts: 8 });
    expect(await explained(many.surrogate)).toBeGreaterThan((await explained(one.surrogate)) + 0.1);
  });
});

describe('the base', () => {
  test('an attack that finds too little budget says so', async () => {
    await expect(steal('repeat-averaging:repeats=64', { budget: 100 })).rejects.toMatchObject({
      code: 'not-applicable',
    });
  });

  test('a missing backbone is not applicable, not a crash', async () => {
    const { backbone: _none, ...without } = { backbone };
    await expect(
      steal('backbone-stitching:features=backbone', {
        context: { ...without, backbone: undefined as unknown as FeatureEncoder },
      }),
    ).rejects.toMatchObject({ code: 'not-applicable' });
  });
});
