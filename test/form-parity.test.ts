import { expect, test } from 'vitest';
import type { AppSettings } from '../audits/contract/bridge.ts';
import { settingsSchema } from '../audits/settings/settings.ts';
import { emptyDraft, settingsOf, type Draft } from '../renderer/new-audit/draft.ts';

test('the form of a new audit says every setting that a command line may say', () => {
  const everyField: Draft = {
    ...emptyDraft(),
    encoder: '/e.onnx',
    options: {
      size: 32,
      mean: [0, 0, 0],
      std: [1, 1, 1],
      layout: 'nchw',
      range: '0-1',
      output: 'embedding',
      projection: 'projection',
      pooling: 'none',
    },
    pools: [{ path: '/pool', share: '' }],
    tasks: [{ name: 'task', path: '/task' }],
    attacks: ['direct-extraction'],
    defenses: ['none'],
    listedOnly: true,
    budgets: '500',
    accounts: '1',
    seeds: '3',
    time: '1h',
    hasPolicy: true,
    seed: '1',
    fitRows: '100',
    scoreRows: '100',
    backbone: '/backbone.onnx',
    surrogate: 'small-cnn',
    queryPolicy: 'random',
    transfer: true,
    ownership: true,
    zoo: '/zoo',
    private: '/private',
    public: '/public',
  };
  const app: AppSettings = {
    theme: 'system',
    engine: 'onnx',
    device: 'cpu',
    workers: 1,
    price: 1,
    gpuHour: 1,
    accountPrice: 1,
    labelPrice: 1,
    trainingCost: 1,
    reportFolder: '/reports',
  };
  const ofFile = settingsOf(everyField, app).settings;
  const ofService = settingsOf({ ...everyField, encoder: 'https://example.com', endpoint: '/e.json' }, app);
  const said = new Set([...Object.keys(ofFile), ...Object.keys(ofService.settings)]);
  // A window has one database; reports go where its settings say; the schema is for editors.
  const elsewhere = ['db', 'out', '$schema'];
  expect([...said, ...elsewhere].toSorted()).toEqual(Object.keys(settingsSchema.shape).toSorted());
  for (const { settings } of [{ settings: ofFile }, ofService])
    expect(settingsSchema.safeParse(settings).error).toBeUndefined();
});
