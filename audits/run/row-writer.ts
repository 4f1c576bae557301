import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { bytesOf, syncFile, writeFileAtomic } from './files.ts';
import {
  bytesPerRow,
  chunkFile,
  chunkHeader,
  journalFile,
  manifestFile,
  type RowColumn,
  type RowManifest,
} from './row-format.ts';
import { RowJournal, type ChunkDigests } from './row-journal.ts';

/** Values of each column for the same consecutive rows, by the column's name. */
export type RowValues = Readonly<Record<string, Float32Array | Int32Array | Uint8Array>>;

/**
 * Writes a table chunk by chunk. A chunk's files appear whole or not at all, the manifest last: a killed writer leaves
 * whole chunks and nothing that looks finished. Opened again on the same folder, it finds the chunks that are there.
 * Memory: one chunk.
 */
export class RowWriter {
  readonly #folder: string;
  readonly #columns: readonly RowColumn[];
  readonly #rowsPerChunk: number;
  /** Rows that wait for their chunk to be full, by column. */
  readonly #waiting: ReadonlyMap<string, Uint8Array>;
  readonly #journal: RowJournal;
  readonly #chunks: ChunkDigests[] = [];
  #rows = 0;

  /** @throws MoatError `file-unwritable` */
  constructor(folder: string, columns: readonly RowColumn[], rowsPerChunk: number) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#columns = columns;
    this.#rowsPerChunk = rowsPerChunk;
    this.#waiting = new Map(
      columns.map((column) => [column.name, new Uint8Array(rowsPerChunk * bytesPerRow(column))]),
    );
    this.#journal = new RowJournal(folder, columns, rowsPerChunk);
  }

  /** Rows appended or kept so far. */
  get rows(): number {
    return this.#rows;
  }

  /**
   * The next chunk as an earlier writer left it: its values in one column, or undefined where that writer did not get so
   * far or a file is not what it wrote. Only at a chunk's border; then either `keep` or `append`.
   */
  earlier(name: string): Uint8Array | undefined {
    const chunk = this.#border();
    const digests = this.#journal.digests(chunk);
    if (digests === undefined) return undefined;
    let found: Uint8Array | undefined;
    for (const column of this.#columns) {
      const file = chunkFile(this.#folder, column, chunk);
      const bytes = existsSync(file) ? readFileSync(file) : new Uint8Array();
      if (createHash('sha256').update(bytes).digest('hex') !== digests[column.name]) return undefined;
      if (column.name === name) found = bytes.subarray(chunkHeader(column, this.#rowsPerChunk).length);
    }
    return found;
  }

  /** Takes the next chunk as `earlier` has just found it. */
  keep(): void {
    const digests = this.#journal.digests(this.#border());
    if (digests === undefined) throw new RangeError('there is no earlier chunk to keep');
    this.#chunks.push(digests);
    this.#rows += this.#rowsPerChunk;
  }

  /**
   * @param values of every column, for `count` rows
   * @throws RangeError on a wrong length, MoatError `disk-full`, `file-unwritable`
   */
  append(values: RowValues, count: number): void {
    const blocks = this.#columns.map((column) => {
      const given = values[column.name];
      if (given === undefined || given.byteLength !== count * bytesPerRow(column))
        throw new RangeError(
          `${count} rows of ${column.name} were expected, got ${given?.byteLength ?? 0} bytes`,
        );
      return { column, bytes: bytesOf(given) };
    });
    for (let from = 0; from < count;) {
      const held = this.#rows % this.#rowsPerChunk;
      const taken = Math.min(count - from, this.#rowsPerChunk - held);
      for (const { column, bytes } of blocks) {
        const size = bytesPerRow(column);
        this.#waiting.get(column.name)?.set(bytes.subarray(from * size, (from + taken) * size), held * size);
      }
      from += taken;
      this.#rows += taken;
      if (held + taken === this.#rowsPerChunk) this.#write(this.#rowsPerChunk);
    }
  }

  /** Writes the last, shorter chunk, takes away what a longer earlier table left, and makes the table whole. */
  finish(): RowManifest {
    const left = this.#rows % this.#rowsPerChunk;
    if (left > 0) this.#write(left);
    const files = this.#columns.flatMap((column) =>
      this.#chunks.map((_, chunk) => chunkFile(this.#folder, column, chunk)),
    );
    const wanted = new Set([journalFile, ...files.map((file) => path.basename(file))]);
    for (const file of readdirSync(this.#folder))
      if (!wanted.has(file)) rmSync(path.join(this.#folder, file), { force: true });
    for (const file of files) syncFile(file);
    const chunks = Object.fromEntries(
      this.#columns.map(({ name }) => [name, this.#chunks.map((digests) => digests[name] ?? '')]),
    );
    const manifest: RowManifest = {
      format: 'moat-rows',
      version: 1,
      rows: this.#rows,
      rowsPerChunk: this.#rowsPerChunk,
      columns: [...this.#columns],
      chunks,
      sha256: createHash('sha256').update(JSON.stringify(chunks)).digest('hex'),
    };
    writeFileAtomic(path.join(this.#folder, manifestFile), [JSON.stringify(manifest)]);
    this.#journal.remove();
    return manifest;
  }

  #border(): number {
    if (this.#rows % this.#rowsPerChunk !== 0)
      throw new RangeError('rows are waiting: this is not a chunk’s border');
    return this.#rows / this.#rowsPerChunk;
  }

  #write(rows: number): void {
    const chunk = this.#chunks.length;
    const digests = Object.fromEntries(
      this.#columns.map((column) => {
        const values = this.#waiting.get(column.name)?.subarray(0, rows * bytesPerRow(column));
        const parts = [chunkHeader(column, rows), values ?? new Uint8Array()];
        const { sha256 } = writeFileAtomic(chunkFile(this.#folder, column, chunk), parts, { sync: false });
        return [column.name, sha256];
      }),
    );
    this.#chunks.push(digests);
    // A shorter chunk is the last of this table, not of a longer one.
    if (rows === this.#rowsPerChunk) this.#journal.add(chunk, digests);
  }
}
