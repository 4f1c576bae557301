import { afterAll, describe, expect, test } from 'vitest';
import { type Matrix, matrixRow } from '../contract/data.ts';
import type { AttackOutcome, SurrogateModel } from '../contract/method.ts';
import { calibrateChain, openChainMarks, parseChain } from '../defenses/chain.ts';
import { createRng } from '../rng.ts';
import { HEAD_BIAS, HEAD_KERNEL } from '../surrogates/architecture.ts';
import { openSurrogate } from '../surrogates/open.ts';
import { createEngine } from '../tensor/engine.ts';
import { attackIn, gradients, linearVictim, quarters } from '../../test/helpers/attack-world.ts';

const engine = await createEngine('onnx', { threads: 1 });
afterAll(() => engine.dispose());

const dimension = 16;
const victim = linearVictim(dimension, 0.5);
const world = { engine, victim, dimension, budget: 300 };
const stitching = 'base=backbone-stitching/features=backbone';
const linear = 'linear-watermark:terms=6';

async function embed({ surrogate }: AttackOutcome, images = gradients(200, 'provider')): Promise<Matrix> {
  const opened = await openSurrogate(engine, surrogate, quarters);
  const embedded = await opened.embed(images);
  await opened.dispose();
  return embedded;
}

/** How much of the mark the service of `attackIn` finds in a copy. */
async function score(outcome: AttackOutcome, defense: string): Promise<number> {
  const chain = parseChain(defense);
  const key = createRng('service key');
  const calibration = calibrateChain(chain, await victim(gradients(200, 'provider')), key);
  const [mark] = openChainMarks(chain, calibration, 0, key);
  return mark?.verify(await embed(outcome)) ?? Number.NaN;
}

/** Distances of consecutive rows. */
function distances(rows: Matrix): readonly number[] {
  return Array.from({ length: rows.rows - 1 }, (_, row) =>
    Math.hypot(...matrixRow(rows, row).map((value, i) => value - (matrixRow(rows, row + 1)[i] ?? 0))),
  );
}

function expectAlike(got: readonly number[], wanted: readonly number[], digits: number): void {
  expect(got).toHaveLength(wanted.length);
  got.forEach((value, at) => expect(value).toBeCloseTo(wanted[at] ?? 0, digits));
}

describe('a linear watermark', () => {
  const steal = (attack: string): Promise<AttackOutcome> => attackIn({ ...world, defense: linear }, attack);

  test('is in the copy of an attack that does not care', async () => {
    expect(await score(await steal('backbone-stitching:features=backbone'), linear)).toBeGreaterThan(0.9);
  });

  test.each(['rotate', 'permute'])('%s: the mark is gone, every distance is as before', async (method) => {
    const plain = await steal('backbone-stitching:features=backbone');
    const laundered = await steal(`watermark-removal:${stitching}:method=${method}`);
    expect(Math.abs(await score(laundered, linear))).toBeLessThan(0.4);
    expectAlike(distances(await embed(laundered)), distances(await embed(plain)), 3);
  });

  test('permute: the copy’s coordinates, each once', async () => {
    const sorted = (rows: Matrix): readonly number[] => [...matrixRow(rows, 0)].sort((a, b) => a - b);
    const plain = await embed(await steal('backbone-stitching:features=backbone'));
    const laundered = await embed(await steal(`watermark-removal:${stitching}:method=permute`));
    expectAlike(sorted(laundered), sorted(plain), 5);
  });

  test('truncate: the first coordinates are left, and the mark with them', async () => {
    const plain = await embed(await steal('backbone-stitching:features=backbone'));
    const outcome = await steal(`watermark-removal:${stitching}:kept=0.25:method=truncate`);
    const laundered = await embed(outcome);
    expect(laundered.columns).toBe(4);
    expectAlike([...matrixRow(laundered, 7)], [...matrixRow(plain, 7)].slice(0, 4), 5);
    expect(await score(outcome, linear)).toBeGreaterThan(0.8);
  });

  test('distill: a second copy answers as the first one does, mark included', async () => {
    const outcome = await steal(`watermark-removal:${stitching}:method=distill`);
    const plain = await steal('backbone-stitching:features=backbone');
    expectAlike(distances(await embed(outcome)), distances(await embed(plain)), 2);
    expect(await score(outcome, linear)).toBeGreaterThan(0.9);
  });

  test('average: views keep what every reply has', async () => {
    const outcome = await steal(`watermark-removal:${stitching}:method=average`);
    expect(await score(outcome, linear)).toBeGreaterThan(0.8);
  });
});

test('a region watermark survives rotation and order exactly as strong as it was', async () => {
  const region = 'region-watermark:strength=0.5';
  const steal = (attack: string): Promise<AttackOutcome> => attackIn({ ...world, defense: region }, attack);
  const before = await score(await steal('backbone-stitching:features=backbone'), region);
  for (const method of ['rotate', 'permute'])
    expect(await score(await steal(`watermark-removal:${stitching}:method=${method}`), region)).toBeCloseTo(
      before,
      2,
    );
  expect(Math.abs(before)).toBeGreaterThan(0.05);
});

describe('a trained copy', () => {
  const network = ({ surrogate }: AttackOutcome): Extract<SurrogateModel, { kind: 'network' }> => {
    if (surrogate.kind !== 'network') throw new Error(surrogate.kind);
    return surrogate;
  };
  const run = async (attack: string) => network(await attackIn({ ...world, budget: 96 }, attack));

  test('fine-tune: moves the network, keeps its head, leaves coordinates where they were', async () => {
    const plain = await run('direct-extraction');
    const tuned = await run('watermark-removal:method=fine-tune');
    expect(tuned.weights[HEAD_KERNEL]?.data).toEqual(plain.weights[HEAD_KERNEL]?.data);
    expect(Object.keys(tuned.weights).sort()).toEqual(Object.keys(plain.weights).sort());
    const moved = Object.entries(plain.weights).filter(([name, { data }]) =>
      data.some((value, at) => value !== tuned.weights[name]?.data[at]),
    );
    expect(moved.length).toBeGreaterThan(4);
  });

  test('prune: half of every kernel is 0, what is left is the copy’s', async () => {
    const plain = await run('direct-extraction');
    const lighter = await run('watermark-removal:method=prune');
    for (const [name, { shape, data }] of Object.entries(plain.weights)) {
      if (shape.length < 2) continue;
      const left = lighter.weights[name]?.data ?? new Float32Array();
      expect(left.filter((value) => value === 0)).toHaveLength(Math.floor(data.length / 2));
      const smallestLeft = left.reduce(
        (least, value) => (value === 0 ? least : Math.min(least, Math.abs(value))),
        Infinity,
      );
      const isPruned = data.every((value, at) =>
        left[at] === 0 ? Math.abs(value) <= smallestLeft : left[at] === value,
      );
      expect(isPruned).toBe(true);
    }
  });

  test('rotate: the head is turned, everything before it is as it was', async () => {
    const plain = await run('direct-extraction');
    const turned = await run('watermark-removal');
    const before = Object.keys(plain.weights).filter((name) => name !== HEAD_KERNEL && name !== HEAD_BIAS);
    for (const name of before) expect(turned.weights[name]?.data).toEqual(plain.weights[name]?.data);
    expectAlike(
      distances(await embed({ surrogate: turned, diagnostics: {} })),
      distances(await embed({ surrogate: plain, diagnostics: {} })),
      3,
    );
  });
});

test('fine-tune has nothing to tune in a copy on frozen features', async () => {
  const attack = `watermark-removal:${stitching}:method=fine-tune`;
  await expect(attackIn(world, attack)).rejects.toMatchObject({ code: 'not-applicable' });
});

test('cse answers from the recorded replies and says what it took out', async () => {
  const { diagnostics } = await attackIn(world, `watermark-removal:${stitching}:method=cse:removed=0.2`);
  expect(diagnostics['directions']).toBe(3);
  expect(diagnostics['pairs']).toBe(Math.round(0.025 * 300));
  expect(diagnostics['removedShare']).toBeGreaterThan(0);
  expect(diagnostics['removedShare']).toBeLessThan(1);
});

test('a bias is mapped with the weights', async () => {
  const outcome = await attackIn(world, `watermark-removal:${stitching}:method=permute`);
  const plain = await attackIn(world, 'backbone-stitching:features=backbone');
  const none = gradients(1, 'one');
  const sum = (rows: Matrix): number => rows.data.reduce((total, value) => total + value, 0);
  expect(sum(await embed(outcome, none))).toBeCloseTo(sum(await embed(plain, none)), 4);
});
