import { describe, expect, test } from 'vitest';
import { emptyDraft, overlapping, readDraft, settingsOf, taskName, type Draft } from './draft.ts';

const draftOf = (changes: Partial<Draft>): Draft => ({ ...emptyDraft(), ...changes });

describe('the settings of a draft', () => {
  test('what is empty is left to the preset', () => {
    expect(settingsOf(emptyDraft(), null)).toEqual({ settings: { preset: 'quick' }, problems: {} });
  });

  test('typed lists, percentages and durations become numbers', () => {
    const { settings, problems } = settingsOf(
      draftOf({
        encoder: '/e.onnx',
        options: { range: '0-255' },
        pools: [
          { path: '/photos', share: '' },
          { path: '/drawings', share: '0.3' },
        ],
        tasks: [{ name: 'birds', path: '/birds' }],
        budgets: '500, 2000',
        accounts: '1 5',
        seeds: '3',
        time: '2h',
        hasPolicy: true,
        policy: { budget: '2000', minProtection: '80', maxStolenGain: '0.4', maxHonestLoss: '1.5' },
      }),
      null,
    );
    expect(problems).toEqual({});
    expect(settings).toEqual({
      encoder: '/e.onnx',
      range: '0-255',
      pool: ['/photos', '/drawings=0.3'],
      task: { birds: '/birds' },
      preset: 'quick',
      budgets: [500, 2000],
      accounts: [1, 5],
      seeds: 3,
      time: '2h',
      policy: { budget: 2000, minProtection: 0.8, maxStolenGain: 0.4, maxHonestLoss: 0.015 },
    });
  });

  test('a list without an attack is the control alone, not the preset', () => {
    expect(settingsOf(draftOf({ attacks: [] }), null).settings['attacks']).toEqual(['no-victim']);
  });

  test('what cannot be read is named and not sent', () => {
    const { settings, problems } = settingsOf(
      draftOf({ budgets: '500, x', seeds: '1.5', time: 'two hours', seed: '-1' }),
      null,
    );
    expect(problems).toEqual({ budgets: 'list', seeds: 'whole', time: 'time', seed: 'whole' });
    expect(settings).toEqual({ preset: 'quick' });
  });

  test('prices and devices come from the app’s settings', () => {
    const app = {
      theme: 'system',
      engine: 'auto',
      device: 'cuda',
      workers: null,
      price: 0.01,
      gpuHour: null,
      accountPrice: null,
      labelPrice: null,
      trainingCost: 5000,
      reportFolder: '',
    } as const;
    expect(settingsOf(emptyDraft(), app).settings).toEqual({
      preset: 'quick',
      device: 'cuda',
      price: 0.01,
      trainingCost: 5000,
    });
  });

  test('a service has no preprocessing of ours', () => {
    const draft = draftOf({ encoder: 'https://a.example/v1', options: { size: 32 }, endpoint: '/e.json' });
    expect(settingsOf(draft, null).settings).toEqual({
      encoder: 'https://a.example/v1',
      endpoint: '/e.json',
      preset: 'quick',
    });
  });
});

describe('a stored draft', () => {
  test('comes back as it was', () => {
    const draft = draftOf({ encoder: '/e.onnx', attacks: ['rda'], pools: [{ path: '/p', share: '' }] });
    expect(readDraft(JSON.parse(JSON.stringify(draft)))).toEqual(draft);
  });

  test.each([null, 'text', [], 7, { pools: 'all' }, { pools: [7] }, { attacks: [{}] }])(
    '%j is an empty one',
    (stored) => {
      expect(readDraft(stored)).toEqual(emptyDraft());
    },
  );
});

describe('overlap of pools and tasks', () => {
  test.each([
    ['/data/birds', '/data/birds/', true],
    ['/data', '/data/birds', true],
    ['/data/birds/train', '/data/birds', true],
    ['/data/birds-2', '/data/birds', false],
    ['C:\\data', 'C:\\data\\x', true],
  ])('a pool %s and a task %s: %s', (pool, task, expected) => {
    const found = overlapping({ pools: [{ path: pool, share: '' }], tasks: [{ name: 't', path: task }] });
    expect(found).toEqual(expected ? ['t'] : []);
  });
});

test('tasks are named by their folders, each differently', () => {
  expect(taskName('/data/birds/', [])).toBe('birds');
  expect(taskName('C:\\x\\birds.npz', ['birds', 'birds-2'])).toBe('birds-3');
});
