import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from './files.ts';
import { columnSchema, journalFile, manifestFile, manifestSchema, type RowColumn } from './row-format.ts';

/** SHA-256 (hex) of a chunk's files, by column. */
export type ChunkDigests = Readonly<Record<string, string>>;

const headSchema = z.object({ rowsPerChunk: z.number(), columns: z.array(columnSchema) });
const lineSchema = z.object({ chunk: z.number(), digests: z.record(z.string(), z.string()) });

/**
 * What a table's writer has written so far, so that the next one can go on after a kill. Chunks are not synced one by
 * one: a digest tells whether a file is what it was, also after the machine has lost power.
 */
export class RowJournal {
  readonly #file: string;
  readonly #known: Map<number, ChunkDigests>;

  /** Of another layout, or none, or none that can be read: nothing is known. A finished table is opened for writing. */
  constructor(folder: string, columns: readonly RowColumn[], rowsPerChunk: number) {
    this.#file = path.join(folder, journalFile);
    const head = JSON.stringify({ rowsPerChunk, columns });
    const found = fromManifest(folder) ?? fromJournal(this.#file);
    this.#known = found?.head === head ? found.known : new Map<number, ChunkDigests>();
    writeFileAtomic(this.#file, [
      `${head}\n`,
      ...[...this.#known].map(([chunk, digests]) => `${JSON.stringify({ chunk, digests })}\n`),
    ]);
    // Whatever it says, it is not true while rows are being written.
    rmSync(path.join(folder, manifestFile), { force: true });
  }

  digests(chunk: number): ChunkDigests | undefined {
    return this.#known.get(chunk);
  }

  add(chunk: number, digests: ChunkDigests): void {
    this.#known.set(chunk, digests);
    appendFileSync(this.#file, `${JSON.stringify({ chunk, digests })}\n`);
  }

  remove(): void {
    rmSync(this.#file, { force: true });
  }
}

interface Found {
  readonly head: string;
  readonly known: Map<number, ChunkDigests>;
}

function fromJournal(file: string): Found | undefined {
  if (!existsSync(file)) return undefined;
  const [head, ...lines] = readFileSync(file, 'utf8').split('\n');
  const known = new Map<number, ChunkDigests>();
  for (const line of lines) {
    const parsed = parse(lineSchema, line);
    // The last line of a killed writer may be half a line.
    if (parsed === undefined) break;
    known.set(parsed.chunk, parsed.digests);
  }
  return parse(headSchema, head) === undefined ? undefined : { head: head ?? '', known };
}

function fromManifest(folder: string): Found | undefined {
  const file = path.join(folder, manifestFile);
  const manifest = existsSync(file) ? parse(manifestSchema, readFileSync(file, 'utf8')) : undefined;
  if (manifest === undefined) return undefined;
  const { rows, rowsPerChunk, columns, chunks } = manifest;
  const known = new Map<number, ChunkDigests>();
  // The last, shorter chunk is written again.
  for (let chunk = 0; (chunk + 1) * rowsPerChunk <= rows; chunk++)
    known.set(chunk, Object.fromEntries(columns.map(({ name }) => [name, chunks[name]?.[chunk] ?? ''])));
  return { head: JSON.stringify({ rowsPerChunk, columns }), known };
}

function parse<T>(schema: z.ZodType<T>, text: string | undefined): T | undefined {
  try {
    return schema.parse(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}
