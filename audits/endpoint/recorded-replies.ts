import { createHash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { matrix, matrixRow, type Matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';

const MAGIC = 'MOATREP1';
const HEADER_BYTES = 16;
const HASH_BYTES = 32;
const OCCASION_BYTES = 4;
/** Of a record's SHA-256: tells a record from the remains of one that a power cut left. */
const CHECK_BYTES = 8;
const READ_RECORDS = 256;

/**
 * Replies of a service on disk, appended as they arrive and synced before anybody uses them: a run that is killed has
 * paid for nothing it does not have. Records have one length, so that a reply is found by its place; one that was half
 * written is dropped when the file is opened again.
 *
 * The first reply to an image is occasion 0, the victim's reply everywhere. The preflight asks some images again, as
 * occasions 1 and 2. One process at a time may have the file open for writing.
 */
export class RecordedReplies {
  readonly #descriptor: number;
  /** Record number by `hash/occasion`. */
  readonly #places = new Map<string, number>();
  #dimension: number | undefined;
  #records = 0;

  /** @throws MoatError `file-unwritable`, `disk-full`; `rows-damaged` for a file that is none of ours */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, 'replies.bin');
    this.#descriptor = openSync(file, 'a+');
    const { size } = fstatSync(this.#descriptor);
    if (size < HEADER_BYTES) ftruncateSync(this.#descriptor, 0);
    else this.#read(file, size);
  }

  /** Numbers in a reply; undefined before the first one. */
  get dimension(): number | undefined {
    return this.#dimension;
  }

  /** Different images with a reply. */
  get images(): number {
    return [...this.#places.keys()].filter((key) => key.endsWith('/0')).length;
  }

  has(hash: string, occasion: number): boolean {
    return this.#places.has(`${hash}/${occasion}`);
  }

  /** @throws RangeError for an image without a reply */
  read(hashes: readonly string[], occasions: readonly number[]): Matrix {
    const columns = this.#dimension ?? 0;
    const data = new Float32Array(hashes.length * columns);
    const bytes = Buffer.from(data.buffer);
    hashes.forEach((hash, i) => {
      const place = this.#places.get(`${hash}/${occasions[i] ?? 0}`);
      if (place === undefined) throw new RangeError(`no reply to ${hash} is recorded`);
      const at = HEADER_BYTES + place * this.#recordBytes() + HASH_BYTES + OCCASION_BYTES;
      readSync(this.#descriptor, bytes, i * columns * 4, columns * 4, at);
    });
    return matrix(data, hashes.length, columns);
  }

  /**
   * Appends and syncs.
   * @param replies `[hashes.length, dimension]`, finite
   * @throws MoatError `endpoint-dimension-changed` when earlier replies had another length
   */
  append(hashes: readonly string[], occasions: readonly number[], replies: Matrix): void {
    this.#dimension ??= this.#begin(replies.columns);
    if (replies.columns !== this.#dimension)
      throw new MoatError(
        'endpoint-dimension-changed',
        `The service answered with ${replies.columns} numbers; its earlier replies had ${this.#dimension}.`,
      );
    const records = hashes.map((hash, i) => encodeRecord(hash, occasions[i] ?? 0, matrixRow(replies, i)));
    writeWhole(this.#descriptor, Buffer.concat(records));
    fsyncSync(this.#descriptor);
    hashes.forEach((hash, i) => this.#places.set(`${hash}/${occasions[i] ?? 0}`, this.#records + i));
    this.#records += hashes.length;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #recordBytes(): number {
    return HASH_BYTES + OCCASION_BYTES + (this.#dimension ?? 0) * 4 + CHECK_BYTES;
  }

  #begin(dimension: number): number {
    const header = Buffer.alloc(HEADER_BYTES);
    header.write(MAGIC, 'latin1');
    header.writeUInt32LE(dimension, MAGIC.length);
    writeWhole(this.#descriptor, header);
    return dimension;
  }

  #read(file: string, size: number): void {
    const header = Buffer.alloc(HEADER_BYTES);
    readSync(this.#descriptor, header, 0, HEADER_BYTES, 0);
    if (header.toString('latin1', 0, MAGIC.length) !== MAGIC)
      throw new MoatError('rows-damaged', `${file} holds no recorded replies.`);
    this.#dimension = header.readUInt32LE(MAGIC.length);
    const bytes = this.#recordBytes();
    this.#records = Math.floor((size - HEADER_BYTES) / bytes);
    ftruncateSync(this.#descriptor, HEADER_BYTES + this.#records * bytes);
    const block = Buffer.alloc(READ_RECORDS * bytes);
    for (let first = 0; first < this.#records; first += READ_RECORDS) {
      const count = Math.min(READ_RECORDS, this.#records - first);
      readSync(this.#descriptor, block, 0, count * bytes, HEADER_BYTES + first * bytes);
      for (let i = 0; i < count; i++) {
        const record = block.subarray(i * bytes, (i + 1) * bytes);
        const content = record.subarray(0, bytes - CHECK_BYTES);
        if (!checkOf(content).equals(record.subarray(bytes - CHECK_BYTES))) continue;
        const hash = record.toString('hex', 0, HASH_BYTES);
        this.#places.set(`${hash}/${record.readUInt32LE(HASH_BYTES)}`, first + i);
      }
    }
  }
}

function encodeRecord(hash: string, occasion: number, vector: Float32Array): Buffer {
  const content = Buffer.alloc(HASH_BYTES + OCCASION_BYTES + vector.byteLength);
  content.write(hash, 'hex');
  content.writeUInt32LE(occasion, HASH_BYTES);
  content.set(Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength), HASH_BYTES + OCCASION_BYTES);
  return Buffer.concat([content, checkOf(content)]);
}

function checkOf(content: Uint8Array): Buffer {
  return createHash('sha256').update(content).digest().subarray(0, CHECK_BYTES);
}

function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
}
