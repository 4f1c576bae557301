import { z } from 'zod';
import { endpointSchema } from '../contract/endpoint.ts';
import { furtherFidelityIds } from '../contract/audit.ts';
import { deviceIds } from '../contract/engine.ts';
import { initializationIds } from '../contract/method.ts';
import { trainingSettingsSchema } from '../surrogates/training-schema.ts';

/** An audit's configuration as it is stored in a result: every default filled in. */

const triple = z.tuple([z.number(), z.number(), z.number()]);
const layout = z.enum(['nchw', 'nhwc']);
const range = z.enum(['0-1', '0-255', '-1-1']);
export const poolingSchema = z.enum(['none', 'cls', 'mean']);

export const preprocessingSchema = z.object({
  height: z.int().positive(),
  width: z.int().positive(),
  resize: z.enum(['stretch', 'crop']),
  resizeTo: z.number(),
  interpolation: z.enum(['nearest', 'bilinear', 'bicubic', 'lanczos']),
  layout,
  range,
  mean: triple,
  std: triple,
  channels: z.enum(['rgb', 'bgr']),
});

/** `--size --mean --std --layout --range --output --pooling`: what the user knows about an encoder. */
export const encoderOptionsSchema = z.object({
  size: z.int().positive().optional().describe('Side of the square input in pixels'),
  mean: triple.optional().describe('Mean per channel, after --range'),
  std: triple.optional().describe('Standard deviation per channel'),
  layout: layout.optional().describe('Order of the input dimensions'),
  range: range.optional().describe('What a pixel value 0...255 becomes'),
  output: z.string().min(1).optional().describe('Output of the model that is the embedding'),
  pooling: poolingSchema.optional().describe('How tokens or feature maps become one vector'),
  projection: z.string().min(1).optional().describe('Output of the model that is its projection head’s'),
});

const method = z.object({ id: z.string(), config: z.record(z.string(), z.unknown()) }).meta({ id: 'Method' });
const dataSource = z
  .object({
    name: z.string(),
    path: z.string(),
    share: z.number().positive().max(1).optional().describe('Of a query pool: its share in what is sent'),
  })
  .meta({ id: 'DataSource' });
const positive = z.int().positive();
const surrogate = z
  .object({
    architecture: z.string(),
    inputSize: positive,
    epochs: z.number(),
    batchSize: positive,
    training: trainingSettingsSchema.optional().describe('What was set beyond the defaults of each loss'),
    initialization: z
      .enum(initializationIds)
      .exclude(['random'])
      .optional()
      .describe('Where training begins; absent: at fresh weights'),
  })
  .meta({ id: 'Surrogate' });

const dollars = z.number().nonnegative();

export const costAssumptionsSchema = z.object({
  perComputeHour: dollars.describe('US dollars per hour of computing'),
  perAccount: dollars.describe('US dollars per account at the service'),
  perLabel: dollars.describe('US dollars per label'),
  training: dollars.nullable().describe('US dollars that training the victim cost, null when unknown'),
});

export const configSchema = z.object({
  encoder: z.string(),
  endpoint: endpointSchema
    .optional()
    .describe('How the deployed service is asked, secrets as the names of their variables'),
  encoderOptions: encoderOptionsSchema,
  backbone: z.string().nullable(),
  plugins: z
    .array(
      z.object({
        path: z.string(),
        sha256: z.string(),
        attacks: z.array(z.string()),
        defenses: z.array(z.string()),
      }),
    )
    .optional()
    .describe('Files with methods of the user'),
  pools: z.array(dataSource),
  tasks: z.array(dataSource),
  preset: z.object({
    id: z.enum(['quick', 'standard', 'paper', 'demo']),
    version: positive,
    canPass: z.boolean(),
  }),
  attacks: z.array(method),
  defenses: z.array(z.array(method)).describe('Each a chain in order; the empty chain is no defense'),
  budgets: z.array(z.number()),
  accounts: z.array(positive),
  seeds: positive,
  seed: z.number(),
  evaluation: z.object({ fitRows: z.number(), scoreRows: z.number(), version: z.number() }),
  surrogate,
  furtherSurrogates: z
    .array(z.object({ settings: surrogate, extent: z.enum(['battery', 'first-attack']) }))
    .optional()
    .describe('Networks beside the first one'),
  queryPolicies: z.array(z.string()).optional().describe('Absent: random alone'),
  fidelity: z
    .array(z.enum(furtherFidelityIds))
    .optional()
    .describe('What is measured of every copy beside what always is'),
  ownership: z
    .object({ zoo: z.array(z.string()), private: z.string().optional(), public: z.string().optional() })
    .optional()
    .describe('What ownership tests on every copy were made with; absent: none were'),
  attackExtent: z
    .enum(['where-faced', 'listed'])
    .optional()
    .describe(
      'where-faced: attacks made against a defense ran where a defense must face them; listed: nothing besides the list; absent: the list everywhere, and what a defense must face',
    ),
  timeLimitMs: z.number().positive().optional().describe('Time the battery was fitted into'),
  engine: z.enum(['onnx', 'tensorflow', 'reference']),
  device: z.enum(deviceIds),
  workers: positive,
  policy: z.object({
    budget: z.number(),
    accounts: z.array(positive),
    maxStolenGain: z.number().nullable(),
    minProtection: z.number(),
    maxHonestLoss: z.number(),
    minRecallAt10: z.number(),
    minHonestRows: z.number().optional(),
    minUndefendedGain: z.number(),
  }),
  isGated: z.boolean(),
  pricePerQuery: z.number(),
  costs: costAssumptionsSchema.optional(),
});
