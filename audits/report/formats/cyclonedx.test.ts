import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { expect, test } from 'vitest';
import { publishedSchema } from '../../../test/helpers/published-schema.ts';
import { sampleEstimate, sampleResult, sampleVerdict } from '../result.sample.ts';
import { cyclonedx } from './cyclonedx.ts';

const context = { profile: 'engineer', writtenAt: '2026-01-03T00:00:00.000Z', moatVersion: '0.1.0' } as const;
const ajv = new Ajv({ strict: false, logger: false });
addFormats.default(ajv);
for (const file of ['spdx.schema.json', 'jsf-0.82.schema.json']) ajv.addSchema(publishedSchema(file));
const isBom = ajv.compile(publishedSchema('bom-1.6.schema.json'));

interface Bom {
  readonly serialNumber: string;
  readonly metadata: { readonly timestamp: string };
  readonly components: readonly [
    {
      readonly hashes: unknown;
      readonly modelCard: {
        readonly quantitativeAnalysis: {
          readonly performanceMetrics: readonly Readonly<Record<string, unknown>>[];
        };
      };
    },
  ];
}

const bomOf = async (result = sampleResult()): Promise<Bom> => {
  const bom = JSON.parse(String(await cyclonedx.render(result, context))) as Bom;
  expect(isBom(bom), JSON.stringify(isBom.errors)).toBe(true);
  return bom;
};

test('the fragment is CycloneDX 1.6 and names the encoder by its hash', async () => {
  const bom = await bomOf();
  expect(bom.components[0].hashes).toEqual([{ alg: 'SHA-256', content: 'e'.repeat(64) }]);
  expect((await bomOf()).serialNumber).toBe(bom.serialNumber);
  expect((await bomOf(sampleResult({ auditId: 'other' }))).serialNumber).not.toBe(bom.serialNumber);
});

test('a metric has its confidence interval where there is one, and is absent where it was not measured', async () => {
  const verdicts = [
    sampleVerdict({
      defense: '<script>\u202e',
      worstStolenGain: sampleEstimate(0.5, null),
      protection: null,
      worstHonestLoss: sampleEstimate(0.012, 0.005),
    }),
  ];
  const { performanceMetrics } = (await bomOf(sampleResult({ verdicts, baselines: [] }))).components[0]
    .modelCard.quantitativeAnalysis;
  expect(performanceMetrics.map(({ type }) => type)).toEqual([
    'stolen gain (fraction)',
    'honest-user accuracy loss (fraction)',
    'honest-user recall@10 (fraction)',
  ]);
  expect(performanceMetrics[0]).not.toHaveProperty('confidenceInterval');
  expect(performanceMetrics[1]).toMatchObject({
    value: '0.012',
    confidenceInterval: { lowerBound: '0.007', upperBound: '0.017' },
  });
});
