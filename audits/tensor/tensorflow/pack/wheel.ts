import { createHash } from 'node:crypto';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { text } from 'node:stream/consumers';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { MoatError } from '../../../contract/errors.ts';

/** An opened wheel: a zip archive that lists its own files with their hashes (PyPA, "Binary distribution format"). */
export interface Wheel {
  /** As in the name of its `.dist-info` folder: `tensorflow_cpu`. */
  readonly project: string;
  readonly version: string;
  /** `Tag` lines of its `WHEEL` file: `cp312-cp312-manylinux_2_27_x86_64`. */
  readonly tags: readonly string[];
  readonly entries: ReadonlyMap<string, Entry>;
  /**
   * Writes one entry as a stream, checked against the wheel's record.
   * @returns its SHA-256 in hexadecimal digits
   * @throws MoatError engine-wheel-invalid
   */
  extract(
    name: string,
    file: string,
    signal: AbortSignal,
    onBytes?: (bytes: number) => void,
  ): Promise<string>;
  close(): void;
}

/** @throws MoatError engine-wheel-invalid */
export async function openWheel(file: string): Promise<Wheel> {
  const zip = await yauzl
    .openPromise(file, { lazyEntries: true, autoClose: false })
    .catch((cause: unknown) => {
      throw invalid(file, 'is not a wheel (it is no zip archive, or only a part of one)', cause);
    });
  try {
    const entries = new Map<string, Entry>();
    for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry);
    const info = [...entries.keys()].find((name) => /^[^/]+\.dist-info\/RECORD$/.test(name));
    const [, project, version] = /^(.+)-([^-]+)\.dist-info\/RECORD$/.exec(info ?? '') ?? [];
    if (info === undefined || project === undefined || version === undefined)
      throw invalid(file, 'is a zip archive but not a wheel (it has no .dist-info/RECORD)');
    const read = (name: string): Promise<string> => readText(zip, entries.get(name));
    const hashes = readRecord(await read(info));
    const description = await read(info.replace(/RECORD$/, 'WHEEL'));
    return {
      project,
      version,
      tags: Array.from(description.matchAll(/^Tag: *(\S+)/gm), ([, tag]) => tag ?? ''),
      entries,
      extract: (name, target, signal, onBytes = () => undefined) =>
        extract(zip, entries.get(name), hashes.get(name), target, signal, onBytes).catch((cause: unknown) => {
          if (isSystemError(cause)) throw cause;
          throw invalid(file, `is damaged: ${name} cannot be unpacked as its record says`, cause);
        }),
      close: () => zip.close(),
    };
  } catch (cause) {
    zip.close();
    if (cause instanceof MoatError) throw cause;
    throw invalid(file, 'is damaged: its list of files cannot be read', cause);
  }
}

async function readText(zip: ZipFile, entry: Entry | undefined): Promise<string> {
  return entry === undefined ? '' : text(await zip.openReadStreamPromise(entry));
}

/** Lines of `path,sha256=BASE64URL,size`; the record itself has no hash. */
function readRecord(record: string): ReadonlyMap<string, string> {
  const hashes = new Map<string, string>();
  for (const line of record.split(/\r?\n/)) {
    const [, name, digest] = /^"?(.+?)"?,sha256=([\w-]+),\d*$/.exec(line) ?? [];
    if (name !== undefined && digest !== undefined)
      hashes.set(name, Buffer.from(digest, 'base64url').toString('hex'));
  }
  return hashes;
}

async function extract(
  zip: ZipFile,
  entry: Entry | undefined,
  expected: string | undefined,
  target: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<string> {
  if (entry === undefined) throw new RangeError('there is no such file in it');
  if (expected === undefined) throw new RangeError('its record has no hash of it');
  mkdirSync(path.dirname(target), { recursive: true });
  const digest = createHash('sha256');
  const tap = new Transform({
    transform(piece: Buffer, _encoding, done) {
      digest.update(piece);
      onBytes(piece.length);
      done(null, piece);
    },
  });
  await pipeline(await zip.openReadStreamPromise(entry), tap, createWriteStream(target), { signal });
  const actual = digest.digest('hex');
  if (actual !== expected) throw new RangeError(`it has the SHA-256 ${actual}, recorded is ${expected}`);
  return actual;
}

/** A full disk is not the wheel's fault. */
function isSystemError(thrown: unknown): boolean {
  return thrown instanceof Error && 'syscall' in thrown;
}

function invalid(file: string, what: string, cause?: unknown): MoatError {
  return new MoatError('engine-wheel-invalid', `${path.basename(file)} ${what}.`, {
    cause,
    details: { file },
  });
}
