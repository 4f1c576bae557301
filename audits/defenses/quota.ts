import { z } from 'zod';
import { matrix } from '../contract/data.ts';
import { defineDefense } from './define-defense.ts';

/**
 * A number of rows per account, then nothing (landscape D7). What it is worth follows from the audit's query curve: choose
 * `rows` below the queries that a useful theft needs, divided by the accounts a thief can afford.
 *
 * Threat model: accounts cost something. A thief with enough of them is not stopped, only charged.
 */
const config = z.object({
  /** Rows answered per account. */
  rows: z.int().min(0).max(1_000_000_000).default(1000),
  /** US dollars an account costs its owner: a card, a telephone number, a subscription. */
  pricePerAccount: z.number().min(0).max(1e9).default(0),
});

export const quota = defineDefense({
  meta: {
    id: 'quota',
    version: 1,
    title: 'Quota',
    summary: 'Answers a number of rows per account and refuses the rest.',
    reference: {
      authors: 'F. Tramèr, F. Zhang, A. Juels, M. K. Reiter, T. Ristenpart',
      title: 'Stealing Machine Learning Models via Prediction APIs',
      venue: 'USENIX Security',
      year: 2016,
      url: 'https://arxiv.org/abs/1609.02943',
    },
    mechanism: 'A thief needs more queries than one account may send, and accounts have a price.',
    mustFace: ['direct-extraction', 'sybil-remap', 'defense-aware-schedule'],
    stateful: true,
  },
  config,
  openSession({ config: { rows: allowed, pricePerAccount } }) {
    let used = 0;
    return {
      reply({ data, rows, columns }) {
        const answered = Math.min(rows, allowed - used);
        used += answered;
        return matrix(data.slice(0, answered * columns), answered, columns);
      },
      charges: () => ({ seconds: 0, dollars: pricePerAccount }),
    };
  },
});
