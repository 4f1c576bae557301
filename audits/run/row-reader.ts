import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { matrix, type Matrix, type RowBlocks } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import { bytesOf } from './files.ts';
import {
  bytesPerRow,
  chunkCount,
  chunkFile,
  chunkHeader,
  manifestFile,
  manifestSchema,
  rowsInChunk,
  valuesPerRow,
  type RowColumn,
  type RowManifest,
} from './row-format.ts';

/** Files held open at a time: rows picked here and there should not open one for each. */
const MOST_OPEN_FILES = 64;
/** A window of this size is large enough for a disk and small beside any limit on memory. */
const WINDOW_BYTES = 8 * 2 ** 20;

/** True where a writer has finished. */
export function hasRows(folder: string): boolean {
  return existsSync(path.join(folder, manifestFile));
}

/**
 * Reads a finished table through a window. Nothing is held but open files and what the caller gives room for.
 * Node can't map files into memory: rows are copied out of the operating system's cache.
 */
export class RowTable {
  readonly manifest: RowManifest;
  readonly #folder: string;
  readonly #files = new Map<string, number>();

  /** @throws MoatError `rows-damaged` when files are missing, cut short, or not what the manifest says */
  constructor(folder: string) {
    this.#folder = folder;
    this.manifest = readManifest(folder);
    for (const column of this.manifest.columns)
      for (let chunk = 0; chunk < chunkCount(this.manifest); chunk++) {
        const rows = rowsInChunk(this.manifest, chunk);
        const expected = chunkHeader(column, rows).length + rows * bytesPerRow(column);
        const file = chunkFile(folder, column, chunk);
        const size = statSync(file, { throwIfNoEntry: false })?.size;
        if (size !== expected)
          throw damaged(
            folder,
            `${file} ${size === undefined ? 'is missing' : `has ${size} bytes, not ${expected}`}`,
          );
      }
  }

  get rows(): number {
    return this.manifest.rows;
  }

  column(name: string): RowColumn | undefined {
    return this.manifest.columns.find((column) => column.name === name);
  }

  /** Consecutive rows `start` (inclusive) to `end` (exclusive) of one column. */
  read(name: string, start: number, end: number, target: Uint8Array): void {
    const column = this.#expect(name);
    const size = bytesPerRow(column);
    const { rowsPerChunk } = this.manifest;
    if (start < 0 || end > this.rows || target.length < (end - start) * size)
      throw new RangeError(`rows ${start} to ${end} of ${this.rows} do not exist, or do not fit`);
    for (let row = start; row < end;) {
      const chunk = Math.floor(row / rowsPerChunk);
      const last = Math.min(end, (chunk + 1) * rowsPerChunk);
      const header = chunkHeader(column, rowsInChunk(this.manifest, chunk)).length;
      this.#readBytes(
        chunkFile(this.#folder, column, chunk),
        target.subarray((row - start) * size, (last - start) * size),
        header + (row - chunk * rowsPerChunk) * size,
      );
      row = last;
    }
  }

  /** The given rows of one column, in the given order. */
  select(name: string, rows: ArrayLike<number>, target: Uint8Array): void {
    const size = bytesPerRow(this.#expect(name));
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] ?? 0;
      this.read(name, row, row + 1, target.subarray(i * size, (i + 1) * size));
    }
  }

  /** A float32 column as rows in blocks: `[rows, columns]`. */
  floats(name: string): FloatRows {
    const column = this.#expect(name);
    if (column.dtype !== 'float32') throw new RangeError(`${name} holds ${column.dtype}, not float32`);
    return new FloatRows(this, name, valuesPerRow(column));
  }

  /**
   * Reads everything once more and compares digests.
   * @throws MoatError `rows-damaged` naming the first file that has changed
   */
  verify(): void {
    for (const column of this.manifest.columns)
      this.manifest.chunks[column.name]?.forEach((expected, chunk) => {
        const file = chunkFile(this.#folder, column, chunk);
        if (createHash('sha256').update(readFileSync(file)).digest('hex') !== expected)
          throw damaged(this.#folder, `the content of ${file} has changed`);
      });
  }

  close(): void {
    for (const descriptor of this.#files.values()) closeSync(descriptor);
    this.#files.clear();
  }

  #expect(name: string): RowColumn {
    const column = this.column(name);
    if (column === undefined) throw new RangeError(`${this.#folder} has no column ${name}`);
    return column;
  }

  #readBytes(file: string, target: Uint8Array, position: number): void {
    const descriptor = this.#open(file);
    for (let at = 0; at < target.length;) {
      const count = readSync(descriptor, target, at, target.length - at, position + at);
      if (count === 0) throw damaged(this.#folder, `${file} ends too early`);
      at += count;
    }
  }

  #open(file: string): number {
    const open = this.#files.get(file);
    if (open !== undefined) return open;
    const [oldest] = this.#files;
    if (oldest !== undefined && this.#files.size >= MOST_OPEN_FILES) {
      closeSync(oldest[1]);
      this.#files.delete(oldest[0]);
    }
    const descriptor = openSync(file, 'r');
    this.#files.set(file, descriptor);
    return descriptor;
  }
}

/** Embeddings on disk. Every block of a pass stands in the same memory. */
export class FloatRows implements RowBlocks {
  readonly rows: number;
  readonly columns: number;
  readonly #table: RowTable;
  readonly #name: string;

  constructor(table: RowTable, name: string, columns: number) {
    this.rows = table.rows;
    this.columns = columns;
    this.#table = table;
    this.#name = name;
  }

  /** @param blockRows default: as many as make a window of 8 MB */
  // oxlint-disable-next-line typescript/require-await -- reading is synchronous; the interface also serves other sources
  async *blocks(blockRows: number = this.#windowRows()): AsyncGenerator<Matrix> {
    const window = new Float32Array(Math.min(blockRows, this.rows) * this.columns);
    for (let start = 0; start < this.rows; start += blockRows) {
      const count = Math.min(blockRows, this.rows - start);
      const data = window.subarray(0, count * this.columns);
      this.#table.read(this.#name, start, start + count, bytesOf(data));
      yield matrix(data, count, this.columns);
    }
  }

  /** A copy of rows `start` (inclusive) to `end` (exclusive). */
  range(start: number, end: number): Matrix {
    const data = new Float32Array((end - start) * this.columns);
    this.#table.read(this.#name, start, end, bytesOf(data));
    return matrix(data, end - start, this.columns);
  }

  /** A copy of the given rows in the given order. */
  select(rows: ArrayLike<number>): Matrix {
    const data = new Float32Array(rows.length * this.columns);
    this.#table.select(this.#name, rows, bytesOf(data));
    return matrix(data, rows.length, this.columns);
  }

  #windowRows(): number {
    return Math.max(1, Math.floor(WINDOW_BYTES / 4 / this.columns));
  }
}

function readManifest(folder: string): RowManifest {
  const file = path.join(folder, manifestFile);
  if (!existsSync(file)) throw damaged(folder, 'its writing was never finished');
  try {
    return manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw damaged(folder, `${file} cannot be read`, cause);
  }
}

function damaged(folder: string, what: string, cause?: unknown): MoatError {
  return new MoatError(
    'rows-damaged',
    `The prepared rows in ${folder} are damaged: ${what}.`,
    cause === undefined ? {} : { cause },
  );
}
