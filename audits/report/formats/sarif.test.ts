import Ajv from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { publishedSchema } from '../../../test/helpers/published-schema.ts';
import type { AuditResult } from '../../contract/result.ts';
import { sampleCell, sampleResult, sampleVerdict } from '../result.sample.ts';
import { sarif } from './sarif.ts';

const context = { profile: 'engineer', writtenAt: '2026-01-03T00:00:00.000Z', moatVersion: '0.1.0' } as const;
const ajv = new Ajv.default({ strict: false, allErrors: true });
addFormats.default(ajv);
const isSarif = ajv.compile(publishedSchema('sarif-schema-2.1.0.json'));

interface Log {
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
      readonly invocations: readonly [
        { readonly executionSuccessful: boolean; readonly toolExecutionNotifications: readonly unknown[] },
      ];
      readonly taxonomies: readonly {
        readonly name: string;
        readonly taxa: readonly { readonly id: string; readonly name: string }[];
      }[];
      readonly results: readonly {
        readonly taxa: readonly {
          readonly id: string;
          readonly index: number;
          readonly toolComponent: { readonly name: string; readonly index: number };
        }[];
        readonly ruleId: string;
        readonly ruleIndex: number;
        readonly kind: string;
        readonly level: string;
        readonly partialFingerprints: Readonly<Record<string, string>>;
        readonly message: { readonly text: string };
      }[];
    },
  ];
}

async function logOf(result: AuditResult): Promise<Log['runs'][0]> {
  const log = JSON.parse(String(await sarif.render(result, context))) as Log;
  expect(isSarif(log), JSON.stringify(isSarif.errors?.slice(0, 3))).toBe(true);
  return log.runs[0];
}

const [finding] = sampleResult().findings;
if (finding === undefined) throw new Error('the sample has a finding');

test('the log is SARIF 2.1.0, and its results point to their rules', async () => {
  const run = await logOf(sampleResult());
  for (const { ruleId, ruleIndex } of run.results) expect(run.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  expect(run.results[0]).toMatchObject({ ruleId: 'undefended-theft', kind: 'fail', level: 'error' });
});

test('the schema is one that refuses', () => {
  expect(isSarif({ version: '2.1.0', runs: [{ tool: {} }] })).toBe(false);
});

test('a fingerprint stays while numbers, sentences and cells change, and parts what is different', async () => {
  const printsOf = async (...findings: readonly (typeof finding)[]) =>
    (await logOf(sampleResult({ findings, verdicts: [] }))).results.map(
      ({ partialFingerprints }) => partialFingerprints['moatFinding/v1'],
    );
  const [before] = await printsOf(finding);
  const [after, other] = await printsOf(
    { ...finding, title: 'For $0.40', severity: 'low', cellKeys: ['k9'] },
    { ...finding, id: 'defense-bypassed:rounding' },
  );
  expect(after).toBe(before);
  expect(other).not.toBe(before);
  // Written down: another value here makes all older findings strangers.
  expect(before).toBe('ec1ceff25fab6e3a306eb29205609c4ae5dfaab4c4adcb788c05d38adb0f0a3f');
});

test('what was not decided is open, never silent', async () => {
  const words = ['pass', 'fail', 'inconclusive', 'not-measured'] as const;
  const run = await logOf(
    sampleResult({
      state: 'incomplete',
      findings: [],
      verdicts: words.map((verdict) => sampleVerdict({ defense: verdict, verdict })),
    }),
  );
  expect(run.results.map(({ kind, level }) => [kind, level])).toEqual([
    ['review', 'none'],
    ['open', 'none'],
  ]);
  expect(run.invocations[0].executionSuccessful).toBe(false);
  expect(JSON.stringify(run.invocations[0].toolExecutionNotifications)).toContain(
    'cells have no number: failed',
  );
});

test('standards are taxonomies, and each finding points to the entries that its attacks and its defense bear on', async () => {
  const cell = sampleCell({ defense: 'quota', cellKeys: ['q'] });
  const bypassed = { ...finding, id: 'defense-bypassed:quota', cellKeys: ['q'] };
  const costly = { ...finding, id: 'defense-costs-honest-users:quota', cellKeys: [] };
  const run = await logOf(
    sampleResult({
      matrix: [sampleCell(), cell],
      verdicts: [sampleVerdict(), sampleVerdict({ defense: 'quota' })],
      findings: [bypassed, costly],
    }),
  );
  for (const { taxa } of run.results)
    for (const { id, index, toolComponent } of taxa) {
      const component = run.taxonomies[toolComponent.index];
      expect(component?.name).toBe(toolComponent.name);
      expect(component?.taxa[index]?.id).toBe(id);
    }
  const idsOf = (i: number): readonly string[] => run.results[i]?.taxa.map(({ id }) => id) ?? [];
  expect(idsOf(0)).toEqual(
    expect.arrayContaining(['AML.T0024.002', 'AML.M0004', 'ML05:2023', 'NISTAML.031']),
  );
  // No attack is behind this one, and no article of law is a finding's.
  expect(idsOf(1)).toEqual(['AML.M0004']);
  expect(idsOf(0)).not.toContain('Art. 15(5)');
  expect(run.taxonomies.flatMap(({ taxa }) => taxa.map(({ id }) => id))).toContain('Art. 15(5)');
  expect(JSON.stringify(run.taxonomies)).toContain('not a statement of compliance');
});

test.each([
  '/models/<script>.onnx',
  '/models/a b#c?d%.onnx',
  '/models/שלום\u202e.onnx',
  '/models/\u001b[31m.onnx',
])('an encoder named %j is named by a valid address', async (path) => {
  await logOf(sampleResult({ encoder: { ...sampleResult().encoder, path } }));
});
