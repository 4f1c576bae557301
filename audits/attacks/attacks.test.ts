import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sliceImages } from '../contract/data.ts';
import type { Engine, StepDefinition, StepValues } from '../contract/engine.ts';
import type { AttackDefinition, FeatureEncoder } from '../contract/method.ts';
import { createEngine } from '../tensor/engine.ts';
import {
  cancellationComplaints,
  determinismComplaints,
  resumeComplaints,
  runWhole,
  spendingComplaints,
  type Case,
} from '../../test/helpers/attack-checks.ts';
import * as toy from '../../test/helpers/attack-runs.ts';
import {
  backbone,
  pool,
  rowsSpent,
  side,
  type Run,
  type StealOptions,
} from '../../test/helpers/attack-runs.ts';
import { plantedAttacks, soundAttack } from '../../test/helpers/planted-attacks.ts';
import { attacks, findAttack } from './registry.ts';
import { completeAttack, parseAttack, spellAttack } from './resolve.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine('onnx', { threads: 1 });
});
afterAll(async () => engine.dispose());

const steal = (text: string, options?: StealOptions): Promise<Run> => toy.steal(engine, text, options);
const explained = (model: Run['surrogate']): Promise<number> => toy.explained(engine, model);

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

  test('every attack has a row in the table of behaviors', () => {
    for (const { meta } of attacks)
      expect(table.some(({ text }) => text.split(':')[0] === meta.id)).toBe(true);
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
    ['direct-extraction:loss=barlow', /add views=2 \(direct-extraction:loss=barlow:views=2\)\.$/],
    ['direct-extraction:loss=supcon:views=1', /compares two views of each image: add views=2/],
    ['repeat-averaging:base=direct-extraction/loss=symmetrized', /add views=2/],
    ['direct-extraction:loss=mse:temperature=1', /mse has no temperature/],
    ['direct-extraction:positives=first', /infonce with two views/],
    ['direct-extraction:queryAugmentation=none', /queryAugmentation/],
    ['direct-extraction:queryAugmentation=simclr:views=2', /leave out queryAugmentation/],
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
    'watermark-removal:base=backbone-stitching/features=backbone',
  ])('%s needs a public encoder', (text) => {
    const { id, config } = parseAttack(text);
    expect(findAttack(id)?.notApplicable?.(config, facts)).toMatch(/--backbone/);
    expect(findAttack(id)?.notApplicable?.(config, { ...facts, hasBackbone: true })).toBeUndefined();
  });

  test.each([
    ['direct-extraction:loss=supcon:views=2', /needs the class of every queried image/],
    ['watermark-removal:base=backbone-stitching:method=fine-tune', /Only a network can be tuned/],
    ['watermark-removal:base=direct-extraction/views=2:method=cse', /sends views of the images/],
    ['watermark-removal:base=direct-extraction/queryAugmentation=simclr:method=cse', /sends views of the/],
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
        attack?.trainedImages?.(config, { budget: 100, accounts: 1, poolImages: 400, surrogate }),
      ];
    };
    expect(ask('no-victim')).toEqual([0, 0]);
    expect(ask('direct-extraction')).toEqual([100, 1000]);
    expect(ask('direct-extraction:views=2')).toEqual([100, 1000]);
    expect(ask('stolen-encoder:copies=3')).toEqual([100, 4000]);
    expect(ask('cont-steal')).toEqual([100, 1000]);
    expect(ask('cont-steal:queries=every-epoch')).toEqual([100, 100]);
    expect(ask('jacobian-augmentation:rounds=2')).toEqual([100, 1750]);
    expect(ask('recreate-head')).toEqual([100, 1000]);
    expect(ask('rda')).toEqual([100, 500]);
    expect(ask('rda:loss=prototypes:patches=3')).toEqual([100, 330]);
    expect(ask('repeat-averaging:base=backbone-stitching')).toEqual([100, 0]);
    expect(ask('repeat-averaging')).toEqual([100, 250]);
    expect(ask('repeat-averaging:equal=images')).toEqual([400, 1000]);
    expect(ask('watermark-removal')).toEqual([100, 1000]);
    expect(ask('watermark-removal:method=average')).toEqual([100, 250]);
    expect(ask('watermark-removal:method=distill')).toEqual([100, 2000]);
    // Three epochs more of ten.
    expect(ask('watermark-removal:method=fine-tune')).toEqual([100, 1300]);
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
  { text: 'direct-extraction:queryAugmentation=simclr-rotation', rows: 128, unique: 128 },
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
  // Each of three epochs asks for a third of the budget.
  { text: 'cont-steal:queries=every-epoch', rows: 126, unique: 126 },
  // Patches of 8 x 8 pixels leave little to draw: some are drawn twice.
  { text: 'rda', rows: 120, unique: 112 },
  { text: 'rda:loss=prototypes:patches=4', rows: 128, unique: 126 },
  { text: 'dimension-recovery', rows: 128, unique: 128 },
  { text: 'jacobian-augmentation:rounds=2', rows: 128, unique: 128 },
  { text: 'recreate-head', rows: 128, unique: 128 },
  { text: 'recreate-head:method=infonce:headEpochs=1:loss=mse', rows: 128, unique: 128 },
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
  { text: 'inverse-fit:base=backbone-stitching:map=mlp', rows: 128, unique: 128 },
  { text: 'affine-removal:base=direct-extraction/views=2/loss=infonce', rows: 128, unique: 128 },
  { text: 'sybil-remap:base=backbone-stitching', rows: 128, unique: 128, accounts: 3 },
  { text: 'sybil-remap:anchors=16', rows: 128, unique: 128, accounts: 2 },
  { text: 'sybil-remap:method=multi-head', rows: 128, unique: 128, accounts: 2 },
  { text: 'sybil-remap:base=backbone-stitching:method=unpaired', rows: 128, unique: 128, accounts: 2 },
  { text: 'defense-aware-schedule:base=backbone-stitching:every=16:noisy=weight', rows: 127, unique: 119 },
  { text: 'defense-aware-schedule:base=backbone-stitching:onset=false', rows: 128, unique: 128, accounts: 2 },
  { text: 'watermark-removal', rows: 128, unique: 128 },
  { text: 'watermark-removal:base=backbone-stitching:method=permute', rows: 128, unique: 128 },
  { text: 'watermark-removal:base=backbone-stitching:kept=0.4:method=truncate', rows: 128, unique: 128 },
  { text: 'watermark-removal:base=backbone-stitching:method=average', rows: 128, unique: 128 },
  { text: 'watermark-removal:base=direct-extraction/views=2:method=distill', rows: 128, unique: 128 },
  { text: 'watermark-removal:method=fine-tune', rows: 128, unique: 128 },
  { text: 'watermark-removal:method=prune', rows: 128, unique: 128 },
  { text: 'watermark-removal:base=backbone-stitching:method=cse', rows: 128, unique: 128 },
];

describe.each(table)('$text', ({ text, rows, unique, accounts = 1 }) => {
  const defense = text.startsWith('label-extraction') ? 'none' : 'gaussian-noise';
  const given = (held: number): Case => ({ engine, subject: text, options: { defense, accounts: held } });
  let whole: Run | string;
  beforeAll(async () => {
    whole = await runWhole(given(accounts));
  });

  test('spends what it may', () => {
    expect(spendingComplaints(whole, rows, unique)).toEqual([]);
  });

  test('the same seed gives the same surrogate', async () => {
    expect(await determinismComplaints(given(accounts), whole)).toEqual([]);
  });

  test('a cancelled audit stops it, and it says so', async () => {
    expect(await cancellationComplaints(given(accounts))).toEqual([]);
  });

  test('stopped in the middle and started again, it ends as in one go', async () => {
    expect(await resumeComplaints(given(accounts), whole, !trainsNetwork(text))).toEqual([]);
  });

  test('two accounts share one budget', async () => {
    const run = await runWhole(given(2));
    expect(typeof run === 'string' ? run : rowsSpent(run)).toBe(rows);
    const used = typeof run === 'string' ? [] : run.oracle.ledger().map(({ account }) => account);
    expect(used).toEqual(rows === 0 ? [] : [0, 1]);
  });
});

/** Whether it, or the attack behind it, runs epochs. */
function trainsNetwork(text: string): boolean {
  const { id, config } = parseAttack(text);
  const surrogate = { architecture: 'small-cnn', inputSize: side, epochs: 1, batchSize: 32 };
  const facts = { budget: 128, accounts: 1, poolImages: pool.count, surrogate };
  return (findAttack(id)?.trainedImages?.(config, facts) ?? 0) > 0;
}

describe('the checks of the table', () => {
  const complaintsAbout = async (attack: AttackDefinition): Promise<readonly string[]> => {
    const subject: Case = { engine, subject: attack, options: { defense: 'gaussian-noise' } };
    const whole = await runWhole(subject);
    const parts = [
      spendingComplaints(whole, 128, 128),
      await determinismComplaints(subject, whole),
      await cancellationComplaints(subject),
      await resumeComplaints(subject, whole, false),
    ];
    return [...new Set(parts.flat())];
  };

  test('have nothing to say about a sound attack', async () => {
    expect(await complaintsAbout(soundAttack())).toEqual([]);
  });

  test.each(plantedAttacks)('catch one that $fault', async ({ plant, complaint }) => {
    expect((await complaintsAbout(plant())).join('; ')).toMatch(complaint);
  });
});

test.each([
  'direct-extraction',
  'stolen-encoder',
  'cont-steal',
  'rda:patches=8',
  'dimension-recovery',
  'recreate-head',
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

/** Views of an image that SimCLR's step draws itself. */
const SIMCLR_VIEWS = 2;

/** Counts images that pass a training step: all inputs of such a step with four dimensions are images. */
function countingEngine(): { readonly counted: Engine; readonly images: () => number } {
  let images = 0;
  const count = (inputs: StepValues, views: number): void => {
    for (const { shape } of Object.values(inputs)) if (shape.length === 4) images += views * (shape[0] ?? 0);
  };
  const counted: Engine = Object.create(engine, {
    compile: {
      value: async <Tensor>(definition: StepDefinition<Tensor>) => {
        const compiled = await engine.compile(definition);
        // A forward pass in training mode is named `train NETWORK`, a training step `train NETWORK (LOSS)`.
        if (!/^train .*\(|^simclr /.test(definition.name)) return compiled;
        const views = definition.name.startsWith('simclr') ? SIMCLR_VIEWS : 1;
        return {
          ...compiled,
          run(inputs: StepValues) {
            count(inputs, views);
            return compiled.run(inputs);
          },
          runMany(inputs: readonly StepValues[]) {
            for (const values of inputs) count(values, views);
            return compiled.runMany(inputs);
          },
        };
      },
    },
  }) as Engine;
  return { counted, images: () => images };
}

/** One row per attack that trains; batches of 8 leave out few rows of an epoch. */
const trainings: readonly { readonly text: string; readonly accounts?: number; readonly defense?: string }[] =
  [
    { text: 'no-victim:variant=own-ssl' },
    { text: 'direct-extraction' },
    { text: 'direct-extraction:loss=infonce:views=2' },
    { text: 'recreate-head' },
    { text: 'access-head' },
    { text: 'label-extraction' },
    { text: 'stolen-encoder:copies=2' },
    { text: 'cont-steal' },
    { text: 'cont-steal:queries=every-epoch' },
    { text: 'rda' },
    { text: 'rda:loss=prototypes' },
    { text: 'masked-regression' },
    { text: 'jacobian-augmentation:rounds=2' },
    { text: 'repeat-averaging' },
    { text: 'view-averaging' },
    { text: 'view-averaging:views=2:base=direct-extraction/loss=infonce/views=2' },
    { text: 'affine-removal' },
    { text: 'inverse-fit', defense: 'rounding' },
    { text: 'sybil-remap', accounts: 5, defense: 'account-transform' },
    { text: 'sybil-remap:method=multi-head', accounts: 5 },
    { text: 'sybil-remap:method=unpaired', accounts: 2 },
    { text: 'defense-aware-schedule', accounts: 5, defense: 'b4b' },
    { text: 'watermark-removal:method=average' },
    { text: 'watermark-removal:method=distill' },
    { text: 'watermark-removal:method=fine-tune' },
  ];

describe('a plan’s estimate of images to train on, and of images made, is what is trained on and sent', () => {
  const budget = 160;
  const surrogate = { architecture: 'small-cnn', inputSize: side, epochs: 1, batchSize: 8 };

  test.each(trainings)('$text', async ({ text, accounts = 1, defense = 'none' }) => {
    const { counted, images } = countingEngine();
    const { made } = await steal(text, {
      budget,
      accounts,
      defense,
      context: { engine: counted, surrogate },
    });
    const { id, config } = parseAttack(text);
    const facts = {
      budget: findAttack(id)?.meta.control === true ? 0 : budget,
      accounts,
      poolImages: pool.count,
      surrogate,
    };
    const declared = findAttack(id)?.trainedImages?.(config, facts);
    const declaredMade = findAttack(id)?.madeImages?.(config, facts) ?? 0;
    // Views of so small images may be alike by chance.
    expect(made).toBeLessThanOrEqual(declaredMade);
    expect(made).toBeGreaterThanOrEqual(0.85 * declaredMade);
    expect(images()).toBeGreaterThan(0);
    expect(Math.abs((declared ?? 0) / images() - 1)).toBeLessThanOrEqual(0.1);
  });

  test('has a row for every attack that trains', () => {
    const listed = new Set(trainings.map(({ text }) => parseAttack(text).id));
    const facts = { budget, accounts: 2, poolImages: pool.count, surrogate };
    for (const attack of attacks) {
      const { id, config } = completeAttack({ id: attack.meta.id, config: {} });
      if ((attack.trainedImages?.(config, facts) ?? 0) > 0) expect([...listed]).toContain(id);
    }
  });
});
