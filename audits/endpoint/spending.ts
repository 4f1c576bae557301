import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { MoatError } from '../contract/errors.ts';

/** What was asked of a service so far, by all audits of one database. */
export interface Asked {
  readonly requests: number;
  readonly images: number;
}

const fileName = 'asked.jsonl';

/**
 * Counts what is asked, before it is sent: one line on disk per request, synced. Whatever kills a run, the count is
 * never below what the service has seen, so the spending limit holds over any number of runs. Only a request that the
 * service certainly did not serve (refused, never connected) is taken back.
 */
export class Spending {
  readonly #descriptor: number;
  readonly #price: number;
  readonly #limit: number;
  #images: number;

  /** @param prices US dollars per image, and over all */
  constructor(folder: string, prices: { readonly pricePerImage: number; readonly maxSpend: number }) {
    mkdirSync(folder, { recursive: true });
    this.#descriptor = openSync(path.join(folder, fileName), 'a');
    this.#price = prices.pricePerImage;
    this.#limit = prices.maxSpend;
    this.#images = readAsked(folder).images;
  }

  /** @throws MoatError `endpoint-limit-reached`, and nothing is counted then */
  charge(images: number): void {
    // In whole images: a sum of a thousand prices need not be the price of a thousand.
    const affordable = this.#price === 0 ? Infinity : Math.floor(this.#limit / this.#price + 1e-9);
    if (this.#images + images > affordable)
      throw new MoatError(
        'endpoint-limit-reached',
        `The spending limit of $${this.#limit} is reached: ${this.#images} images were asked at $${this.#price} each.`,
        { details: { asked: this.#images, affordable } },
      );
    this.#append(images);
  }

  /** Takes a charge back. */
  refund(images: number): void {
    this.#append(-images);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #append(images: number): void {
    writeSync(this.#descriptor, `${JSON.stringify({ images })}\n`);
    fsyncSync(this.#descriptor);
    this.#images += images;
  }
}

/** The count on disk; nothing where nothing was asked. */
export function readAsked(folder: string): Asked {
  const file = path.join(folder, fileName);
  if (!existsSync(file)) return { requests: 0, images: 0 };
  let requests = 0;
  let images = 0;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const found = /^\{"images":(-?\d+)\}$/.exec(line);
    // Half a line: the request behind it was never sent.
    if (found === null) continue;
    const count = Number(found[1]);
    images += count;
    if (count > 0) requests++;
  }
  return { requests, images };
}
