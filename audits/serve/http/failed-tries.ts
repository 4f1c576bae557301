/** Wrong tokens that one address may send before it has to wait. */
const MOST_TRIES = 10;
const WAIT_MS = 30_000;
/** Addresses kept in mind; the oldest goes first. */
const MOST_ADDRESSES = 1000;

interface Tries {
  count: number;
  untilMs: number;
}

/** Counts wrong tokens by address. */
export class FailedTries {
  readonly #nowMs: () => number;
  readonly #tries = new Map<string, Tries>();

  /** @param nowMs of a clock that never jumps */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Milliseconds until the address may try again; 0 when it may now. */
  waitMs(address: string): number {
    const tries = this.#tries.get(address);
    if (tries === undefined) return 0;
    const left = tries.untilMs - this.#nowMs();
    if (left <= 0) this.#tries.delete(address);
    return tries.count >= MOST_TRIES ? Math.max(0, left) : 0;
  }

  record(address: string): void {
    const { count } = this.#tries.get(address) ?? { count: 0 };
    this.#tries.delete(address);
    this.#tries.set(address, { count: count + 1, untilMs: this.#nowMs() + WAIT_MS });
    const [oldest] = this.#tries.keys();
    if (this.#tries.size > MOST_ADDRESSES && oldest !== undefined) this.#tries.delete(oldest);
  }
}
