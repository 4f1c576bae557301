import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ownershipReportSchema } from '../report/ownership-schema.ts';
import { systemClock } from '../run/system-clock.ts';
import { examineOwnership, type OwnershipReport, type OwnershipSettings } from './examine-ownership.ts';
import { plainPaint } from './render/view.ts';
import { renderOwnership } from './render/ownership.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'moat-own-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text = ''): string => {
  const location = path.join(folder, name);
  writeFileSync(location, text);
  return location;
};
const encoder = file('encoder.onnx', 'looked at later');
const empty = path.join(folder, 'empty');
mkdirSync(empty);

test.each<[string, Partial<OwnershipSettings>, RegExp]>([
  ['no victim', { victim: undefined }, /--victim/],
  ['no suspect', { suspect: undefined }, /--suspect.*--commit/],
  ['a suspect and a commitment to make', { commit: path.join(folder, 'c.json') }, /leave out --suspect/],
  ['a suspect that is not there', { suspect: path.join(folder, 'no.onnx') }, /no\.onnx does not exist/],
  ['a zoo that is not there', { zoo: path.join(folder, 'no') }, /There is no folder/],
  ['a zoo without encoders', { zoo: empty }, /no \.onnx file/],
  ['an unknown test', { tests: ['fingerprint'] }, /no ownership test "fingerprint"/],
  ['a bad setting', { tests: ['dataset-inference:components=0'] }, /components/],
  ['a level of 5', { level: 5 }, /--level lies between 0 and 1/],
  ['a date that is none', { seen: 'last week' }, /--seen takes a date/],
  [
    'rates above 1',
    { markRates: file('rates.json', '{"encoder.onnx": [0.5, 1.5]}') },
    /rates\.json: encoder/,
  ],
  ['a key that is none', { mark: file('no.mark', '{}') }, /no\.mark is no key of a rotation watermark/],
  ['a key and rates', { mark: encoder, markRates: encoder }, /leave out --mark-rates/],
  ['a commitment that is none', { commitment: file('c2.json', '{"digest": "a"}') }, /c2\.json: /],
])('%s is refused before anything is loaded', async (_name, settings, message) => {
  await expect(
    examineOwnership({
      victim: encoder,
      suspect: encoder,
      options: {},
      clock: systemClock,
      note: () => undefined,
      ...settings,
    }),
  ).rejects.toThrow(message);
});

test('without independent encoders the text has effect sizes, no p, and says why', () => {
  const sample = { count: 50, mean: 1, variance: 1 };
  const report: OwnershipReport = {
    schemaVersion: 1,
    victim: { file: 'v.onnx', digest: 'a', dimension: 8 },
    suspect: { file: 's.onnx', digest: 'b', dimension: 8 },
    independent: [],
    mark: null,
    images: { compared: 50, private: 50, public: 50 },
    claimed: null,
    commitment: null,
    notes: [],
    judgement: {
      rule: { level: 0.05, leastEffect: 3 },
      joint: null,
      notMeasured: [],
      findings: [
        {
          id: 'dataset-inference',
          label: 'dataset-inference',
          reading: { statistic: 0.5, unit: 'none', n: 100, figures: {} },
          victim: 0.6,
          evidence: null,
          withinModel: {
            first: sample,
            second: { ...sample, mean: 0.5 },
            alternative: 'greater',
            samples: ['private', 'public'],
            pooled: {
              variance: 'pooled',
              alternative: 'greater',
              difference: 0.5,
              t: 2.5,
              degrees: 98,
              p: 0.007,
              saturated: false,
            },
            welch: {
              variance: 'welch',
              alternative: 'greater',
              difference: 0.5,
              t: 2.5,
              degrees: 98,
              p: 0.007,
              saturated: false,
            },
            effect: 0.49,
            power: 0.8,
            samplesNeeded: 51,
          },
        },
      ],
    },
  };
  expect(ownershipReportSchema.parse(report)).toEqual(report);
  const text = renderOwnership(report, { columns: 100, paint: plainPaint }).join('\n');
  expect(text).toContain('0.49');
  expect(text).not.toContain('0.007');
  expect(text).toMatch(/No p-value counts without independent encoders/);
});
