import path from 'node:path';
import { z } from 'zod';
import { encodeNpyHeader } from '../datasets/npy-encode.ts';

/**
 * Tables with more rows than memory holds, as a folder of small .npy files (docs/scale.md): every column is cut into
 * chunks of equally many rows, one file each, which NumPy opens; `rows.json` is written last and makes the table whole.
 */
export const manifestFile = 'rows.json';
/** Digests of the chunks written so far, a line each: what a next writer trusts. */
export const journalFile = 'rows-written.jsonl';

export const columnSchema = z.object({
  /** File names begin with it. */
  name: z.string().regex(/^[a-z]+$/),
  dtype: z.enum(['float32', 'int32', 'uint8']),
  /** Shape of one row: `[]` is one number. */
  shape: z.array(z.number().int().positive()),
});
export type RowColumn = z.infer<typeof columnSchema>;

export const manifestSchema = z.object({
  format: z.literal('moat-rows'),
  version: z.literal(1),
  rows: z.number().int().nonnegative(),
  rowsPerChunk: z.number().int().positive(),
  columns: z.array(columnSchema),
  /** SHA-256 (hex) of every chunk's file, by column, in order. */
  chunks: z.record(z.string(), z.array(z.string())),
  /** SHA-256 (hex) over the chunks' digests: the identity of the content. */
  sha256: z.string(),
});
export type RowManifest = z.infer<typeof manifestSchema>;

const dtypes = {
  float32: { descriptor: '<f4', bytes: 4 },
  int32: { descriptor: '<i4', bytes: 4 },
  uint8: { descriptor: '|u1', bytes: 1 },
} as const satisfies Record<RowColumn['dtype'], { descriptor: string; bytes: number }>;

/** Values in one row. */
export function valuesPerRow({ shape }: RowColumn): number {
  return shape.reduce((product, side) => product * side, 1);
}

export function bytesPerRow(column: RowColumn): number {
  return valuesPerRow(column) * dtypes[column.dtype].bytes;
}

export function chunkFile(folder: string, column: RowColumn, chunk: number): string {
  return path.join(folder, `${column.name}-${String(chunk).padStart(5, '0')}.npy`);
}

/** The head of a chunk of so many rows: two tables of one layout have equal heads. */
export function chunkHeader(column: RowColumn, rows: number): Uint8Array {
  return encodeNpyHeader(dtypes[column.dtype].descriptor, [rows, ...column.shape]);
}

/** Rows of one chunk of a table. */
export function rowsInChunk(
  { rows, rowsPerChunk }: Pick<RowManifest, 'rows' | 'rowsPerChunk'>,
  chunk: number,
): number {
  return Math.min(rowsPerChunk, rows - chunk * rowsPerChunk);
}

export function chunkCount({ rows, rowsPerChunk }: Pick<RowManifest, 'rows' | 'rowsPerChunk'>): number {
  return Math.ceil(rows / rowsPerChunk);
}
