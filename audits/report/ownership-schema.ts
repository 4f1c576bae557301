import { z } from 'zod';

/** What `moat own --json` prints, as a schema: published as docs/ownership.schema.json. */

const count = z.int().nonnegative();
const text = z.string();

const encoder = z.object({
  file: text,
  digest: text.describe('SHA-256 (hex) over the file and its external-data files'),
  dimension: count,
});

const sample = z.object({
  count,
  mean: z.number(),
  variance: z.number().describe('Over count - 1'),
});

const withinModel = z.object({
  first: sample,
  second: sample,
  alternative: z.enum(['greater', 'less', 'two-sided']).describe('What would speak for theft'),
  samples: z.tuple([text, text]).describe('What the two samples are'),
});

const tTest = z.object({
  variance: z.enum(['pooled', 'welch']),
  alternative: z.enum(['two-sided', 'greater', 'less']),
  difference: z.number(),
  t: z.number().nullable().describe('Null where it is infinite: the means differ and nothing varies'),
  degrees: z.number(),
  p: z.number(),
  saturated: z.boolean().describe('p is smaller than a double can hold'),
});

const reading = z.object({
  statistic: z.number().describe('Larger is more like a copy'),
  unit: text,
  n: count.describe('Images or batches behind it'),
  figures: z.record(text, z.number()),
  withinModel: withinModel.optional(),
});

const comparison = z.object({
  encoders: count,
  mean: z.number(),
  deviation: z.number().describe('Between encoders'),
  largest: z.number(),
  reached: count.describe('Of the encoders, those at least as much like a copy as the suspect'),
  p: z.number().describe('(1 + reached) / (1 + encoders)'),
  floor: z.number(),
  saturated: z.boolean().describe('p is at its floor: it tells how many encoders there were'),
  effect: z.number().nullable().describe('Hedges’ g in deviations between encoders'),
});

const falseClaims = z.object({
  claimed: count,
  encoders: count,
  rate: z.number(),
  upperBound: z.number().describe('One-sided, 95 % (Clopper and Pearson)'),
});

const evidence = z.object({
  comparison,
  independent: z.array(z.object({ name: text, statistic: z.number() })),
  holm: z.number().describe('p corrected for the number of tests'),
  power: z.number().nullable(),
  encodersNeeded: count.nullable().describe('To find four of five such suspects'),
  claimed: z.boolean(),
  falseClaims: z.object({
    atSuspect: falseClaims,
    leftOut: falseClaims.nullable(),
    withinModel: falseClaims.nullable(),
  }),
});

const finding = z.object({
  id: text,
  label: text.describe('As --tests takes it'),
  reading,
  victim: z.number().nullable().describe('What the victim itself scores'),
  withinModel: withinModel
    .extend({
      pooled: tTest,
      welch: tTest,
      effect: z.number().nullable(),
      power: z.number().nullable(),
      samplesNeeded: count.nullable(),
    })
    .nullable()
    .describe('The tests as papers print them, over samples of one encoder: never a claim'),
  evidence: evidence.nullable().describe('Against independent encoders; null without any'),
});

const judgement = z.object({
  rule: z.object({ level: z.number(), leastEffect: z.number() }),
  findings: z.array(finding),
  notMeasured: z.array(z.object({ id: text, label: text, reason: text })),
  joint: z
    .object({
      comparison,
      tests: z.array(text),
      strongest: text.describe('Test with the suspect’s largest effect'),
      claimed: z.boolean(),
    })
    .nullable()
    .describe('All tests together; null without at least three independent encoders'),
});

export const ownershipReportSchema = z
  .object({
    schemaVersion: z.literal(1),
    victim: encoder,
    suspect: encoder.nullable().describe('Null where a commitment was written'),
    independent: z.array(encoder),
    mark: z
      .object({ file: text, digest: text, victimRate: z.number().nullable() })
      .nullable()
      .describe('The key of a watermark, and how often the mark is read from the victim itself'),
    images: z.object({ compared: count, private: count.nullable(), public: count.nullable() }),
    judgement: judgement.nullable().describe('Null where a commitment was written'),
    claimed: z.boolean().nullable().describe('The joint claim; null without independent encoders'),
    commitment: z
      .union([
        z.object({ written: z.object({ scheme: text, digest: text, committedAt: z.iso.datetime() }) }),
        z.object({ check: z.object({ holds: z.boolean(), complaints: z.array(text) }) }),
      ])
      .nullable(),
    notes: z.array(text),
  })
  .describe('What ownership tests say of one suspect encoder');
