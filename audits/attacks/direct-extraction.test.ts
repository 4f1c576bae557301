import { afterAll, describe, expect, test } from 'vitest';
import type { AttackContext, AttackOutcome } from '../contract/method.ts';
import { createEngine } from '../tensor/engine.ts';
import { lossIds } from '../losses/registry.ts';
import { openSurrogate } from '../surrogates/open.ts';
import type { BackboneStart } from '../surrogates/training-schema.ts';
import { backbone, explained, rowsSpent, steal, type Run } from '../../test/helpers/attack-runs.ts';
import { attackIn, gradients, linearVictim, quarters } from '../../test/helpers/attack-world.ts';
import { findAttack } from './registry.ts';

const engine = await createEngine('onnx', { threads: 1 });
afterAll(() => engine.dispose());

const settings = { architecture: 'small-cnn', inputSize: 8, epochs: 2, batchSize: 32 };
const starts = ['backbone-frozen', 'backbone-head'] as const;

/** What a thief trains who holds the toy service's public encoder. */
const onBackbone = (initialization: BackboneStart, epochs = 2): Partial<AttackContext> => ({
  surrogate: { ...settings, epochs, initialization, backbone },
});

/** Whether a surrogate has the public encoder at its bottom, and nothing of a network's. */
const standsOnBackbone = (model: AttackOutcome['surrogate']): boolean =>
  model.kind === 'backbone' || (model.kind === 'linear-on-features' && standsOnBackbone(model.features));

describe.each(starts)('direct extraction with initialization=%s', (start) => {
  test.each(lossIds)('trains with the loss %s and pays for what it asks', async (loss) => {
    const views = ['supcon', 'barlow', 'symmetrized'].includes(loss) ? ':views=2' : '';
    const run = await steal(engine, `direct-extraction:loss=${loss}${views}`, { context: onBackbone(start) });
    expect(rowsSpent(run)).toBe(128);
    expect(standsOnBackbone(run.surrogate)).toBe(true);
    expect(Number.isFinite(await explained(engine, run.surrogate))).toBe(true);
  });

  test('explains a victim that is nearly linear in the public features, with few queries', async () => {
    const run = await steal(engine, 'direct-extraction', { budget: 320, context: onBackbone(start, 40) });
    expect(await explained(engine, run.surrogate)).toBeGreaterThan(0.85);
  });
});

test.each([
  'stolen-encoder:copies=2',
  'cont-steal',
  'rda:patches=4',
  'recreate-head',
  'label-extraction',
  'masked-regression',
  'sybil-remap:method=multi-head',
  'repeat-averaging',
  'inverse-fit',
])('%s trains on a backbone as well, the same for the same seed', async (text) => {
  const accounts = text.startsWith('sybil') ? 2 : 1;
  const defense = text.startsWith('inverse') ? 'rounding' : 'none';
  const run = (): Promise<Run> =>
    steal(engine, text, { accounts, defense, context: onBackbone('backbone-head') });
  const { surrogate } = await run();
  expect(standsOnBackbone(surrogate)).toBe(true);
  expect((await run()).surrogate).toEqual(surrogate);
});

test('what is done to images before they are sent decides what is learned, for the same number of queries', async () => {
  const outputs: string[] = [];
  for (const sent of ['', ':queryAugmentation=simclr', ':queryAugmentation=simclr-rotation']) {
    const run = await steal(engine, `direct-extraction${sent}`);
    expect(rowsSpent(run)).toBe(128);
    outputs.push(
      JSON.stringify(run.surrogate, (_, value: unknown) =>
        ArrayBuffer.isView(value) ? [...(value as Float32Array)] : value,
      ),
    );
  }
  expect(new Set(outputs).size).toBe(3);
});

test('an embedding is as long as the backbone’s where the loss has a head of its own', async () => {
  const { surrogate } = await steal(engine, 'label-extraction', { context: onBackbone('backbone-frozen') });
  expect(surrogate).toMatchObject({ weights: { rows: 48, columns: 48 } });
});

test('the revealed coordinates alone give the map, in the victim’s own scale', async () => {
  const victim = linearVictim(6, 3);
  const surrogate = {
    ...settings,
    epochs: 60,
    initialization: 'backbone-frozen' as const,
    backbone: quarters,
  };
  const world = { engine, victim, dimension: 6, budget: 400, defense: 'top-k:k=3' };
  const outcome = await attackIn({ ...world, context: { surrogate } }, 'masked-regression');
  const opened = await openSurrogate(engine, outcome.surrogate, quarters);
  const images = gradients(100, 'unseen');
  const [got, wanted] = [await opened.embed(images), await victim(images)];
  await opened.dispose();
  const error = got.data.reduce((sum, value, at) => sum + (value - (wanted.data[at] ?? 0)) ** 2, 0);
  // Around 3, with a standard deviation of about 0.5: a map left in standardised coordinates errs by 9.
  expect(error / got.data.length).toBeLessThan(0.05);
});

test('an attack that needs gradients down to the pixels is not applicable', async () => {
  const facts = { hasBackbone: true, hasProjection: true, hasPoolLabels: true, accounts: 1, defense: [] };
  const attack = findAttack('jacobian-augmentation');
  expect(attack?.notApplicable?.({}, { ...facts, surrogate: settings })).toBeUndefined();
  for (const initialization of starts)
    expect(attack?.notApplicable?.({}, { ...facts, surrogate: { ...settings, initialization } })).toMatch(
      /frozen backbone gives none/,
    );
  await expect(
    steal(engine, 'jacobian-augmentation', { context: onBackbone('backbone-frozen') }),
  ).rejects.toMatchObject({ code: 'not-applicable' });
});
