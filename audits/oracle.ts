import type { Images, Matrix } from './contract/data.ts';
import { matrix } from './contract/data.ts';
import { MoatError } from './contract/errors.ts';
import type { DefenseCharges, DefenseSession, Detection, LedgerEntry, Oracle } from './contract/method.ts';

export interface OracleOptions {
  /** Clean embeddings of the victim, `[images.count, victim dimension]`; the caller caches them by content. */
  answer(images: Images): Promise<Matrix>;
  /** The victim's projections of the same images, where it has that output and a defense or an attack uses them. */
  project?(images: Images): Promise<Matrix>;
  /** Opens the defense for one account; called once per account, at its first query. */
  openSession(account: number): DefenseSession;
  /** Length of a defended reply. */
  readonly dimension: number;
  /** Rows granted over all accounts together. */
  readonly budget: number;
  /** Accounts the attacker holds. */
  readonly accounts: number;
  /** Bytes of one image as it is sent. */
  readonly imageBytes: number;
}

export interface MeteredOracle extends Oracle {
  /** One entry per account that sent anything, in account order. */
  ledger(): readonly LedgerEntry[];
  /** What the defense says of each account that sent anything: alarms and prices. */
  watched(): readonly WatchedAccount[];
}

export interface WatchedAccount {
  readonly account: number;
  readonly detection: Detection | undefined;
  readonly charges: DefenseCharges | undefined;
  readonly isOpen: boolean;
}

interface Account {
  readonly session: DefenseSession;
  readonly inputs: Set<string>;
  rows: number;
  bytesReceived: number;
  isOpen: boolean;
}

/**
 * The only door to a victim: what passes here is what an attack has spent, whatever the attack itself believes.
 * Rows are charged when they are sent, before the victim answers; those which the defense refuses are given back. Calls are answered one at a time in the order
 * in which they were made, so that a stateful defense sees the same history in every run.
 * @throws RangeError when `budget`, `accounts` or `dimension` is no sensible count (a bug of the caller).
 */
export function createOracle(options: OracleOptions): MeteredOracle {
  const { budget, accounts, dimension } = options;
  if (!Number.isInteger(budget) || budget < 0) throw new RangeError(`a budget of ${budget} rows`);
  if (!Number.isInteger(accounts) || accounts < 1) throw new RangeError(`${accounts} accounts`);
  if (!Number.isInteger(dimension) || dimension < 1) throw new RangeError(`replies of length ${dimension}`);

  const opened = new Map<number, Account>();
  let spent = 0;
  let previous: Promise<unknown> = Promise.resolve();

  const open = (id: number): Account => {
    const known = opened.get(id);
    if (known !== undefined) return known;
    const account = {
      session: options.openSession(id),
      inputs: new Set<string>(),
      rows: 0,
      bytesReceived: 0,
      isOpen: true,
    };
    opened.set(id, account);
    return account;
  };

  const send = async (images: Images, account: Account): Promise<Matrix> => {
    // Closed by a call before this one: nothing is answered, nothing is charged.
    if (!account.isOpen) {
      spent -= images.count;
      return matrix(new Float32Array(0), 0, dimension);
    }
    // A call on which the victim fails was sent, and is charged whole.
    let answered = images.count;
    try {
      const clean = await options.answer(images);
      const projections = await options.project?.(images);
      if (clean.rows !== images.count)
        throw new RangeError(`the victim answered ${clean.rows} rows for ${images.count} images`);
      const reply = account.session.reply(clean, images.hashes, projections);
      if (reply.rows > images.count || reply.columns !== dimension)
        throw new RangeError(
          `a reply of ${reply.rows} x ${reply.columns} where ${images.count} x ${dimension} was promised`,
        );
      answered = reply.rows;
      account.isOpen = answered === images.count;
      account.bytesReceived += reply.data.byteLength;
      return reply;
    } finally {
      spent -= images.count - answered;
      account.rows += answered;
      for (const hash of images.hashes.slice(0, answered)) account.inputs.add(hash);
    }
  };

  return Object.freeze({
    dimension,
    accounts,
    remaining: () => budget - spent,
    isOpen: (id: number) => opened.get(id)?.isOpen ?? true,
    async query(images: Images, id = 0): Promise<Matrix> {
      if (!Number.isInteger(id) || id < 0 || id >= accounts)
        throw new MoatError(
          'configuration-invalid',
          `Account ${id} is unknown: the attacker holds accounts 0 to ${accounts - 1}.`,
        );
      if (images.hashes.length !== images.count)
        throw new RangeError(`${images.hashes.length} identities for ${images.count} images`);
      if (images.count > budget - spent)
        throw new MoatError(
          'budget-exhausted',
          `${images.count} rows were asked for with ${budget - spent} of ${budget} left.`,
          { details: { asked: images.count, remaining: budget - spent, budget } },
        );
      if (images.count === 0) return matrix(new Float32Array(0), 0, dimension);
      const account = open(id);
      spent += images.count;
      // A failed call is reported to its own caller; the ones behind it still get their turn.
      const reply = previous.then(() => send(images, account));
      previous = reply.catch(() => undefined);
      return reply;
    },
    ledger: () =>
      [...opened]
        .sort(([a], [b]) => a - b)
        .map(([account, { rows, inputs, bytesReceived }]) => ({
          account,
          rows,
          uniqueInputs: inputs.size,
          bytesSent: rows * options.imageBytes,
          bytesReceived,
        })),
    watched: () =>
      [...opened]
        .sort(([a], [b]) => a - b)
        .map(([account, { session, isOpen }]) => ({
          account,
          detection: session.detection?.(),
          charges: session.charges?.(),
          isOpen,
        })),
  });
}
