import { z } from 'zod';
import { type Matrix, matrix, matrixRow } from '../contract/data.ts';
import type { MarkInput } from '../contract/method.ts';
import type { Rng } from '../rng.ts';
import { norm } from './mark-geometry.ts';

/** `service`: one mark in all replies; `account`: one per account, so that a copy also tells whose replies it was made from. */
export const markKeysSchema = z.enum(['service', 'account']).default('service');

/** The stream that a mark is drawn from. */
export function markStream({
  config,
  account,
  rng,
}: Pick<MarkInput<{ readonly keys: 'service' | 'account' }>, 'config' | 'account' | 'rng'>): Rng {
  return rng.derive(config.keys === 'service' ? 'mark' : `mark/account/${account}`);
}

/** A reply by the direction marking gives it; undefined: not marked. */
export type MarkRow = (embedding: Float32Array) => Float64Array | undefined;

/**
 * Marks rows one by one. Marks are published for vectors of length 1, as text services return them: the direction is the mark's,
 * the length stays the embedding's own, so that both kinds of encoder keep their scale.
 * @returns newly allocated `[rows, dimension]`
 */
export function markRows(embeddings: Matrix, markRow: MarkRow): Matrix {
  const data = embeddings.data.slice();
  for (let row = 0; row < embeddings.rows; row++) {
    const embedding = matrixRow(embeddings, row);
    const direction = markRow(embedding);
    if (direction === undefined) continue;
    const length = norm(direction);
    const scale = length > 0 ? norm(embedding) / length : 0;
    direction.forEach((value, i) => (data[row * embeddings.columns + i] = scale * value));
  }
  return matrix(data, embeddings.rows, embeddings.columns);
}
