import { z } from 'zod';
import { errorTable } from '../contract/errors.ts';
import { resultSchemaVersion } from '../contract/result.ts';
import { configSchema, costAssumptionsSchema, preprocessingSchema, poolingSchema } from './config-schema.ts';

/** The audit's result as a schema: published as docs/result.schema.json, and what stored results are checked with. */

const count = z.int().nonnegative();
const unit = z.enum([
  'fraction',
  'cosine',
  'count',
  'milliseconds',
  'bytes',
  'ratio',
  'nats',
  'seconds',
  'dollars',
  'none',
]);
const text = z.string();
const texts = z.array(text);
const codes = Object.keys(errorTable) as (keyof typeof errorTable)[];

const estimate = z
  .object({
    value: z.number(),
    low: z.number().nullable(),
    high: z.number().nullable(),
    unit,
    seeds: count.describe('Seeds behind it'),
    items: count.describe('Test items behind it'),
    method: text.describe('How the interval was made, or why there is none'),
  })
  .describe('A number with its 95 % interval; null ends when none can be given')
  .meta({ id: 'Estimate' });
const measured = estimate.nullable();

const port = z.object({
  name: text,
  elementType: z.enum(['float32', 'float16', 'float64', 'uint8', 'int8', 'int32', 'int64', 'bool', 'other']),
  shape: z.array(z.union([z.number(), text])).describe('A string names a free dimension'),
});
const source = z.enum(['flag', 'preprocessor_config', 'model', 'guess']);

const encoder = z.object({
  path: text,
  digest: text.describe('SHA-256 (hex) over the file and its external-data files'),
  sizeBytes: count,
  opset: z.number(),
  producer: text,
  inputs: z.array(port),
  outputs: z.array(port),
  input: text,
  output: text,
  pooling: poolingSchema,
  fixedBatch: z.int().positive().nullable(),
  preprocessing: preprocessingSchema,
  preprocessingSources: z.record(preprocessingSchema.keyof(), source),
  notes: texts,
});

const preflight = z.object({
  dimension: count,
  images: count,
  checks: z.array(
    z.object({
      id: z.enum([
        'shape',
        'dimension',
        'finite',
        'norms',
        'constant-dimensions',
        'padded-dimensions',
        'determinism',
        'batch-consistency',
        'throughput',
        'constant',
      ]),
      status: z.enum(['ok', 'warning', 'problem']),
      sentence: text,
      figures: z.record(text, z.number()),
    }),
  ),
});

const digest = z
  .object({ name: text, digest: text, rows: count })
  .describe('Digest of the images used, in order')
  .meta({ id: 'DatasetDigest' });

const baseline = z.object({
  task: text,
  classes: count,
  fitRows: count,
  scoreRows: count,
  victimProbe: measured,
  victimKnn: measured,
  noVictimProbe: measured,
  noVictimVariant: text.nullable(),
});

const matrixCell = z.object({
  attack: text,
  surrogate: text.describe('The network the thief trains'),
  queryPolicy: text.describe('Which images were sent first'),
  defense: text,
  budget: count.describe('Queries'),
  accounts: count,
  task: text,
  state: z.enum(['pending', 'running', 'done', 'failed', 'not-applicable', 'not-run']),
  seedsDone: count,
  seedsPlanned: count,
  stolenGain: measured,
  gains: z.array(
    z.object({ measure: z.enum(['probe', 'knn', 'few-labels', 'recall']), stolenGain: estimate }),
  ),
  relativeAccuracy: measured,
  probeAccuracy: measured,
  knnAccuracy: measured,
  fewLabelAccuracy: measured,
  cka: measured,
  neighborOverlap: measured,
  fidelity: z.object({
    agreement: measured,
    neighborRecall: measured,
    alignedR2: measured,
    procrustesR2: measured,
    rawCosine: measured,
    rawL2: measured,
    miScore: measured,
    transfer: z
      .array(
        z.object({
          epsilon: z.number().describe('Largest change of a pixel on [0, 1]'),
          success: estimate.describe('Share of images the victim gets right and then no longer does'),
          random: estimate.describe('The same under random signs'),
          excess: estimate.describe('Success minus random'),
          victimAccuracy: measured.describe('On the images that the copy gets right'),
        }),
      )
      .optional()
      .describe('Adversarial examples made on the copy, shown to the victim; absent where not measured'),
  }),
  markScore: estimate
    .optional()
    .describe(
      'How much of the watermark the copy carries: 0 none, 1 as much as the replies; absent without a mark',
    ),
  queriesUsed: z.number().nullable(),
  uniqueInputs: z.number().nullable(),
  elapsedMs: z.number().nullable(),
  reason: text.nullable(),
  errorCode: z.enum(codes).nullable(),
  adaptive: z.boolean(),
  cellKeys: texts,
});

const verdict = z.object({
  defense: text,
  verdict: z.enum(['pass', 'fail', 'inconclusive', 'not-measured']),
  reason: text,
  strongestAttack: text.nullable(),
  worstStolenGain: measured,
  protection: measured,
  honest: z.array(
    z.object({
      task: text,
      breadth: z.enum(['broad', 'narrow']),
      rows: count,
      isCounted: z.boolean(),
      probeLoss: measured,
      knnLoss: measured,
      recallAt10: measured,
      refused: measured,
      driftCosine: measured,
      driftRecallAt10: measured,
    }),
  ),
  overhead: z.object({ microseconds: z.number().nullable(), bytes: z.number().nullable() }),
  worstHonestLoss: measured,
  worstRecallAt10: measured,
  mustFace: texts,
  missingAttacks: texts,
});

const relation = z.enum(['at', 'at-most', 'more-than']);
const queryPoint = z
  .object({ queries: z.number(), relation })
  .describe('Queries as far as they are known: more-than the largest budget, at-most the smallest')
  .meta({ id: 'QueryPoint' });

const curve = z.object({
  defense: text,
  attack: text.nullable().describe('Null: the strongest attack at each budget'),
  accounts: count.nullable(),
  points: z.array(z.object({ budget: count, stolenGain: estimate })),
  area: measured.describe('Mean stolen gain over log n'),
  crossings: z.array(
    z.object({
      level: z.number(),
      value: queryPoint,
      low: queryPoint.nullable(),
      high: queryPoint.nullable(),
    }),
  ),
});

const raiseFactor = z.object({
  defense: text,
  level: z.number(),
  attack: text.nullable(),
  factor: z.object({ value: z.number(), relation }).nullable(),
});

const rowError = z.object({ rate: estimate, deviation: z.number().describe('Between batches') });

const detector = z.object({
  defense: text,
  benignStreams: count.describe('Independent honest streams of one seed'),
  benign: z.array(z.object({ kind: text, streams: count, alarmRate: estimate })),
  attacks: z.array(
    z.object({
      kind: text,
      streams: count,
      area: estimate.describe('Area under the ROC curve against all honest streams'),
      alarmRate: estimate,
      truePositives: z.array(
        z.object({
          falsePositiveRate: z.number(),
          rate: measured,
          reason: text.nullable().describe('Why there is no rate'),
        }),
      ),
      queriesUntilAlarm: measured.describe('Median over streams with an alarm'),
      stolenGainAtAlarm: z
        .object({ stolenGain: estimate, relation })
        .nullable()
        .describe('Of the strongest attack after so many queries'),
    }),
  ),
  nearDuplicates: z
    .object({ falsePositives: rowError, falseNegatives: rowError })
    .nullable()
    .describe('Errors on single rows: batches of 256 images in two views'),
});

const ownershipRow = z.object({
  attack: text,
  defense: text,
  budget: count,
  accounts: count,
  test: text.nullable().describe('As moat own --tests takes it; null: all together'),
  value: measured.describe('Mean over the seeds’ copies; larger is more like a copy'),
  victim: z.number().nullable().describe('What the victim itself scores'),
  independent: z
    .object({ encoders: count, mean: z.number(), deviation: z.number(), largest: z.number() })
    .nullable()
    .describe('The same number of the independent encoders'),
  seeds: count.describe('Copies, each judged by itself; effect, p and bound are those of the weakest'),
  effect: z.number().nullable().describe('In deviations between independent encoders'),
  p: z.number().nullable().describe('Rank among independent encoders; null where no claim is possible'),
  claimedSeeds: count.nullable(),
  claimed: z.boolean().nullable().describe('Every seed’s copy is claimed; null where no claim is possible'),
  falseClaimBound: z
    .number()
    .nullable()
    .describe('Exact one-sided 95 % bound of how often an independent encoder is at least as alike'),
});

const ownership = z.object({
  rule: z.object({ level: z.number(), leastEffect: z.number() }),
  independent: z.object({
    encoders: count,
    zoo: count.describe('Of them, brought by the user'),
    untrained: count.describe('Of them, networks that were never trained'),
  }),
  reason: text.nullable().describe('Why nothing can be claimed; null where it can'),
  rows: z.array(ownershipRow),
});

const theftCost = z.object({
  defense: text,
  level: z.number(),
  attack: text,
  accounts: count,
  queries: queryPoint,
  rows: count,
  labels: count,
  dollars: z.number(),
  hours: z.number(),
  charged: z
    .object({ dollars: z.number(), hours: z.number() })
    .describe('What the defense made the thief pay; part of dollars and hours'),
  shareOfTraining: z.number().nullable(),
});

const finding = z.object({
  id: text,
  title: text,
  severity: z.enum(['critical', 'high', 'medium', 'low', 'info']),
  confidence: z.enum(['certain', 'firm', 'tentative']),
  explanation: text,
  fix: text,
  cellKeys: texts,
});

const flag = z.object({
  id: text,
  severity: z.enum(['note', 'weakens', 'invalidates']),
  sentence: text,
  scope: text.describe('audit, victim, task:NAME, defense:LABEL or cell:KEY'),
});

const timeline = z.object({
  reused: count.describe('Cells taken over from an earlier audit'),
  cells: z.array(
    z.object({
      key: text,
      kind: z.enum(['attack', 'honest', 'detection', 'victim', 'independent']),
      attack: text.nullable(),
      defense: text.nullable(),
      budget: count.nullable(),
      seed: z.int(),
      state: z.enum(['done', 'failed', 'running']),
      startMs: z.number().describe('Since the audit began'),
      endMs: z.number().nullable().describe('Null while it runs'),
      elapsedMs: z.number().nullable().describe('What its work took'),
      worker: count.nullable().describe('Which worker process ran it, from 1; null where not kept'),
    }),
  ),
});

export const resultSchema = z
  .object({
    schemaVersion: z.literal(resultSchemaVersion),
    moatVersion: text,
    auditId: text,
    createdAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().nullable(),
    state: z.enum(['completed', 'cancelled', 'incomplete']),
    config: configSchema,
    encoder,
    preflight,
    data: z.object({
      pool: digest.extend({
        removedDuplicates: count,
        corrupt: texts,
        sources: z
          .array(z.object({ name: text, share: z.number() }))
          .optional()
          .describe('Data sets that have a share of the pool'),
      }),
      tasks: z.array(z.object({ name: text, fit: digest, score: digest, corrupt: texts })),
    }),
    baselines: z.array(baseline),
    matrix: z.array(matrixCell),
    verdicts: z.array(verdict),
    curves: z.array(curve),
    raiseFactors: z.array(raiseFactor),
    detection: z.array(detector).describe('How defenses that watch tell thieves from honest accounts'),
    ownership: ownership
      .optional()
      .describe('Whether the owner could tell the copies; absent where it was not tested'),
    theft: z.object({ assumptions: costAssumptionsSchema, costs: z.array(theftCost) }),
    recommendation: z.object({ defense: text.nullable(), sentence: text }),
    headline: text,
    findings: z.array(finding),
    flags: z.array(flag),
    cost: z.object({ queries: z.number(), dollars: z.number(), elapsedMs: z.number() }),
    timeline: timeline.optional().describe('When cells ran; absent in results stored before it was kept'),
    network: z
      .object({
        url: text,
        requests: count,
        images: count.describe('Images asked, repeats and failed requests included'),
        dollars: z.number().describe('Upper bound: a failed request counts as paid'),
        recorded: count.describe('Different images with a recorded reply'),
      })
      .optional()
      .describe('What was asked of a deployed service; absent where nothing left the machine'),
    environment: z.record(text, z.union([text, z.number()])),
  })
  .describe('The result of one Moat audit: everything a report is rendered from');
