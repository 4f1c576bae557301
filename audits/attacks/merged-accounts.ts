import { type Images, type Matrix, matrix, matrixRow, selectImages, sliceImages } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext, Oracle } from '../contract/method.ts';
import { type AccountMap, chooseAccountMap, type PairedMethod } from './account-maps.ts';
import { alignUnpaired } from './unpaired-alignment.ts';

/** Several accounts used as one: who is asked what, and how replies come into one space. */

/** Images per call. */
const ROWS_PER_CALL = 512;
/** Anchors below which no map is worth learning: held-out ones would be one or two. */
const FEWEST_ANCHORS = 8;
/** Rows per account from which unpaired accounts are aligned; what is sent later is mapped as well. */
const UNPAIRED_ROWS = 1000;

/** Consecutive rows of one account. */
export interface Piece {
  readonly account: number;
  readonly replies: Matrix;
}

/** Chooses the accounts that images are sent on. */
export interface Router {
  /**
   * Replies to the first images, in order: all of them unless every account has refused or was given up.
   * @throws MoatError `budget-exhausted`, `cancelled`
   */
  send(images: Images): Promise<readonly Piece[]>;
  /** Images that may still be sent with the rows left. */
  affordable(): number;
}

/** Spreads every call evenly over the accounts; what a refused one leaves goes to those still open. */
export function evenRouter(oracle: Oracle, accounts: readonly number[]): Router {
  const sent = new Map(accounts.map((account) => [account, 0]));
  const leastUsed = (): number | undefined =>
    accounts
      .filter((account) => oracle.isOpen(account))
      .sort((a, b) => (sent.get(a) ?? 0) - (sent.get(b) ?? 0) || a - b)[0];
  return {
    affordable: () => oracle.remaining(),
    async send(images) {
      const share = Math.ceil(images.count / accounts.length);
      const pieces: Piece[] = [];
      for (let start = 0; start < images.count;) {
        const account = leastUsed();
        if (account === undefined) break;
        const end = Math.min(start + Math.min(share, ROWS_PER_CALL), images.count);
        const replies = await oracle.query(sliceImages(images, start, end), account);
        sent.set(account, (sent.get(account) ?? 0) + replies.rows);
        if (replies.rows > 0) pieces.push({ account, replies });
        start += replies.rows;
      }
      return pieces;
    },
  };
}

/** How every account's replies come into the space of account 0, and what was learned on the way. */
export interface LearnedMaps {
  /** By account; accounts without an entry are of no use. */
  readonly maps: ReadonlyMap<number, AccountMap>;
  /** Replies in the space of account 0 that are already paid for, by image hash. */
  readonly known: ReadonlyMap<string, Float32Array>;
  readonly diagnostics: Readonly<Record<string, number>>;
}

/**
 * Sends the first images of the pool on every account and learns from these pairs.
 * @param methods to choose from on held-out anchors, or the one to take
 * @param anchors images wanted; never more than half of the budget goes into them
 * @throws MoatError `not-applicable` when the budget or the service leaves fewer than eight pairs with any other account
 */
export async function learnFromAnchors(
  { oracle, pool, engine, log }: Pick<AttackContext, 'oracle' | 'pool' | 'engine' | 'log'>,
  methods: readonly PairedMethod[],
  anchors: number,
): Promise<LearnedMaps> {
  const count = Math.min(anchors, pool.count, Math.floor(oracle.remaining() / (2 * oracle.accounts)));
  if (count < FEWEST_ANCHORS)
    throw new MoatError(
      'not-applicable',
      `${oracle.remaining()} queries leave ${count} images to be sent on each of ${oracle.accounts} accounts; ${FEWEST_ANCHORS} are needed.`,
    );
  const images = sliceImages(pool, 0, count);
  const target = await sendOn(oracle, images, 0);
  const maps = new Map<number, AccountMap>([[0, async (replies) => replies]]);
  const shares: number[] = [];
  for (let account = 1; account < oracle.accounts; account++) {
    const source = await sendOn(oracle, images, account);
    const pairs = Math.min(source.rows, target.rows);
    if (pairs < FEWEST_ANCHORS) continue;
    const chosen = await chooseAccountMap(
      engine,
      firstRows(source, pairs),
      firstRows(target, pairs),
      methods,
    );
    if (chosen === undefined) continue;
    log(
      `Account ${account} is mapped by ${chosen.method}: ${chosen.explained.toFixed(3)} of held-out anchors.`,
    );
    maps.set(account, chosen.map);
    shares.push(chosen.explained);
  }
  if (shares.length === 0)
    throw new MoatError('not-applicable', 'No account could be mapped onto the first one.');
  return {
    maps,
    known: new Map(
      Array.from({ length: target.rows }, (_, row) => [images.hashes[row] ?? '', matrixRow(target, row)]),
    ),
    diagnostics: {
      anchors: count,
      mappedAccounts: maps.size,
      worstAnchorFit: Math.max(-1, Math.min(...shares)),
      meanAnchorFit: Math.max(-1, shares.reduce((sum, share) => sum + share, 0) / shares.length),
    },
  };
}

/**
 * Sends different images of the pool on every account and aligns what comes back without any pair.
 * @throws MoatError `not-applicable` when no account can be aligned with the first one
 */
export async function learnUnpaired({
  oracle,
  pool,
  engine,
  rng,
}: Pick<AttackContext, 'oracle' | 'pool' | 'engine' | 'rng'>): Promise<LearnedMaps> {
  const share = Math.floor(Math.min(pool.count, oracle.remaining()) / oracle.accounts);
  const count = Math.min(UNPAIRED_ROWS, share);
  const maps = new Map<number, AccountMap>([[0, async (replies) => replies]]);
  const known = new Map<string, Float32Array>();
  let target: Matrix | undefined;
  for (let account = 0; account < oracle.accounts; account++) {
    const images = sliceImages(pool, account * count, (account + 1) * count);
    const replies = await sendOn(oracle, images, account);
    target ??= replies;
    const map =
      maps.get(account) ?? (await alignUnpaired(engine, replies, target, rng.derive(`unpaired/${account}`)));
    if (map === undefined) continue;
    maps.set(account, map);
    const mapped = await map(replies);
    for (let row = 0; row < mapped.rows; row++) known.set(images.hashes[row] ?? '', matrixRow(mapped, row));
  }
  if (maps.size < 2)
    throw new MoatError('not-applicable', 'Too few replies to align any account with the first one.');
  return { maps, known, diagnostics: { mappedAccounts: maps.size, alignedRows: count } };
}

/** Sends images on one account. @returns replies to the first ones, as far as it answered. */
export async function sendOn(oracle: Oracle, images: Images, account: number): Promise<Matrix> {
  const replies = new Float32Array(images.count * oracle.dimension);
  let done = 0;
  while (done < images.count && oracle.isOpen(account)) {
    const part = sliceImages(images, done, Math.min(done + ROWS_PER_CALL, images.count));
    const { data, rows } = await oracle.query(part, account);
    replies.set(data, done * oracle.dimension);
    done += rows;
  }
  return matrix(replies.slice(0, done * oracle.dimension), done, oracle.dimension);
}

/**
 * The accounts as a base attack sees them: one, which answers in the space of account 0. Known images are answered from
 * memory; they count as rows left until they are first asked for, so that a base which sends the pool's own images gets
 * them for nothing. One that sends others instead (augmented views) ends by so many rows earlier.
 */
export function mergedOracle(
  oracle: Oracle,
  router: Router,
  { maps, known }: Omit<LearnedMaps, 'diagnostics'>,
): Oracle {
  const { dimension } = oracle;
  const unclaimed = new Set(known.keys());
  // A router may turn out to need more rows than it announced (blocks sent twice): then it ends early, as a service that
  // refuses would. Only who asks for more than was ever promised is told of the budget.
  let promised = router.affordable() + unclaimed.size;
  let isOpen = true;
  return {
    dimension,
    accounts: 1,
    remaining: () => (isOpen ? router.affordable() + unclaimed.size : 0),
    isOpen: () => isOpen,
    async query(images) {
      if (images.count > promised)
        throw new MoatError(
          'budget-exhausted',
          `${images.count} images exceed the ${promised} replies left.`,
        );
      if (!isOpen) return matrix(new Float32Array(0), 0, dimension);
      const unknown = Array.from(images.hashes.keys()).filter(
        (index) => !known.has(images.hashes[index] ?? ''),
      );
      const asked = unknown.slice(0, router.affordable());
      const pieces = asked.length === 0 ? [] : await router.send(selectImages(images, asked));
      const answers = new Map<number, Float32Array>();
      for (const { account, replies } of pieces) {
        const map = maps.get(account);
        if (map === undefined) throw new RangeError(`account ${account} has no map`);
        const mapped = await map(replies);
        for (let row = 0; row < mapped.rows; row++)
          answers.set(unknown[answers.size] ?? 0, matrixRow(mapped, row));
      }
      // Replies come in order: what lies behind the first unanswered image is not handed over.
      const answered = unknown[answers.size] ?? images.count;
      if (answered < images.count) isOpen = false;
      promised -= answered;
      const replies = new Float32Array(answered * dimension);
      for (let row = 0; row < answered; row++) {
        const hash = images.hashes[row] ?? '';
        unclaimed.delete(hash);
        replies.set(answers.get(row) ?? known.get(hash) ?? [], row * dimension);
      }
      return matrix(replies, answered, dimension);
    },
  };
}

function firstRows({ data, columns }: Matrix, rows: number): Matrix {
  return matrix(data.subarray(0, rows * columns), rows, columns);
}
