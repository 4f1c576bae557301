import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { imageBytes, type Images, type Matrix } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { PreparationRecord } from '../store/types.ts';
import { bytesOf, writeFileAtomic } from './files.ts';
import type { RowColumn } from './row-format.ts';
import { hasRows, RowTable } from './row-reader.ts';

/**
 * What all cells of an audit read: decoded images, labels and clean embeddings, each computed once.
 * One folder, addressed by what went into it, with one table of rows per set; its record is written last, so a folder
 * with a record is whole.
 */
export interface PreparedSet {
  readonly height: number;
  readonly width: number;
  /** Identity of each image, in order. */
  readonly hashes: readonly string[];
  /** Class of each image; -1 where there is none. */
  readonly labels: Int32Array;
  /** The victim's clean embeddings `[count, dimension]`. */
  readonly embeddings: Matrix;
  /** The public backbone's embeddings, when one is given. */
  readonly backbone: Matrix | undefined;
  /** The victim's projections, when that output is named. */
  readonly projections: Matrix | undefined;
  /** Reads pixels from disk: those of the given images in the given order, or of all. Nothing is kept. */
  images(indices?: ArrayLike<number>): Images;
}

/** Raised when the layout or the meaning of prepared files changes. */
export const PREPARATION_VERSION = 3;

const recordFile = 'record.json';
const HASH_BYTES = 32;

/** Columns of a prepared set's table. */
export function preparedColumns(
  size: Pick<Images, 'height' | 'width'>,
  dimension: number,
  backboneDimension: number | undefined,
  projectionDimension: number | undefined,
): readonly RowColumn[] {
  return [
    { name: 'hashes', dtype: 'uint8', shape: [HASH_BYTES] },
    { name: 'labels', dtype: 'int32', shape: [] },
    { name: 'pixels', dtype: 'uint8', shape: [size.height, size.width, 3] },
    floats('embeddings', dimension),
    ...(backboneDimension === undefined ? [] : [floats('backbone', backboneDimension)]),
    ...(projectionDimension === undefined ? [] : [floats('projections', projectionDimension)]),
  ];
}

function floats(name: string, columns: number): RowColumn {
  return { name, dtype: 'float32', shape: [columns] };
}

/** Identities as bytes `[count, 32]`. */
export function packHashes(hashes: readonly string[]): Uint8Array {
  return Buffer.from(hashes.join(''), 'hex');
}

/** @throws MoatError `rows-damaged` */
export function readPreparedSet(folder: string, name: string): PreparedSet {
  const table = new RowTable(path.join(folder, name));
  const count = table.rows;
  const [height = 0, width = 0] = table.column('pixels')?.shape ?? [];
  const packed = Buffer.alloc(count * HASH_BYTES);
  table.read('hashes', 0, count, packed);
  const hashes = Array.from({ length: count }, (_, i) =>
    packed.toString('hex', i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
  const labels = new Int32Array(count);
  table.read('labels', 0, count, bytesOf(labels));
  return {
    height,
    width,
    hashes,
    labels,
    embeddings: allRows(table, 'embeddings'),
    backbone: table.column('backbone') === undefined ? undefined : allRows(table, 'backbone'),
    projections: table.column('projections') === undefined ? undefined : allRows(table, 'projections'),
    images(indices) {
      const rows = indices?.length ?? count;
      const data = new Uint8Array(rows * imageBytes({ height, width }));
      if (indices === undefined) table.read('pixels', 0, count, data);
      else table.select('pixels', indices, data);
      return {
        data,
        count: rows,
        height,
        width,
        hashes: indices === undefined ? hashes : Array.from(indices, (index) => hashes[index] ?? ''),
      };
    },
  };
}

function allRows(table: RowTable, name: string): Matrix {
  return table.floats(name).range(0, table.rows);
}

export function writeRecord(folder: string, record: PreparationRecord): void {
  writeFileAtomic(path.join(folder, recordFile), [JSON.stringify({ version: PREPARATION_VERSION, record })]);
}

/** The record of a whole preparation of this layout, or undefined where none was finished or a set was taken away. */
export function readRecord(folder: string): PreparationRecord | undefined {
  const file = path.join(folder, recordFile);
  if (!existsSync(file)) return undefined;
  const { version, record } = JSON.parse(readFileSync(file, 'utf8')) as {
    version?: number;
    record?: PreparationRecord;
  };
  if (version !== PREPARATION_VERSION || record === undefined) return undefined;
  return setNames(record).every((name) => hasRows(path.join(folder, name))) ? record : undefined;
}

/** Is everything there that a record speaks of, and of the right length? */
export function isWhole(folder: string): boolean {
  const record = readRecord(folder);
  return (
    record !== undefined && setNames(record).every((name) => openRows(path.join(folder, name)) !== undefined)
  );
}

function setNames({ tasks }: PreparationRecord): readonly string[] {
  return ['pool', ...tasks.flatMap((_, i) => [`task-${i}-fit`, `task-${i}-score`])];
}

/** A table, or undefined where there is none or a damaged one. */
export function openRows(folder: string): RowTable | undefined {
  try {
    return hasRows(folder) ? new RowTable(folder) : undefined;
  } catch (error) {
    if (error instanceof MoatError && error.code === 'rows-damaged') return undefined;
    throw error;
  }
}
