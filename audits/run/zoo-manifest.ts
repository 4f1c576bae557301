import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { MoatError } from '../contract/errors.ts';
import { digestImages } from '../datasets/image-hash.ts';
import { writeFileAtomic } from './files.ts';

/**
 * `zoo.json` beside the encoders of a zoo: how each was trained, and on which images. The identities of the images stand in a
 * file of their own, so that an owner can see whether an encoder saw a private image without having the images.
 */

const MANIFEST = 'zoo.json';

const imageSet = z.strictObject({
  name: z.string().describe('of the data set, for people'),
  count: z.int().positive(),
  digest: z.string().describe('SHA-256 over the identities of the images, in order'),
  file: z.string().describe('the identities, one a line: SHA-256 of size and decoded RGB pixels'),
});
export type ZooImageSet = z.infer<typeof imageSet>;

const entry = z.strictObject({
  file: z.string(),
  sha256: z.string(),
  key: z.string().describe('SHA-256 of settings, seed and images: one encoder each'),
  method: z.string(),
  seed: z.int(),
  preset: z.string(),
  architecture: z.string(),
  dimension: z.int().positive(),
  resolution: z.int().positive().describe('side at which it was trained, and its images identified'),
  batchSize: z.int().positive(),
  length: z.record(z.string(), z.union([z.string(), z.number()])),
  rule: z.record(z.string(), z.unknown()).describe('what differs from the method’s own'),
  images: imageSet,
  stepsDone: z.int(),
  totalSteps: z.int().describe('more than stepsDone where the time was over first'),
  untrained: z.record(z.string(), z.number().nullable()),
  trained: z.record(z.string(), z.number().nullable()).nullable(),
  elapsedMs: z.number(),
  numericsClass: z.string(),
});
export type ZooEntry = z.infer<typeof entry>;

const manifest = z.strictObject({ schemaVersion: z.literal(1), encoders: z.array(entry).readonly() });

/** @returns no entries where there is no manifest @throws MoatError `configuration-invalid` for one that is not ours */
export function readZoo(folder: string): readonly ZooEntry[] {
  const file = path.join(folder, MANIFEST);
  if (!existsSync(file)) return [];
  const parsed = manifest.safeParse(parseJson(readFileSync(file, 'utf8')));
  if (parsed.success) return parsed.data.encoders;
  const [issue] = parsed.error.issues;
  throw new MoatError(
    'configuration-invalid',
    `${file} is no list of encoders: ${issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`}.`,
  );
}

export function writeZoo(folder: string, encoders: readonly ZooEntry[]): void {
  const text = JSON.stringify({ schemaVersion: 1, encoders } satisfies z.infer<typeof manifest>, null, 2);
  writeFileAtomic(path.join(folder, MANIFEST), [`${text}\n`]);
}

/** Writes down which images a set holds, once, whatever trains on it. @param hashes in the order in which they are trained on */
export function recordImages(folder: string, name: string, hashes: readonly string[]): ZooImageSet {
  const digest = digestImages({ hashes });
  const file = `images-${digest.slice(0, 12)}.txt`;
  const location = path.join(folder, file);
  if (!existsSync(location))
    writeFileAtomic(
      location,
      hashes.map((hash) => `${hash}\n`),
    );
  return { name, count: hashes.length, digest, file };
}

/** Identities of the images of a set; undefined where its file is gone or no longer what was written. */
export function recordedImages(
  folder: string,
  { file, digest }: ZooImageSet,
): ReadonlySet<string> | undefined {
  const location = path.join(folder, path.basename(file));
  if (!existsSync(location)) return undefined;
  const hashes = readFileSync(location, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return digestImages({ hashes }) === digest ? new Set(hashes) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
