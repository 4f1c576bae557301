import { expect, test } from 'vitest';
import type { AuditConfig } from '../contract/audit.ts';
import type { CellWork, OwnershipWork } from '../contract/cell.ts';
import { endpointSchema } from '../contract/endpoint.ts';
import { findAttack } from '../attacks/registry.ts';
import { parseAttack } from '../attacks/resolve.ts';
import { parseChain, versionChain } from '../defenses/chain.ts';
import { exampleConfig, examplePreparation } from '../store/fixtures/example.ts';
import { costClass, estimateMs, preflightSpeed, victimCost, type VictimCost } from './cost.ts';
import { preparationMs } from './preparation-cost.ts';

const inputs = { ...examplePreparation.inputs, pool: { name: 'pool', digest: 'pool', rows: 5000 } };

function attack(text: string, budget = 500): Extract<CellWork, { kind: 'attack' }> {
  const spec = parseAttack(text);
  return {
    kind: 'attack',
    attack: { ...spec, version: findAttack(spec.id)?.meta.version ?? 0 },
    defense: [],
    budget,
    accounts: 1,
    seed: 0,
    surrogate: exampleConfig.surrogate,
  };
}

/** A victim that embeds so many images in a second. */
function victim(imagesPerSecond: number, asked: Pick<AuditConfig, 'endpoint'> = exampleConfig): VictimCost {
  return victimCost(asked, imagesPerSecond);
}

test('what the victim has to embed anew costs more than what it has embedded', () => {
  const order = [
    'direct-extraction',
    'view-averaging:views=2:equal=images',
    'view-averaging:views=4:equal=images',
    'view-averaging:views=16:equal=images',
  ];
  const costs = order.map((text) => estimateMs(attack(text), inputs, victim(10)));
  expect(costs).toEqual(costs.toSorted((a, b) => a - b));
  expect(new Set(costs).size).toBe(costs.length);
  // Fifteen made views of 500 images at 100 ms.
  expect((costs[3] ?? 0) - (costs[0] ?? 0)).toBeCloseTo(500 * 15 * 100, 6);
  // Repeats of an image of the pool are looked up.
  const repeats = 'repeat-averaging:repeats=16:equal=images';
  expect(estimateMs(attack(repeats), inputs, victim(10))).toBe(costs[0]);
});

test.each([
  'direct-extraction:loss=infonce:views=2',
  'view-averaging',
  'cont-steal',
  'rda',
  'recreate-head',
  'jacobian-augmentation',
  'watermark-removal:method=average',
])('a slower victim makes %s dearer', (text) => {
  const work = attack(text);
  expect(estimateMs(work, inputs, victim(1))).toBeGreaterThan(2 * estimateMs(work, inputs, victim(1000)));
});

test.each(['direct-extraction', 'backbone-stitching', 'stolen-encoder', 'no-victim:variant=own-ssl'])(
  'how fast the victim is makes no difference to %s',
  (text) => {
    const work = attack(text);
    expect(estimateMs(work, inputs, victim(1))).toBe(estimateMs(work, inputs, victim(1000)));
  },
);

test('a detector is shown streams that the victim embeds: more of a larger pool, none at a deployed service', () => {
  const work = { kind: 'detection', defense: versionChain(parseChain('prada')), seed: 0 } as const;
  const costs = [20, 200, 600, 5000].map((rows) =>
    estimateMs(work, { ...inputs, pool: { ...inputs.pool, rows } }, victim(10)),
  );
  expect(costs).toEqual(costs.toSorted((a, b) => a - b));
  expect(new Set(costs).size).toBe(costs.length);
  expect((costs[3] ?? 0) - (costs[0] ?? 0)).toBeCloseTo((2 * 1024 + 1750) * 100, 6);
  expect(victim(10).computesStreams).toBe(true);
});

test('cells of another surrogate size are no measure of each other', () => {
  const work = attack('direct-extraction');
  const longer = { ...work, surrogate: { ...work.surrogate, epochs: 2 * work.surrogate.epochs } };
  expect(costClass(longer)).not.toBe(costClass(work));
  expect(costClass({ ...work, seed: 7 })).toBe(costClass(work));
});

test('the victim is as fast as its preflight found, and a service as fast as its file allows', () => {
  const { preflight } = examplePreparation;
  const throughput = {
    id: 'throughput',
    status: 'ok',
    sentence: '',
    figures: { imagesPerSecond: 40 },
  } as const;
  expect(preflightSpeed(preflight)).toBeUndefined();
  expect(preflightSpeed({ ...preflight, checks: [...preflight.checks, throughput] })).toBe(40);
  expect(victim(40).embedMs).toBe(25);
  // Too fast to time.
  expect(victimCost({}, 0)).toEqual(victimCost({}, undefined));
  const endpoint = endpointSchema.parse({
    request: { body: { kind: 'multipart', imageField: 'image' } },
    image: { size: 32 },
    batchSize: 4,
    response: { vectors: '/data' },
    rate: { requestsPerSecond: 5 },
    pricePerImage: 0.001,
    maxSpend: 1,
  });
  expect(victimCost({ endpoint }, undefined)).toMatchObject({ embedMs: 50, computesStreams: false });
});

test('preparing takes as long as the images do: embedding, several encoders, comparing the pool with what is scored', () => {
  const work = { images: 3000, poolImages: 2000, scoredImages: 500, encoders: 1 };
  const base = preparationMs(work, victim(10));
  // 3 000 images and two passes over 64 more at 100 ms.
  expect(base).toBeGreaterThan(3128 * 100);
  expect(preparationMs({ ...work, images: 4000 }, victim(10)) - base).toBeCloseTo(1000 * 100, 6);
  expect(preparationMs({ ...work, encoders: 2 }, victim(10)) - base).toBeCloseTo(3000 * 100, 6);
  expect(preparationMs({ ...work, scoredImages: 5000 }, victim(10))).toBeGreaterThan(base);
  // An encoder that takes no time still waits for files to be read.
  const reading = preparationMs(work, victim(1e6));
  expect(preparationMs({ ...work, images: 6000 }, victim(1e6))).toBeGreaterThan(1.5 * reading);
});

test('adversarial examples cost the victim a pass per epsilon of every copy; what serves all copies, the first controls', () => {
  const [{ score }] = inputs.tasks as [(typeof inputs.tasks)[number]];
  const images = Math.min(score.rows, 500);
  const extra = (work: Extract<CellWork, { kind: 'attack' }>, speed: number): number =>
    estimateMs({ ...work, transfer: 1 }, inputs, victim(speed)) - estimateMs(work, inputs, victim(speed));
  const copy = attack('direct-extraction');
  expect(extra(copy, 10) - extra(copy, 1e9)).toBeCloseTo(6 * images * 100, 1);
  // Gradients of the copy's own, and heads.
  expect(extra(copy, 1e9)).toBeGreaterThan(images);
  const control = attack('no-victim');
  expect(extra(control, 10) - extra(control, 1e9)).toBeCloseTo(13 * images * 100, 1);
  expect(extra({ ...control, seed: 1 }, 10)).toBe(extra(copy, 10));
});

test.each([
  [128, 0.3],
  [256, 0.8],
  [512, 2.3],
  [1024, 15],
])(
  'ownership tests of %i dimensions cost about the %d ms an image that were measured',
  (dimension, measured) => {
    const copy = attack('direct-extraction');
    const known = victimCost(exampleConfig, 10, dimension);
    const tested = { ...copy, ownership: { version: 1 } } as const;
    const [{ score }] = inputs.tasks as [(typeof inputs.tasks)[number]];
    const each = (estimateMs(tested, inputs, known) - estimateMs(copy, inputs, known)) / score.rows;
    expect(each / measured).toBeGreaterThan(0.6);
    expect(each / measured).toBeLessThan(1.5);
  },
);

test('ownership tests cost each surrogate its passes over private and public images, each independent encoder more', () => {
  const ofImages = { version: 1, private: 'own', public: 'others' } as const;
  const extra = (ownership: OwnershipWork, change: object = {}): number => {
    const work = attack('direct-extraction');
    const surrogate = { ...work.surrogate, ...change };
    return estimateMs({ ...work, surrogate, ownership }, inputs) - estimateMs({ ...work, surrogate }, inputs);
  };
  const alone = extra({ version: 1 });
  expect(alone).toBeGreaterThan(0);
  expect(extra({ version: 1, private: 'own' })).toBeGreaterThan(alone);
  expect(extra(ofImages)).toBeGreaterThan(extra({ version: 1, private: 'own' }));
  // A dearer copy takes longer over them.
  expect(extra(ofImages, { architecture: 'resnet18' })).toBeGreaterThan(2 * extra(ofImages));
  const independent = { kind: 'independent', encoder: 'x', seed: 0, ownership: ofImages } as const;
  const [{ score }] = inputs.tasks as [(typeof inputs.tasks)[number]];
  expect(
    estimateMs(independent, inputs, victim(10)) - estimateMs(independent, inputs, victim(1e9)),
  ).toBeCloseTo((score.rows + 4000) * 100, 1);
});
