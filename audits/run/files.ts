import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { MoatError } from '../contract/errors.ts';

/**
 * Writes a file so that a reader sees the old content or the new, never half of it: temporary name, fsync, rename.
 * @param options `sync: false` for one of many parts, whose content is checked or synced later: a sync costs more than
 * writing a small file does
 * @throws MoatError `disk-full`, `file-unwritable`
 */
export function writeFileAtomic(
  file: string,
  parts: readonly (Uint8Array | string)[],
  options: { readonly sync: boolean } = { sync: true },
): { readonly sha256: string; readonly sizeBytes: number } {
  const temporary = `${file}.${process.pid}.partial`;
  const digest = createHash('sha256');
  let sizeBytes = 0;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    const descriptor = openSync(temporary, 'w');
    try {
      for (const part of parts) {
        const bytes = typeof part === 'string' ? Buffer.from(part) : part;
        digest.update(bytes);
        for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
        sizeBytes += bytes.length;
      }
      if (options.sync) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    if (existsSync(temporary)) rmSync(temporary, { force: true });
    const known = MoatError.from(error);
    const why =
      known.code === 'disk-full' ? 'the disk is full, or a quota or limit is reached' : known.message;
    throw known.code === 'internal'
      ? error
      : new MoatError(known.code, `${file} could not be written: ${why}.`, { cause: error });
  }
  return { sha256: digest.digest('hex'), sizeBytes };
}

/** Waits until a file's content is on the disk. */
export function syncFile(file: string): void {
  const descriptor = openSync(file, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The bytes behind a typed array, without a copy. */
export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
