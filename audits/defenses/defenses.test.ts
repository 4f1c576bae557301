import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { completeSpec } from '../contract/configuration.ts';
import { type Matrix, matrix, matrixRows } from '../contract/data.ts';
import type { DefenseDefinition, DefenseSession, RecordedReplies } from '../contract/method.ts';
import { createRng } from '../rng.ts';
import {
  calibrateChain,
  chainMustFace,
  chainOutputDimension,
  openChainMarks,
  openChainSession,
  parseChain,
  providerStatistics,
  spellChain,
  type ChainMark,
} from './chain.ts';
import {
  accountComplaints,
  batchComplaints,
  markComplaints,
  memoryComplaints,
  repeatComplaints,
  type Opened,
} from './defense-checks.sample.ts';
import { markedDefense, plantedDefenses, plantedVerifiers, soundDefense } from './planted-defenses.sample.ts';
import { defenses, findDefense } from './registry.ts';

/** The attacks of the design, shipped or planned: what a defense may demand to be faced with. */
const attackIds = [
  'direct-extraction',
  'recreate-head',
  'access-head',
  'label-extraction',
  'backbone-stitching',
  'stolen-encoder',
  'cont-steal',
  'rda',
  'repeat-averaging',
  'view-averaging',
  'sybil-remap',
  'defense-aware-schedule',
  'affine-removal',
  'inverse-fit',
  'masked-regression',
  'jacobian-augmentation',
  'dimension-recovery',
  'watermark-removal',
];

const dimension = 6;

/** A defense with a configuration, and what must be true of it. One row per way of working. */
const table: readonly {
  readonly text: string;
  readonly faces: readonly string[];
  /** Two accounts get the same replies. */
  readonly sameOnEveryAccount: boolean;
  /** The same input twice in one session gets the same reply. */
  readonly sameOnRepeat: boolean;
  /** Stateless, and yet another service answers otherwise. */
  readonly keyed?: boolean;
}[] = [
  { text: 'none', faces: ['direct-extraction'], sameOnEveryAccount: true, sameOnRepeat: true },
  {
    text: 'gaussian-noise',
    faces: ['direct-extraction', 'repeat-averaging'],
    sameOnEveryAccount: false,
    sameOnRepeat: false,
  },
  {
    text: 'gaussian-noise:mean=3:scale=absolute',
    faces: ['affine-removal', 'repeat-averaging'],
    sameOnEveryAccount: false,
    sameOnRepeat: false,
  },
  {
    text: 'gaussian-noise:mode=keyed',
    faces: ['direct-extraction', 'view-averaging', 'sybil-remap'],
    sameOnEveryAccount: false,
    sameOnRepeat: true,
  },
  {
    text: 'gaussian-noise:mode=static',
    faces: ['affine-removal', 'sybil-remap'],
    sameOnEveryAccount: false,
    sameOnRepeat: true,
  },
  {
    text: 'rounding',
    faces: ['direct-extraction', 'view-averaging', 'inverse-fit'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'top-k',
    faces: ['direct-extraction', 'masked-regression', 'inverse-fit'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'account-transform',
    faces: ['direct-extraction', 'sybil-remap'],
    sameOnEveryAccount: false,
    sameOnRepeat: true,
  },
  {
    text: 'account-transform:family=elementwise',
    faces: ['direct-extraction', 'sybil-remap'],
    sameOnEveryAccount: false,
    sameOnRepeat: true,
  },
  {
    text: 'account-transform:family=affine',
    faces: ['direct-extraction', 'sybil-remap'],
    sameOnEveryAccount: false,
    sameOnRepeat: true,
  },
  {
    text: 'account-transform:family=pad-shuffle',
    faces: ['direct-extraction', 'sybil-remap'],
    sameOnEveryAccount: false,
    sameOnRepeat: true,
  },
  {
    text: 'account-transform:family=binary',
    faces: ['direct-extraction', 'sybil-remap'],
    sameOnEveryAccount: false,
    sameOnRepeat: true,
  },
  {
    text: 'b4b',
    faces: ['repeat-averaging', 'view-averaging', 'sybil-remap', 'defense-aware-schedule'],
    sameOnEveryAccount: false,
    sameOnRepeat: false,
  },
  {
    text: 'b4b:bits=6:calibrate=false:centering=false:scale=absolute',
    faces: ['repeat-averaging', 'view-averaging', 'sybil-remap', 'defense-aware-schedule'],
    sameOnEveryAccount: false,
    sameOnRepeat: false,
  },
  {
    text: 'b4b+account-transform:family=affine',
    faces: ['repeat-averaging', 'view-averaging', 'sybil-remap', 'defense-aware-schedule'],
    sameOnEveryAccount: false,
    sameOnRepeat: false,
  },
  {
    text: 'cell-coverage:cells=8',
    faces: ['repeat-averaging', 'view-averaging', 'sybil-remap', 'defense-aware-schedule'],
    sameOnEveryAccount: false,
    sameOnRepeat: false,
  },
  {
    text: 'quantization',
    faces: ['direct-extraction', 'view-averaging', 'inverse-fit'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'quantization:bits=1',
    faces: ['direct-extraction', 'view-averaging', 'inverse-fit'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'truncation',
    faces: ['direct-extraction', 'dimension-recovery'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'pca-truncation:dims=2',
    faces: ['direct-extraction', 'dimension-recovery'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'prediction-poisoning',
    faces: ['repeat-averaging', 'inverse-fit'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
    keyed: true,
  },
  {
    text: 'norm-hiding',
    faces: ['direct-extraction', 'inverse-fit'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'vector-quantization:words=16:parts=2',
    faces: ['direct-extraction', 'view-averaging', 'inverse-fit'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'pca-truncation+rounding+norm-hiding',
    faces: ['direct-extraction', 'dimension-recovery', 'inverse-fit'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'gaussian-noise+rounding',
    faces: ['repeat-averaging', 'inverse-fit'],
    sameOnEveryAccount: false,
    sameOnRepeat: false,
  },
  {
    text: 'gaussian-noise+gaussian-noise:mode=keyed+top-k:k=2',
    faces: ['repeat-averaging', 'view-averaging', 'masked-regression'],
    sameOnEveryAccount: false,
    sameOnRepeat: false,
  },
  {
    text: 'near-duplicate-guard',
    faces: ['direct-extraction', 'view-averaging', 'sybil-remap'],
    sameOnEveryAccount: true,
    sameOnRepeat: false,
  },
  {
    text: 'near-duplicate-guard:rule=l2:tau=0.001:scale=absolute:replacementMean=1000:sigma=20',
    faces: ['repeat-averaging', 'view-averaging'],
    sameOnEveryAccount: true,
    sameOnRepeat: false,
  },
  {
    text: 'rounding+near-duplicate-guard:history=batch:batchRows=20',
    faces: ['view-averaging', 'inverse-fit'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'prada',
    faces: ['direct-extraction', 'jacobian-augmentation', 'sybil-remap'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'mmd-detector',
    faces: ['direct-extraction', 'sybil-remap'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'mmd-detector:statistic=mmd:window=20',
    faces: ['direct-extraction', 'sybil-remap'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'quota',
    faces: ['direct-extraction', 'sybil-remap'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'proof-of-work',
    faces: ['direct-extraction', 'sybil-remap'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'linear-watermark',
    faces: ['direct-extraction', 'view-averaging', 'sybil-remap', 'watermark-removal'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
    keyed: true,
  },
  {
    text: 'linear-watermark:keys=account:strength=0.3:terms=2',
    faces: ['sybil-remap', 'watermark-removal'],
    sameOnEveryAccount: false,
    sameOnRepeat: true,
  },
  {
    text: 'region-watermark',
    faces: ['direct-extraction', 'view-averaging', 'sybil-remap', 'watermark-removal'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
    keyed: true,
  },
  {
    text: 'region-watermark:keys=account:axes=2:planes=3',
    faces: ['sybil-remap', 'watermark-removal'],
    sameOnEveryAccount: false,
    sameOnRepeat: true,
  },
  {
    text: 'espew:fraction=0.35',
    faces: ['direct-extraction', 'view-averaging', 'sybil-remap', 'watermark-removal'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
    keyed: true,
  },
  {
    text: 'rotation-watermark',
    faces: ['direct-extraction', 'watermark-removal'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'external:digest=recorded',
    faces: ['direct-extraction'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
  {
    text: 'quota:rows=100+rounding+prada',
    faces: ['sybil-remap', 'inverse-fit', 'jacobian-augmentation'],
    sameOnEveryAccount: true,
    sameOnRepeat: true,
  },
];

function sampleOf(rows: number, seed = 1, columns = dimension): Matrix {
  const rng = createRng(seed);
  // Dimensions of different scale and center, so that "relative" differs from "absolute".
  const data = Float32Array.from({ length: rows * columns }, (_, i) => {
    const column = i % columns;
    return column + (1 + column) * rng.normal();
  });
  return matrix(data, rows, columns);
}

function sessionOf(text: string, account = 0, seed = 5): DefenseSession {
  const chain = parseChain(text);
  return openChainSession(
    chain,
    calibrateChain(chain, sampleOf(200), createRng(seed)),
    account,
    createRng(seed),
    new Map([['recorded', recorded]]),
  );
}

function marksOf(text: string, account: number, seed: number): readonly ChainMark[] {
  const chain = parseChain(text);
  return openChainMarks(
    chain,
    calibrateChain(chain, sampleOf(200), createRng(seed)),
    account,
    createRng(seed),
  );
}

/** What `external` answers from: a reply to every input. */
const recorded: RecordedReplies = {
  dimension,
  find: (input) => new Float32Array(dimension).fill(input.length),
};

const names = (rows: number, from = 0): string[] =>
  Array.from({ length: rows }, (_, row) => `input-${from + row}`);

describe('the registry', () => {
  test('lists exactly the methods in its folder', () => {
    const files = readdirSync(import.meta.dirname)
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .filter((file) =>
        readFileSync(path.join(import.meta.dirname, file), 'utf8').includes(' = defineDefense({'),
      )
      .map((file) => file.slice(0, -3));
    expect(defenses.map(({ meta }) => meta.id).sort()).toEqual(files.sort());
  });

  test.each(defenses.map((defense) => [defense.meta.id, defense] as const))(
    '%s is described and its defaults hold',
    (id, defense) => {
      const { meta, config } = defense;
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(meta.version).toBeGreaterThanOrEqual(1);
      for (const text of [meta.title, meta.summary, meta.mechanism, meta.reference.authors])
        expect(text.length).toBeGreaterThan(3);
      expect(meta.reference.title.length).toBeGreaterThan(10);
      expect(meta.reference.venue).not.toBe('');
      expect(meta.reference.year).toBeGreaterThan(2000);
      const defaults = config.parse({});
      expect(config.parse(defaults)).toEqual(defaults);
      const faced = defense.mustFace?.(defaults) ?? meta.mustFace;
      expect(faced.length).toBeGreaterThan(0);
      for (const attack of [...faced, ...meta.mustFace]) expect(attackIds).toContain(attack);
      expect(spellChain(parseChain(id))).toBe(id);
    },
  );

  test('every method has a row in the table of behaviors', () => {
    for (const { meta } of defenses)
      expect(table.some(({ text }) => text.split(/[:+]/)[0] === meta.id)).toBe(true);
  });

  test('an unknown id is named together with those there are', () => {
    expect(() => parseChain('magic')).toThrow(/"magic".*gaussian-noise/);
  });
});

describe.each(table)('$text', ({ text, faces, ...expected }) => {
  const opened: Opened = {
    open: (account, key) => sessionOf(text, account, key),
    batch: sampleOf(40, 2),
    outputDimension: chainOutputDimension(parseChain(text), dimension),
    provider: sampleOf(200),
    ...(marksOf(text, 0, 0).length === 0
      ? {}
      : { verify: (suspect, account, key) => marksOf(text, account, key)[0]?.verify(suspect) ?? Number.NaN }),
  };

  test('finds its own mark, where it leaves one', () => {
    expect(markComplaints(opened)).toEqual([]);
  });

  test('has one canonical spelling', () => {
    expect(spellChain(parseChain(spellChain(parseChain(text))))).toBe(spellChain(parseChain(text)));
  });

  test('names the attacks it must face', () => {
    expect(chainMustFace(parseChain(text))).toEqual(expect.arrayContaining([...faces]));
    for (const attack of chainMustFace(parseChain(text))) expect(attackIds).toContain(attack);
  });

  test('answers a batch as it answers its rows one after the other', () => {
    expect(batchComplaints(opened)).toEqual([]);
  });

  test('answers the same account, key and order the same way, whatever other accounts did', () => {
    expect(accountComplaints(opened, expected)).toEqual([]);
  });

  test('treats a repeated input as its mode says', () => {
    expect(repeatComplaints(opened, expected)).toEqual([]);
  });

  test('returns new memory of the promised shape and leaves the clean embeddings alone', () => {
    expect(memoryComplaints(opened)).toEqual([]);
  });
});

describe('the checks of the table', () => {
  const complaintsAbout = (plant: DefenseDefinition): readonly string[] => {
    const batch = sampleOf(40, 2);
    const opened: Opened = {
      open: (account, key) =>
        plant.openSession({
          config: {},
          provider: providerStatistics(sampleOf(200)),
          account,
          rng: createRng(key),
        }),
      batch,
      outputDimension: dimension,
      provider: sampleOf(200),
      ...(plant.verify === undefined
        ? {}
        : {
            verify: (suspect, account, key) =>
              plant.verify?.(suspect, {
                config: {},
                provider: providerStatistics(sampleOf(200)),
                account,
                rng: createRng(key),
              }) ?? Number.NaN,
          }),
    };
    const expected = { sameOnEveryAccount: true, sameOnRepeat: true, keyed: plant.verify !== undefined };
    return [
      ...batchComplaints(opened),
      ...accountComplaints(opened, expected),
      ...repeatComplaints(opened, expected),
      ...memoryComplaints(opened),
      ...markComplaints(opened),
    ];
  };

  test('have nothing to say about a sound defense', () => {
    expect(complaintsAbout(soundDefense())).toEqual([]);
    expect(complaintsAbout(markedDefense())).toEqual([]);
  });

  test.each([...plantedDefenses, ...plantedVerifiers])('catch one that $fault', ({ plant, complaint }) => {
    expect(complaintsAbout(plant()).join('; ')).toMatch(complaint);
  });
});

describe('gaussian noise', () => {
  const rows = 4000;
  const clean = sampleOf(rows, 3);

  /** Mean and standard deviation of (reply - clean) per dimension. */
  function residual(text: string): { readonly mean: number[]; readonly deviation: number[] } {
    const reply = sessionOf(text).reply(clean, names(rows));
    const columns = Array.from({ length: dimension }, (_, column) =>
      Array.from(
        { length: rows },
        (__, row) =>
          (reply.data[row * dimension + column] ?? 0) - (clean.data[row * dimension + column] ?? 0),
      ),
    );
    const mean = columns.map((values) => values.reduce((a, b) => a + b, 0) / rows);
    const deviation = columns.map((values, column) =>
      Math.sqrt(values.reduce((sum, value) => sum + (value - (mean[column] ?? 0)) ** 2, 0) / rows),
    );
    return { mean, deviation };
  }

  // Five standard errors: sigma / sqrt(n) for a mean, sigma / sqrt(2 n) for a standard deviation.
  const meanTolerance = 5 / Math.sqrt(rows);
  const deviationTolerance = 5 / Math.sqrt(2 * rows);

  test.each(['fresh', 'keyed'])('%s: relative sigma is in units of each dimension', (mode) => {
    const provider = calibrateChain(parseChain('rounding'), sampleOf(200), createRng(0))[0];
    const { mean, deviation } = residual(`gaussian-noise:sigma=0.5:mode=${mode}`);
    for (let column = 0; column < dimension; column++) {
      const sigma = 0.5 * (provider?.standardDeviation[column] ?? 0);
      expect(Math.abs((deviation[column] ?? 0) / sigma - 1)).toBeLessThan(deviationTolerance);
      expect(Math.abs(mean[column] ?? 0) / sigma).toBeLessThan(meanTolerance);
    }
  });

  test('absolute sigma and mean are in embedding units, the paper’s mu = 10', () => {
    const { mean, deviation } = residual('gaussian-noise:sigma=2:mean=10:scale=absolute');
    for (let column = 0; column < dimension; column++) {
      expect(Math.abs((deviation[column] ?? 0) / 2 - 1)).toBeLessThan(deviationTolerance);
      expect(Math.abs((mean[column] ?? 0) - 10) / 2).toBeLessThan(meanTolerance);
    }
  });

  test('static is one offset for all of an account’s replies', () => {
    const { mean, deviation } = residual('gaussian-noise:mode=static');
    for (const value of deviation) expect(value).toBeLessThan(1e-5);
    expect(mean.some((value) => Math.abs(value) > 0.1)).toBe(true);
  });

  test('sigma = 0 keeps the mean: a pure offset', () => {
    const { mean, deviation } = residual('gaussian-noise:sigma=0:mean=4:scale=absolute');
    for (const value of deviation) expect(value).toBeLessThan(1e-5);
    for (const value of mean) expect(value).toBeCloseTo(4, 5);
  });

  test('as coded, sigma = 0 switches the mean off with the noise, and only then', () => {
    const coded = 'gaussian-noise:mean=4:scale=absolute:asCoded=true';
    for (const value of residual(`${coded}:sigma=0`).mean) expect(value).toBe(0);
    for (const value of residual(`${coded}:sigma=0.1`).mean) expect(value).toBeCloseTo(4, 1);
  });

  test('two averaged replies halve the noise variance, if the noise is fresh', () => {
    const noise = (text: string): number => {
      const session = sessionOf(text);
      const [a, b] = [session.reply(clean, names(rows)), session.reply(clean, names(rows))];
      const one = variance(a.data.map((value, i) => value - (clean.data[i] ?? 0)));
      const two = variance(a.data.map((value, i) => (value + (b.data[i] ?? 0)) / 2 - (clean.data[i] ?? 0)));
      return two / one;
    };
    // The ratio of two variances over n = rows * dimension draws; dimensions differ in scale, hence the wide bound.
    expect(Math.abs(noise('gaussian-noise') - 0.5)).toBeLessThan(0.05);
    expect(noise('gaussian-noise:mode=keyed')).toBeCloseTo(1, 5);
  });
});

describe('rounding', () => {
  test('moves no coordinate by more than half a step, and all onto the grid', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ minLength: dimension, maxLength: dimension, min: -100, max: 100, noNaN: true }),
        fc.integer({ min: 0, max: 3 }),
        (values, decimals) => {
          const { data } = sessionOf(`rounding:decimals=${decimals}`).reply(matrix(values, 1, dimension), [
            'x',
          ]);
          data.forEach((value, i) => {
            expect(Math.abs(value - (values[i] ?? 0))).toBeLessThanOrEqual(0.5 * 10 ** -decimals + 1e-5);
            expect(Math.abs(value * 10 ** decimals - Math.round(value * 10 ** decimals))).toBeLessThan(0.01);
            expect(Object.is(value, -0)).toBe(false);
          });
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('top-k', () => {
  const reply = (text: string, values: readonly number[]): number[] =>
    Array.from(sessionOf(text).reply(matrix(Float32Array.from(values), 1, dimension), ['x']).data);

  test('keeps the largest magnitudes where they were', () => {
    expect(reply('top-k:k=2', [1, -5, 2, 0, 4, -3])).toEqual([0, -5, 0, 0, 4, 0]);
  });

  test('a share below 1 is a share of the dimensions, at least one of them', () => {
    expect(reply('top-k:k=0.5', [1, -5, 2, 0, 4, -3])).toEqual([0, -5, 0, 0, 4, -3]);
    expect(reply('top-k:k=0.01', [1, -5, 2, 0, 4, -3])).toEqual([0, -5, 0, 0, 0, 0]);
  });

  test('equal magnitudes go to the lower coordinate; more than there are keeps all', () => {
    expect(reply('top-k:k=1', [2, -2, 2, 2, 2, 2])).toEqual([2, 0, 0, 0, 0, 0]);
    expect(reply('top-k:k=99', [1, -5, 2, 0, 4, -3])).toEqual([1, -5, 2, 0, 4, -3]);
  });

  test.each(['1.5', '0', '-1', 'many'])('refuses k = %s', (k) => {
    expect(() => parseChain(`top-k:k=${k}`)).toThrow(/top-k: k/);
  });
});

describe('chains', () => {
  // A recorded table answers only for the images it holds.
  const stateless = table
    .map(({ text }) => text)
    .filter((text) => text.split(/[:+]/)[0] !== 'external')
    .filter((text) => parseChain(text).every(({ id }) => findDefense(id)?.meta.stateful === false));
  const provider = sampleOf(60);

  test('any chain of stateless defenses is its stages row by row, as wide as declared, in memory of its own', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...stateless), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 1000 }),
        (texts, seed) => {
          const chain = parseChain(texts.join('+'));
          const calibration = calibrateChain(chain, provider, createRng(5));
          const open = (): DefenseSession => openChainSession(chain, calibration, 0, createRng(5));
          const batch = sampleOf(6, seed);
          const before = batch.data.slice();
          const whole = open().reply(batch, names(6));
          expect([whole.rows, whole.columns]).toEqual([6, chainOutputDimension(chain, dimension)]);
          for (let row = 5; row >= 0; row--) {
            const reply = open().reply(matrixRows(batch, row, row + 1), ['whoever']);
            expect(reply.data).toEqual(matrixRows(whole, row, row + 1).data.slice());
          }
          whole.data.fill(9);
          expect(batch.data).toEqual(before);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('each stage is calibrated on the replies of the stages before it', () => {
    const chain = parseChain('top-k:k=1+gaussian-noise');
    const [first, second] = calibrateChain(chain, sampleOf(200), createRng(5));
    expect(first?.embeddings.data).toEqual(sampleOf(200).data);
    // After top-k only the coordinate of largest scale survives often.
    expect(second?.standardDeviation[0] ?? 1).toBeLessThan((first?.standardDeviation[0] ?? 0) / 2);
  });

  test('calibration leaves no trace in an account', () => {
    const chain = parseChain('gaussian-noise');
    const rng = createRng(5);
    const calibration = calibrateChain(chain, sampleOf(200), rng);
    const before = openChainSession(chain, calibration, 0, rng).reply(sampleOf(3), names(3)).data;
    calibrateChain(chain, sampleOf(200), rng);
    expect(openChainSession(chain, calibration, 0, rng).reply(sampleOf(3), names(3)).data).toEqual(before);
    expect(() => openChainSession(chain, calibration, -1, rng)).toThrow(RangeError);
  });

  test('order matters and settings that equal the default are not spelled', () => {
    expect(spellChain(parseChain('rounding:decimals=1 + gaussian-noise:sigma=0.5:mode=keyed'))).toBe(
      'rounding+gaussian-noise:mode=keyed',
    );
    expect(spellChain(parseChain('none+rounding'))).toBe('rounding');
    expect(parseChain('none')).toEqual([]);
  });
});

describe('the base', () => {
  const provider = calibrateChain(parseChain('rounding'), sampleOf(10), createRng(1))[0];
  const open = (): DefenseSession => {
    const defense = findDefense('rounding');
    if (provider === undefined || defense === undefined) throw new Error('no calibrated defense');
    return defense.openSession({
      config: completeSpec(defense, {}).config,
      provider,
      account: 0,
      rng: createRng(1),
    });
  };

  test('refuses a batch whose identities or width do not fit', () => {
    expect(() => open().reply(sampleOf(2), ['only one'])).toThrow(RangeError);
    expect(() => open().reply(sampleOf(1, 1, 4), ['x'])).toThrow(/6 dimensions and got 4/);
  });

  test('a reply that is not finite is an error, never an answer', () => {
    const broken = matrix(Float32Array.from([1, 2, Number.NaN, 4, 5, 6]), 1, dimension);
    expect(() => open().reply(broken, ['x'])).toThrow(/rounding returned a value that is not finite/);
  });
});

function variance(values: Float32Array): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}
