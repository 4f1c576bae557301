import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Images, Matrix } from '../contract/data.ts';
import { matrix } from '../contract/data.ts';
import type { PreparationRecord } from '../store/types.ts';
import { bytesOf, writeFileAtomic } from './files.ts';

/**
 * What all cells of an audit read: decoded images, labels and clean embeddings, each computed once.
 * One folder, addressed by what went into it; its record is written last, so a folder with a record is whole.
 */
export interface PreparedSet {
  readonly images: Images;
  /** The victim's clean embeddings `[count, dimension]`. */
  readonly embeddings: Matrix;
  /** The public backbone's embeddings, when one is given. */
  readonly backbone: Matrix | undefined;
  /** Class of each image; -1 where there is none. */
  readonly labels: Int32Array;
}

const setSchema = z.object({
  height: z.number(),
  width: z.number(),
  hashes: z.array(z.string()),
  labels: z.array(z.number()),
  dimension: z.number(),
  backboneDimension: z.number(),
});

const recordFile = 'record.json';

export function writePreparedSet(folder: string, name: string, set: PreparedSet): void {
  writeFileAtomic(path.join(folder, `${name}.pixels`), [set.images.data]);
  writeFileAtomic(path.join(folder, `${name}.embeddings`), [bytesOf(set.embeddings.data)]);
  if (set.backbone !== undefined)
    writeFileAtomic(path.join(folder, `${name}.backbone`), [bytesOf(set.backbone.data)]);
  const header: z.infer<typeof setSchema> = {
    height: set.images.height,
    width: set.images.width,
    hashes: [...set.images.hashes],
    labels: [...set.labels],
    dimension: set.embeddings.columns,
    backboneDimension: set.backbone?.columns ?? 0,
  };
  writeFileAtomic(path.join(folder, `${name}.json`), [JSON.stringify(header)]);
}

export function readPreparedSet(folder: string, name: string): PreparedSet {
  const header = setSchema.parse(JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')));
  const count = header.hashes.length;
  const floats = (kind: string, columns: number): Matrix => {
    const data = new Float32Array(count * columns);
    bytesOf(data).set(readFileSync(path.join(folder, `${name}.${kind}`)));
    return matrix(data, count, columns);
  };
  return {
    images: {
      data: readFileSync(path.join(folder, `${name}.pixels`)),
      count,
      height: header.height,
      width: header.width,
      hashes: header.hashes,
    },
    embeddings: floats('embeddings', header.dimension),
    backbone: header.backboneDimension > 0 ? floats('backbone', header.backboneDimension) : undefined,
    labels: Int32Array.from(header.labels),
  };
}

export function writeRecord(folder: string, record: PreparationRecord): void {
  writeFileAtomic(path.join(folder, recordFile), [JSON.stringify(record)]);
}

/** The record of a whole preparation, or undefined where none was finished. */
export function readRecord(folder: string): PreparationRecord | undefined {
  const file = path.join(folder, recordFile);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as PreparationRecord) : undefined;
}
