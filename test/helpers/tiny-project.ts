import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { writeTinyEncoder } from './tiny-encoder.ts';
import { writeTinyImages } from './tiny-images.ts';

/** An encoder, a pool and a task small enough that a whole audit takes seconds. */
export interface TinyProject {
  readonly folder: string;
  /** Arguments of `audit` that name the encoder, the pool and the task, relative to the folder. */
  readonly arguments: readonly string[];
}

export async function makeTinyProject(): Promise<TinyProject> {
  const folder = mkdtempSync(path.join(tmpdir(), 'moat-tiny-'));
  writeTinyEncoder(path.join(folder, 'encoder.onnx'));
  await writeTinyImages(path.join(folder, 'pool'), { classes: 1, perClass: 80, seed: 'pool' });
  await writeTinyImages(path.join(folder, 'task', 'train'), { classes: 3, perClass: 30, seed: 'train' });
  await writeTinyImages(path.join(folder, 'task', 'test'), { classes: 3, perClass: 20, seed: 'test' });
  return { folder, arguments: ['encoder.onnx', '--pool', 'pool', '--task', 'tiny=task'] };
}

/** Every measurement of a database in a comparable form, without times. */
export function measurementsOf(database: string): readonly unknown[] {
  const connection = new Database(database, { readonly: true });
  try {
    return connection
      .prepare(
        'SELECT cell_key, metric, task, value, n, hex(items) AS items FROM measurements ORDER BY cell_key, metric, task',
      )
      .all();
  } finally {
    connection.close();
  }
}
