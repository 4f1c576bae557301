import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { MoatError } from '../../../contract/errors.ts';

export const MANIFEST_FILE = 'manifest.json';
export const BINDING_FILE = 'tfjs_binding.node';

const manifestSchema = z.object({
  format: z.literal(1),
  engine: z.literal('tensorflow'),
  variant: z.enum(['cpu', 'gpu']),
  /** Of libtensorflow. */
  version: z.string(),
  /** `platform-arch`, as Node names them. */
  platform: z.string(),
  /** A wheel with its hash, or a download that has none published. */
  source: z.object({ name: z.string(), sha256: z.string().nullable() }),
  /** The path of the binding, which finds the libraries by itself. */
  binding: z.string(),
  /** Paths relative to the pack. */
  files: z.array(z.object({ path: z.string(), bytes: z.number(), sha256: z.string() })),
});

/** What an installed pack consists of; written last, so a folder that has one was completed. */
export type PackManifest = z.infer<typeof manifestSchema>;
export type PackFile = PackManifest['files'][number];
export type PackVariant = PackManifest['variant'];

/**
 * The manifest of an installed pack, with every file of the right size: cheap enough for each start.
 * @throws MoatError engine-not-installed, engine-broken
 */
export function requirePack(folder: string): PackManifest {
  const file = path.join(folder, MANIFEST_FILE);
  if (!existsSync(file))
    throw new MoatError('engine-not-installed', 'The tensorflow engine is not installed.', {
      details: { folder },
    });
  const manifest = readManifest(file);
  const here = `${process.platform}-${process.arch}`;
  if (manifest.platform !== here)
    throw broken(folder, `it was made for ${manifest.platform}, and this is ${here}`);
  for (const { path: name, bytes } of manifest.files) {
    const size = statSync(path.join(folder, name), { throwIfNoEntry: false })?.size;
    if (size === undefined) throw broken(folder, `${name} is missing`);
    if (size !== bytes) throw broken(folder, `${name} has ${size} bytes instead of ${bytes}`);
  }
  return manifest;
}

/** Reads every byte. @returns the paths whose contents have changed since the installation */
export async function changedFiles(folder: string, manifest: PackManifest): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const { path: name, sha256 } of manifest.files)
    if ((await hashFile(path.join(folder, name))) !== sha256) changed.push(name);
  return changed;
}

/** The manifest of a pack whose every byte is as installed; null when there is none, or it is damaged. */
export async function findWholePack(folder: string): Promise<PackManifest | null> {
  try {
    const manifest = requirePack(folder);
    return (await changedFiles(folder, manifest)).length === 0 ? manifest : null;
  } catch (thrown) {
    if (thrown instanceof MoatError) return null;
    throw thrown;
  }
}

/** @param name relative to the pack */
export async function describeFile(pack: string, name: string): Promise<PackFile> {
  const file = path.join(pack, name);
  return { path: name, bytes: statSync(file).size, sha256: await hashFile(file) };
}

/** SHA-256 as lower-case hexadecimal digits. */
export async function hashFile(
  file: string,
  onBytes: (bytes: number) => void = () => undefined,
  signal?: AbortSignal,
): Promise<string> {
  const digest = createHash('sha256');
  // Larger pieces than the default 64 kB: the files have hundreds of megabytes.
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20, signal })) {
    const bytes = piece as Buffer;
    digest.update(bytes);
    onBytes(bytes.length);
  }
  return digest.digest('hex');
}

function readManifest(file: string): PackManifest {
  try {
    return manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new MoatError('engine-broken', 'The tensorflow engine is damaged: its manifest cannot be read.', {
      cause,
      details: { file },
    });
  }
}

function broken(folder: string, what: string): MoatError {
  return new MoatError('engine-broken', `The tensorflow engine is damaged: ${what}.`, {
    details: { folder },
  });
}
