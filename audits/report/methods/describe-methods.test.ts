import { expect, test } from 'vitest';
import { completeAttack } from '../../attacks/resolve.ts';
import { attacks } from '../../attacks/registry.ts';
import { defenses } from '../../defenses/registry.ts';
import { encoderMetrics, fidelityMetrics, honestFidelityMetrics } from '../../metrics/registry.ts';
import { sampleResult } from '../result.sample.ts';
import { describeMethods } from './describe-methods.ts';
import { metricFormulas } from './formulas.ts';

const { config } = sampleResult();
const named = (settings: readonly { readonly name: string; readonly value: unknown }[]) =>
  Object.fromEntries(settings.map(({ name, value }) => [name, value]));

test('every hyper-parameter of an attack and a defense is there, with what was asked for told apart', () => {
  const sheets = describeMethods({
    config: {
      ...config,
      attacks: [completeAttack({ id: 'direct-extraction', config: { loss: 'infonce' } })],
      defenses: [
        [],
        [
          { id: 'rounding', config: {} },
          { id: 'quota', config: {} },
        ],
      ],
    },
  });
  const [attack] = sheets.attacks;
  expect(attack?.label).toBe('direct-extraction:loss=infonce');
  expect(attack?.settings).toContainEqual({ name: 'loss', value: 'infonce', isDefault: false });
  expect(attack?.settings.find(({ name }) => name === 'views')?.isDefault).toBe(true);
  expect(sheets.defenses.map(({ id }) => id)).toEqual(['none', 'rounding', 'quota']);
  // The stored configuration said nothing: the defaults are filled in.
  expect(named(sheets.defenses[1]?.settings ?? [])).toHaveProperty('decimals');
  expect(sheets.defenses[1]?.mustFace.length).toBeGreaterThan(0);
});

test('a training is told with the rate that it really had', () => {
  const surrogate = { architecture: 'resnet34', inputSize: 32, epochs: 100, batchSize: 256 };
  const of = (training: object) =>
    named(
      describeMethods({
        config: {
          ...config,
          attacks: [completeAttack({ id: 'direct-extraction', config: { loss: 'mse' } })],
          surrogate: { ...surrogate, training },
        },
      }).trainings[0]?.settings ?? [],
    );
  const plain = of({});
  expect(plain).toMatchObject({
    loss: 'mse',
    epochs: 100,
    batchSize: 256,
    schedule: 'cosine',
    clipNorm: 'none',
  });
  expect(plain['learningRate']).toBeGreaterThan(0);
  expect(of({ learningRate: 0.5, schedule: 'constant' })).toMatchObject({
    learningRate: 0.5,
    schedule: 'constant',
  });
  expect(of({ optimizer: 'lars' })['learningRate']).not.toBe(plain['learningRate']);
});

test('what a loss divides by is told where nobody asked for it, and where somebody did', () => {
  const of = (loss: string, asked: Readonly<Record<string, unknown>> = {}) =>
    named(
      describeMethods({
        config: {
          ...config,
          attacks: [completeAttack({ id: 'direct-extraction', config: { loss, ...asked } })],
        },
      }).trainings[0]?.settings ?? [],
    );
  expect(of('infonce')).toMatchObject({ temperature: 0.07, positives: 'mean' });
  expect(of('infonce', { temperature: 0.2 })).toMatchObject({ temperature: 0.2 });
  expect(of('softnn')).toMatchObject({ temperature: 100 });
  expect(of('mse')).not.toHaveProperty('temperature');
});

test('a wrapper trains by the loss of the attack behind it', () => {
  const spec = completeAttack({ id: 'repeat-averaging', config: { base: 'direct-extraction/loss=cosine' } });
  const [training] = describeMethods({ config: { ...config, attacks: [spec] } }).trainings;
  expect(named(training?.settings ?? [])['loss']).toBe('cosine');
});

test('every method that ships can be described, with a reference', () => {
  const sheets = describeMethods({
    config: {
      ...config,
      attacks: attacks.map(({ meta }) => completeAttack({ id: meta.id, config: {} })),
      defenses: defenses
        .filter(({ config: schema }) => schema.safeParse({}).success)
        .map(({ meta }) => (meta.id === 'none' ? [] : [{ id: meta.id, config: {} }])),
    },
  });
  for (const { id, reference, summary } of [...sheets.attacks, ...sheets.defenses]) {
    expect(reference?.year, id).toBeGreaterThan(1800);
    expect(summary, id).not.toBe('');
  }
});

test('every metric has a formula', () => {
  const ids = [...encoderMetrics, ...fidelityMetrics, ...honestFidelityMetrics].map(({ meta }) => meta.id);
  expect(Object.keys(metricFormulas).sort()).toEqual(ids.toSorted());
});

test('a method of the user’s own that is not loaded keeps its settings', () => {
  const attack = { id: 'my-attack', config: { strength: 3 } };
  const [sheet] = describeMethods({ config: { ...config, attacks: [attack] } }).attacks;
  expect(sheet).toMatchObject({ id: 'my-attack', version: null, settings: [{ name: 'strength', value: 3 }] });
});

test('a defense that stands alone and in a stack is described once', () => {
  const rounding = { id: 'rounding', config: { decimals: 1 } };
  const noise = { id: 'gaussian-noise', config: {} };
  const { defenses: sheets } = describeMethods({
    config: { ...config, defenses: [[], [rounding], [rounding, noise]] },
  });
  expect(sheets.map(({ id }) => id)).toEqual(['none', 'rounding', 'gaussian-noise']);
});
