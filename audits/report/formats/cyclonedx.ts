import { createHash } from 'node:crypto';
import path from 'node:path';
import type { AuditResult, Estimate } from '../../contract/result.ts';
import { decideGate } from '../../score/gate.ts';
import { cleanText, jsonText } from '../../contract/clean-text.ts';
import type { ReportContext, ReportFormat } from './format.ts';

/**
 * The encoder as a component of a CycloneDX 1.6 bill of materials, its model card with what the audit measured. A fragment:
 * what else the model is made of is for its owner's own bill to say.
 */
export const cyclonedx: ReportFormat = {
  id: 'cyclonedx',
  title: 'the encoder’s model card for a bill of materials (CycloneDX 1.6)',
  extension: 'cdx.json',
  stem: 'bom',
  render: (result, context) => Promise.resolve(`${jsonText(bom(result, context))}\n`),
};

function bom(result: AuditResult, { writtenAt, moatVersion }: ReportContext): unknown {
  const { encoder, config, preflight } = result;
  const gate = decideGate(result);
  const properties = {
    'moat:audit': result.auditId,
    'moat:state': result.state,
    'moat:measured-with': result.moatVersion,
    'moat:verdict': gate.verdict,
    'moat:verdict-meaning': gate.sentence,
    'moat:recommended-defense': result.recommendation.defense ?? 'none',
    'moat:preset': `${config.preset.id} v${config.preset.version}`,
    'moat:embedding-dimension': String(preflight.dimension),
  };
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(`${result.auditId}\n${encoder.digest}`)}`,
    version: 1,
    metadata: {
      timestamp: writtenAt,
      tools: { components: [{ type: 'application', name: 'moat', version: moatVersion }] },
    },
    components: [
      {
        type: 'machine-learning-model',
        'bom-ref': `encoder-${encoder.digest.slice(0, 16)}`,
        name: cleanText(path.basename(encoder.path)),
        ...(config.endpoint === undefined ? { hashes: [{ alg: 'SHA-256', content: encoder.digest }] } : {}),
        modelCard: {
          modelParameters: {
            task: 'image embedding',
            inputs: [{ format: 'image' }],
            outputs: [{ format: `vector of ${preflight.dimension} numbers` }],
          },
          quantitativeAnalysis: { performanceMetrics: metrics(result) },
          considerations: {
            technicalLimitations: [
              'A pass means that the attacks which were played failed at the audited number of queries.',
              ...result.flags.map(({ severity, sentence }) => `${severity}: ${cleanText(sentence)}`),
            ],
            performanceTradeoffs: [cleanText(result.headline), cleanText(result.recommendation.sentence)],
          },
          properties: Object.entries(properties).map(([name, value]) => ({ name, value: cleanText(value) })),
        },
      },
    ],
  };
}

/** What the encoder can do, and what each defense leaves a thief and costs a customer. What was not measured is absent. */
function metrics(result: AuditResult): readonly unknown[] {
  return [
    ...result.baselines.flatMap(({ task, victimProbe, victimKnn, noVictimProbe }) => [
      ...metric('linear-probe accuracy', `task ${task}`, victimProbe),
      ...metric('kNN accuracy', `task ${task}`, victimKnn),
      ...metric('linear-probe accuracy of an attacker without queries', `task ${task}`, noVictimProbe),
    ]),
    ...result.verdicts.flatMap((verdict) => {
      const slice = `defense ${verdict.defense}`;
      const attacked = `${slice}, strongest attack ${verdict.strongestAttack ?? 'unknown'}`;
      return [
        ...metric('stolen gain', attacked, verdict.worstStolenGain),
        ...metric('protection', attacked, verdict.protection),
        ...metric('honest-user accuracy loss', slice, verdict.worstHonestLoss),
        ...metric('honest-user recall@10', slice, verdict.worstRecallAt10),
      ];
    }),
  ];
}

function metric(type: string, slice: string, estimate: Estimate | null): readonly unknown[] {
  if (estimate === null) return [];
  const { value, low, high, seeds, items, unit } = estimate;
  return [
    {
      type: `${type} (${unit})`,
      value: String(value),
      slice: cleanText(`${slice}; ${seeds} seeds, ${items} items`),
      ...(low === null || high === null
        ? {}
        : { confidenceInterval: { lowerBound: String(low), upperBound: String(high) } }),
    },
  ];
}

/** A UUID of version 8 (RFC 9562) from what it names: the same audit has the same serial number. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
