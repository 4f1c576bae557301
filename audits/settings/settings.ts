import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { furtherFidelityIds } from '../contract/audit.ts';
import { MoatError } from '../contract/errors.ts';
import { policySchema } from '../plan/policy.ts';
import { encoderOptionsSchema } from '../report/config-schema.ts';
import { cleanText } from '../contract/clean-text.ts';

/** What an audit may be told, by flags or by `moat.config.json`: one schema for both, flags win. */

const positive = z.int().positive();
/** `90s`, `30m`, `2h`, `1.5h`. */
export const durationPattern = /^\d+(\.\d+)?(s|m|h)$/;
const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000 } as const;

const names = z.array(z.string().min(1)).min(1);

export const settingsSchema = z.strictObject({
  $schema: z.string().optional(),
  encoder: z
    .string()
    .min(1)
    .optional()
    .describe('Path of the ONNX file to audit, or the address of a deployed service'),
  endpoint: z
    .string()
    .min(1)
    .optional()
    .describe('File that says how the service is asked (endpoint.schema.json)'),
  ...encoderOptionsSchema.shape,
  pool: names
    .optional()
    .describe('Folders of images the attacker queries with; FOLDER=0.3 gives one its share'),
  task: z
    .record(z.string().min(1), z.string().min(1))
    .optional()
    .describe('Labelled data sets, NAME: folder'),
  preset: z.string().min(1).optional().describe('quick, standard, paper or demo'),
  attacks: names.optional().describe('Attack configurations: id[:key=value]*'),
  listedOnly: z
    .boolean()
    .optional()
    .describe('Play the attacks named and none besides that a defense must face'),
  defenses: names.optional().describe('Defense configurations: id[:key=value]*[+id...]'),
  backbone: z
    .string()
    .min(1)
    .optional()
    .describe('A public ONNX encoder that the attacker holds, or builtin:demo'),
  surrogate: names
    .optional()
    .describe(
      'Architectures of the stolen copy, settings after each: resnet18:epochs=40:optimizer=lars, small-cnn:initialization=backbone-head',
    ),
  queryPolicy: names
    .optional()
    .describe('Which images are sent first: random, k-center, coverage-minimizing'),
  fidelity: z
    .array(z.enum(furtherFidelityIds))
    .min(1)
    .optional()
    .describe('What is measured of every copy beside what always is: transfer (adversarial examples)'),
  ownership: z.boolean().optional().describe('Ownership tests on every copy'),
  zoo: z.string().min(1).optional().describe('Folder of ONNX encoders known to be independent of the victim'),
  private: z
    .string()
    .min(1)
    .optional()
    .describe('Images the victim was trained on and nobody else was, for ownership tests'),
  public: z.string().min(1).optional().describe('Images of the same kind that no one was trained on'),
  time: z
    .string()
    .regex(durationPattern, 'must be like 30m or 2h')
    .optional()
    .describe('Time the battery is fitted into: 30m, 2h'),
  budgets: z.array(positive).min(1).optional().describe('Query budgets'),
  seeds: positive.optional().describe('Repetitions behind every interval'),
  fitRows: positive.optional().describe('Rows of each task that probes are fitted on, at most'),
  scoreRows: positive.optional().describe('Rows of each task that copies are measured on, at most'),
  seed: z.int().nonnegative().optional().describe('Seed of everything'),
  accounts: z.array(positive).min(1).optional().describe('Numbers of accounts the attacker holds'),
  engine: z.string().min(1).optional().describe('auto, onnx, tensorflow or reference'),
  device: z
    .string()
    .min(1)
    .optional()
    .describe('auto (the fastest of a short trial), cpu, cuda, webgpu, directml or coreml'),
  workers: positive.optional().describe('Cells at a time'),
  policy: z
    .union([z.string().min(1), policySchema])
    .optional()
    .describe('What the provider can live with: a file, or the policy itself'),
  price: z.number().nonnegative().optional().describe('US dollars per query'),
  gpuHour: z.number().nonnegative().optional().describe('US dollars per hour of a thief’s computing'),
  accountPrice: z.number().nonnegative().optional().describe('US dollars per account at the service'),
  labelPrice: z.number().nonnegative().optional().describe('US dollars per label a thief buys'),
  trainingCost: z.number().nonnegative().optional().describe('US dollars that training the encoder cost'),
  db: z.string().min(1).optional().describe('Database file'),
  out: z.string().min(1).optional().describe('Folder for the report'),
});

export type Settings = z.infer<typeof settingsSchema>;

export const settingsFile = 'moat.config.json';
export const defaultDatabase = 'moat.db';
export const defaultReportFolder = 'moat-report';

/** `30m` in milliseconds; the schema has read it. */
export function durationMs(text: string): number {
  const unit = text.slice(-1);
  return Number(text.slice(0, -1)) * (unit === 'h' ? UNIT_MS.h : unit === 'm' ? UNIT_MS.m : UNIT_MS.s);
}

/** Settings of the folder's `moat.config.json`; none when there is no such file. Paths in it are relative to it. */
export function readSettings(folder: string): Settings {
  const file = path.join(folder, settingsFile);
  const value = readJson(file);
  return value === undefined ? {} : checkSettings(value, settingsFile);
}

/** @throws MoatError `configuration-invalid` naming `source` and the entry */
export function checkSettings(value: unknown, source: string): Settings {
  const parsed = settingsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const entry = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw new MoatError('configuration-invalid', `${source}: ${entry}${issue?.message ?? 'is invalid'}.`);
}

/** Flags over file: an absent flag leaves the file's value. */
export function mergeSettings(file: Settings, flags: Settings): Settings {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  return { ...file, ...Object.fromEntries(given) };
}

/** A JSON file's value, undefined when there is no such file. @throws MoatError `configuration-invalid` */
export function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new MoatError('configuration-invalid', `${file} could not be read.`, { cause: error });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? cleanText(error.message) : 'it cannot be parsed';
    throw new MoatError('configuration-invalid', `${file} is not JSON: ${reason}`, { cause: error });
  }
}
