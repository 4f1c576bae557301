import { type Matrix, matrixRows } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { DefenseSession } from '../contract/method.ts';

/**
 * What must hold of every defense, as functions that answer with complaints: the table asks for none, and planted faults show
 * that each complaint is raised.
 */

export interface Opened {
  /** A fresh session of one account of the service with this key. */
  readonly open: (account: number, key: number) => DefenseSession;
  /** What is sent: clean embeddings `[rows, dimension]`. */
  readonly batch: Matrix;
  readonly outputDimension: number;
  /** Embeddings of the provider's images `[rows, dimension]`. */
  readonly provider?: Matrix;
  /** For a defense that leaves a mark: what its verifier finds in a suspect under this key. */
  readonly verify?: (suspect: Matrix, account: number, key: number) => number;
}

export interface Expected {
  /** Two accounts get the same replies. */
  readonly sameOnEveryAccount: boolean;
  /** The same input twice in one session gets the same reply. */
  readonly sameOnRepeat: boolean;
  /** Stateless, and yet another service answers otherwise. */
  readonly keyed?: boolean;
}

const KEY = 5;
const OTHER_KEY = 6;

/** `reply(batch)` equals one row after the other. */
export function batchComplaints({ open, batch }: Opened): readonly string[] {
  return complaintsOf((complain) => {
    const whole = open(0, KEY).reply(batch, namesOf(batch));
    const single = open(0, KEY);
    for (let row = 0; row < batch.rows; row++) {
      const { data } = single.reply(matrixRows(batch, row, row + 1), [nameOf(row)]);
      const inBatch = whole.data.slice(row * whole.columns, (row + 1) * whole.columns);
      if (!isEqual(data, inBatch)) return complain(`answers row ${row} otherwise in a batch than alone`);
    }
  });
}

/** Same account, key and order: same replies, whatever other accounts did in between. */
export function accountComplaints({ open, batch }: Opened, expected: Expected): readonly string[] {
  return complaintsOf((complain) => {
    const ask = (account: number, key = KEY): Float32Array =>
      open(account, key).reply(batch, namesOf(batch)).data.slice();
    const first = ask(1);
    if (!isEqual(ask(1), first)) complain('answers the same session otherwise a second time');
    // Both accounts are open at once here, and take turns.
    const [mine, theirs] = [open(1, KEY), open(0, KEY)];
    const half = Math.floor(batch.rows / 2);
    const before = mine.reply(matrixRows(batch, 0, half), namesOf(batch).slice(0, half)).data.slice();
    theirs.reply(batch, namesOf(batch));
    const after = mine.reply(matrixRows(batch, half, batch.rows), namesOf(batch).slice(half)).data;
    if (!isEqual(Float32Array.of(...before, ...after), first))
      complain('answers an account otherwise after another account has asked');
    if (isEqual(ask(2), first) !== expected.sameOnEveryAccount)
      complain(`answers two accounts ${expected.sameOnEveryAccount ? 'differently' : 'alike'}`);
    const isKeyed = !expected.sameOnEveryAccount || expected.keyed === true;
    if (isEqual(ask(1, OTHER_KEY), first) === isKeyed)
      complain(`answers under two keys ${isKeyed ? 'alike' : 'differently'}`);
  });
}

export function repeatComplaints({ open, batch }: Opened, { sameOnRepeat }: Expected): readonly string[] {
  return complaintsOf((complain) => {
    const session = open(0, KEY);
    const first = session.reply(batch, namesOf(batch)).data.slice();
    if (isEqual(session.reply(batch, namesOf(batch)).data, first) !== sameOnRepeat)
      complain(`answers a repeated input ${sameOnRepeat ? 'differently' : 'alike'}`);
  });
}

/** New memory of the promised shape, finite, and the clean embeddings as they were. */
export function memoryComplaints({ open, batch, outputDimension }: Opened): readonly string[] {
  return complaintsOf((complain) => {
    const before = batch.data.slice();
    const session = open(0, KEY);
    const reply = session.reply(batch, namesOf(batch));
    if (reply.rows !== batch.rows || reply.columns !== outputDimension)
      complain(`answers ${reply.rows} x ${reply.columns} instead of ${batch.rows} x ${outputDimension}`);
    if (!reply.data.every(Number.isFinite)) complain('answers with numbers that are not finite');
    const kept = reply.data.slice();
    const next = session.reply(batch, namesOf(batch));
    if (next.data.buffer === reply.data.buffer || !isEqual(reply.data, kept))
      complain('writes into a reply it gave before');
    reply.data.fill(9);
    if (!isEqual(batch.data, before)) complain('changes the clean embeddings');
  });
}

/** How near to 0 and 1 single precision brings a score. */
const SCORE_DIGITS = 1e-3;

/** A verifier finds the whole mark in the replies, none in clean embeddings, something else under another key, and is pure. */
export function markComplaints({ open, provider, verify }: Opened): readonly string[] {
  if (provider === undefined || verify === undefined) return [];
  return complaintsOf((complain) => {
    const replies = open(1, KEY).reply(provider, namesOf(provider));
    const before = replies.data.slice();
    const score = verify(replies, 1, KEY);
    if (Math.abs(score - 1) > SCORE_DIGITS) complain(`finds ${score} of its mark in its own replies`);
    const clean = verify(provider, 1, KEY);
    if (Math.abs(clean) > SCORE_DIGITS) complain(`finds ${clean} of its mark in clean embeddings`);
    if (Math.abs(verify(replies, 1, OTHER_KEY) - score) < SCORE_DIGITS)
      complain('finds its mark under another key');
    if (verify(replies, 1, KEY) !== score || !isEqual(replies.data, before))
      complain('verifies otherwise a second time, or changes the suspect');
  });
}

/** What `check` complains of; a session that throws is a complaint too. */
function complaintsOf(check: (complain: (complaint: string) => void) => void): readonly string[] {
  const complaints: string[] = [];
  try {
    check((complaint) => void complaints.push(complaint));
  } catch (thrown) {
    complaints.push(`failed: ${MoatError.from(thrown).message}`);
  }
  return complaints;
}

function isEqual(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}

const nameOf = (row: number): string => `input-${row}`;
const namesOf = ({ rows }: Matrix): string[] => Array.from({ length: rows }, (_, row) => nameOf(row));
