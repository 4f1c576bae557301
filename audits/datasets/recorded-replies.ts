import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { MoatError } from '../contract/errors.ts';
import type { RecordedReplies } from '../contract/method.ts';
import { parseNpz } from './npz.ts';

/** Rows that every account gets alike. */
const ANY_ACCOUNT = -1;

/**
 * Reads a recorded table of replies: a `.npz` with `input` (SHA-256 in hex of each image's decoded pixels, `[rows]`), `reply`
 * (numbers `[rows, dimension]`) and, optionally, `account` (integers `[rows]`, -1 for a row that holds for every account;
 * absent: all of them). Rows of the same input and account are the replies to the first, second ... time it was asked.
 * @returns the table and the SHA-256 (hex) of the file
 * @throws MoatError `path-missing`, `dataset-format`
 */
export function readRecordedReplies(file: string): {
  readonly digest: string;
  readonly replies: RecordedReplies;
} {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new MoatError('path-missing', `There is no file ${file}.`, { cause });
  }
  const digest = createHash('sha256').update(bytes).digest('hex');
  return { digest, replies: parseRecordedReplies(bytes, file) };
}

function parseRecordedReplies(bytes: Uint8Array, source: string): RecordedReplies {
  const arrays = parseNpz(bytes, source);
  const [input, reply, account] = ['input', 'reply', 'account'].map((name) => arrays.get(name));
  const wrong = (what: string): MoatError =>
    new MoatError('dataset-format', `${source} is no table of replies: ${what}.`);
  if (input?.dtype !== 'string' || input.shape.length !== 1)
    throw wrong('it needs "input", one image hash (text) per row');
  const rows = input.data.length;
  const [replies = 0, dimension = 0] = reply?.shape ?? [];
  if (
    reply === undefined ||
    reply.dtype === 'string' ||
    reply.shape.length !== 2 ||
    replies !== rows ||
    dimension < 1
  )
    throw wrong(`it needs "reply", numbers of shape [${rows}, dimension]`);
  if (account !== undefined && (account.dtype === 'string' || account.data.length !== rows))
    throw wrong(`"account" must hold ${rows} whole numbers`);
  const values = Float32Array.from(reply.data);
  if (values.some((value) => !Number.isFinite(value))) throw wrong('a reply is not finite');
  const owners = account?.data;
  const table = new Map<string, Float32Array[]>();
  input.data.forEach((hash, row) => {
    const key = keyOf(hash, owners?.[row] ?? ANY_ACCOUNT);
    const known = table.get(key) ?? [];
    known.push(values.subarray(row * dimension, (row + 1) * dimension));
    table.set(key, known);
  });
  return {
    dimension,
    find(hash, of, time) {
      const found = table.get(keyOf(hash, of)) ?? table.get(keyOf(hash, ANY_ACCOUNT));
      return found?.[Math.min(time, found.length - 1)];
    },
  };
}

function keyOf(hash: string, account: number): string {
  return `${account}/${hash.toLowerCase()}`;
}
