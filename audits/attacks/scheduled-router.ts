import { type Images, type Matrix, matrix, matrixRow, selectImages, sliceImages } from '../contract/data.ts';
import type { Oracle } from '../contract/method.ts';
import type { Piece, Router } from './merged-accounts.ts';

export interface Schedule {
  readonly onset: boolean;
  /** Rows between two canaries. */
  readonly every: number;
  /** In standard deviations of the replies. */
  readonly threshold: number;
  readonly noisy: 'drop' | 'weight';
  readonly split: 'even' | 'fill';
}

export interface ScheduledRouter extends Router {
  /** Canaries sent, rows dropped, accounts given up, and the most noise seen, in standard deviations of the replies. */
  summary(): Readonly<Record<string, number>>;
}

/** What is known of one account. */
interface Watched {
  readonly account: number;
  rows: number;
  sinceCanary: number;
  /** The canary's first reply: before an onset it is as good as clean. */
  reference: Float32Array | undefined;
  /** Sums for the variance of the replies so far, per dimension. */
  readonly sum: Float64Array;
  readonly squares: Float64Array;
  /** Noise of the first block. */
  firstNoise: number | undefined;
  isGivenUp: boolean;
}

/** Rows below which an account's replies have no standard deviation to compare with. */
const ROWS_TO_JUDGE = 2;
/** Times the noise of an account's first block: what was there from the beginning is no onset, and fleeing it gains nothing. */
const RISE = 2;

/**
 * Sends blocks of `every` rows on an account, and a canary before the first and after each of them. Noise of a block is the canary's root
 * mean square distance from its first reply over the standard deviation of the account's replies.
 *
 * A block behind an onset (noise above the threshold that was not there from the beginning) is dropped, its account given
 * up and its images sent on the next one; the last account's block is kept, for there is nobody left to ask, and nothing is
 * sent after it. Rows of a block that went out in an earlier call are with the base already and stay there. With `weight` no
 * account is given up.
 */
export function scheduledRouter(
  oracle: Oracle,
  accounts: readonly number[],
  schedule: Schedule,
): ScheduledRouter {
  const { onset, every, threshold, noisy, split } = schedule;
  const watched = accounts.map((account): Watched => ({
    account,
    rows: 0,
    sinceCanary: 0,
    reference: undefined,
    firstNoise: undefined,
    sum: new Float64Array(oracle.dimension),
    squares: new Float64Array(oracle.dimension),
    isGivenUp: false,
  }));
  let canary: Images | undefined;
  let [canaries, dropped, most] = [0, 0, 0];

  const isUsable = (one: Watched): boolean => !one.isGivenUp && oracle.isOpen(one.account);
  const next = (): Watched | undefined => {
    const usable = watched.filter(isUsable);
    return split === 'fill'
      ? usable[0]
      : usable.toSorted((a, b) => a.rows - b.rows || a.account - b.account)[0];
  };
  /** The canary's reply; undefined when no row is left for it or the account refuses. */
  const ask = async ({ account }: Watched): Promise<Float32Array | undefined> => {
    if (canary === undefined || oracle.remaining() < 1) return undefined;
    const reply = await oracle.query(canary, account);
    canaries += reply.rows;
    return reply.rows === 0 ? undefined : reply.data;
  };
  const noiseOf = async (one: Watched): Promise<number> => {
    const reply = await ask(one);
    if (reply === undefined || one.reference === undefined || one.rows < ROWS_TO_JUDGE) return 0;
    const noise = Math.sqrt(
      squaredDistance(reply, one.reference) / Math.max(totalVariance(one), Number.MIN_VALUE),
    );
    most = Math.max(most, Math.min(noise, Number.MAX_SAFE_INTEGER));
    return noise;
  };

  return {
    affordable() {
      const left = oracle.remaining();
      if (!onset) return left;
      const unmet = watched.filter((one) => isUsable(one) && one.reference === undefined).length;
      return Math.max(0, Math.floor(((left - unmet) * every) / (every + 1)));
    },
    async send(images) {
      canary ??= selectImages(images, [0]);
      const pieces: Piece[] = [];
      const share = split === 'even' ? Math.ceil(images.count / accounts.length) : images.count;
      for (let start = 0; start < images.count;) {
        const one = next();
        if (one === undefined) break;
        if (onset && one.reference === undefined) {
          one.reference = await ask(one);
          if (one.reference === undefined) break;
        }
        const count = Math.min(every - one.sinceCanary, share, images.count - start, oracle.remaining());
        if (count < 1) break;
        const replies = await oracle.query(sliceImages(images, start, start + count), one.account);
        observe(one, replies);
        const isWhole = one.sinceCanary >= every;
        if (isWhole) one.sinceCanary = 0;
        const noise = onset && isWhole ? await noiseOf(one) : 0;
        if (isWhole) one.firstNoise ??= noise;
        const isNoisy = noise > threshold;
        if (isNoisy && noise > RISE * (one.firstNoise ?? 0) && noisy === 'drop') {
          const isLast = watched.filter(isUsable).length < 2;
          one.isGivenUp = true;
          if (!isLast) {
            dropped += replies.rows;
            continue;
          }
        }
        const kept = isNoisy && noisy === 'weight' ? shrunken(replies, one, noise) : replies;
        if (kept.rows > 0) pieces.push({ account: one.account, replies: kept });
        start += kept.rows;
      }
      return pieces;
    },
    summary: () => ({
      canaries,
      droppedRows: dropped,
      accountsGivenUp: watched.filter(({ isGivenUp }) => isGivenUp).length,
      mostNoise: most,
    }),
  };
}

function observe(one: Watched, replies: Matrix): void {
  one.rows += replies.rows;
  one.sinceCanary += replies.rows;
  for (let row = 0; row < replies.rows; row++)
    matrixRow(replies, row).forEach((value, i) => {
      one.sum[i] = (one.sum[i] ?? 0) + value;
      one.squares[i] = (one.squares[i] ?? 0) + value * value;
    });
}

/** Variance of the account's replies, summed over dimensions. */
function totalVariance({ sum, squares, rows }: Watched): number {
  return squares.reduce(
    (total, square, i) => total + Math.max(0, square / rows - ((sum[i] ?? 0) / rows) ** 2),
    0,
  );
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0);
}

/** Replies drawn towards the account's mean by the share of their variance that is signal (the optimal linear weight). */
function shrunken(replies: Matrix, { sum, rows }: Watched, noise: number): Matrix {
  // `noise` is relative to replies which hold it themselves.
  const weight = Math.max(0, 1 - noise ** 2);
  const data = replies.data.map((value, at) => {
    const mean = (sum[at % replies.columns] ?? 0) / rows;
    return mean + weight * (value - mean);
  });
  return matrix(data, replies.rows, replies.columns);
}
