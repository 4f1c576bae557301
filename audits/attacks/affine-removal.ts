import { z } from 'zod';
import { type Matrix, matrix, sliceImages } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext, Oracle } from '../contract/method.ts';
import { defineAttack } from './define-attack.ts';

/**
 * Takes an offset (and, if asked, a scale) per coordinate out of the replies before another attack sees them: the attacker
 * who "subtracts the mean" (specification 4.2 and 8). For a squared error with a bias an offset is nothing; losses that look
 * at directions (`cosine`, `infonce`) and searches by cosine are led astray by it.
 *
 * What a coordinate's offset is taken to be:
 * - `mean`: the mean of its replies. Right for every encoder and every offset, random ones included; the surrogate answers
 *   with centered embeddings, which costs a linear classifier nothing.
 * - `floor`: its smallest reply. Exact where embeddings end in a ReLU and nothing varies but them; noise makes it too low.
 * - `public`: as many of its standard deviations for all coordinates alike, namely those by which mean lies above
 *   deviation more than in a public encoder. Keeps the natural means; only for offsets which are alike.
 *
 * Threat model: black box; the attacker suspects a fixed map per account. It is measured on the first rows that each
 * account answers, once, so that every reply goes through one map; an account whose mean agrees with the first one's by
 * chance takes over its map.
 */
const config = z.object({
  /** The attack behind it: `direct-extraction/loss=cosine`, `/` where a configuration has `:`. */
  base: z.string().min(1).default('direct-extraction'),
  offset: z.enum(['mean', 'floor', 'public']).default('mean'),
  /** `kept`: as replied; `unit`: every coordinate is divided by its standard deviation. */
  scale: z.enum(['kept', 'unit']).default('kept'),
});

type Config = z.infer<typeof config>;

/** Images of the pool embedded by the public encoder: the average over coordinates of a mean needs no more. */
const PUBLIC_IMAGES = 256;
/**
 * Mean squared difference of two accounts' means, in its own sampling variance, above which they are different maps. Equal
 * maps give 1; coordinates are correlated, so a few times that is still chance, while a real offset gives hundreds.
 */
const DIFFERENT_MAPS = 4;

export const affineRemoval = defineAttack({
  meta: {
    id: 'affine-removal',
    version: 1,
    title: 'Affine removal',
    summary: 'Subtracts the replies’ offset (and scale) before another attack sees them.',
    reference: {
      authors: 'A. Dziedzic, N. Dhawan, M. A. Kaleem, J. Guan, N. Papernot',
      title: 'On the Difficulty of Defending Self-Supervised Learning against Model Extraction',
      venue: 'ICML',
      year: 2022,
      url: 'https://arxiv.org/abs/2205.07890',
    },
    knowledge: 'As the base attack; that replies may be shifted or scaled.',
    requires: ['base-attack'],
    usesPublicEncoder: true,
    training: 'network',
  },
  config,
  async run(context, settings) {
    const { base, oracle } = context;
    if (base === undefined) throw new MoatError('internal', 'affine-removal was started without a base.');
    const natural = settings.offset === 'public' ? await publicMean(context) : 0;
    const removal = createRemoval(settings, natural);
    const outcome = await base.run({ ...context, oracle: correctingOracle(oracle, removal) });
    return { surrogate: outcome.surrogate, diagnostics: { ...outcome.diagnostics, ...removal.summary() } };
  },
});

/** As many images reach the base as the budget buys. */
export const correctedImages = (_settings: Readonly<Record<string, unknown>>, budget: number): number =>
  budget;

/** What was seen of an account's replies, and what is done to them. `[dimension]` each. */
interface AccountMap {
  readonly rows: number;
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
  readonly offset: Float64Array;
}

interface Removal {
  correct(replies: Matrix, account: number): Matrix;
  /** Root mean square of the offsets in standard deviations, and how many maps the accounts have. */
  summary(): { readonly removedOffset: number; readonly maps: number };
}

function createRemoval({ offset, scale }: Config, natural: number): Removal {
  const maps = new Map<number, AccountMap>();
  const mapOf = (replies: Matrix, account: number): AccountMap => {
    const known = maps.get(account);
    if (known !== undefined) return known;
    const measured = measure(replies, offset, natural);
    const [first] = maps.values();
    const map = first === undefined || areDifferent(first, measured) ? measured : first;
    maps.set(account, map);
    return map;
  };
  return {
    correct(replies, account) {
      if (replies.rows === 0) return replies;
      const { offset: removed, deviation } = mapOf(replies, account);
      const data = replies.data.map((value, at) => {
        const column = at % replies.columns;
        const factor = scale === 'kept' ? 1 : deviation[column] || 1;
        return (value - (removed[column] ?? 0)) / factor;
      });
      return matrix(data, replies.rows, replies.columns);
    },
    summary() {
      const distinct = new Set(maps.values());
      const squares = [...distinct].flatMap(({ offset: removed, deviation }) =>
        [...removed].map((value, column) => (value / (deviation[column] || 1)) ** 2),
      );
      const mean = squares.reduce((sum, square) => sum + square, 0) / Math.max(1, squares.length);
      return { removedOffset: Math.sqrt(mean), maps: distinct.size };
    },
  };
}

/** Statistics of one account's first replies, and the offset they show. */
function measure({ data, rows, columns }: Matrix, kind: Config['offset'], natural: number): AccountMap {
  const mean = new Float64Array(columns);
  const floor = new Float64Array(columns).fill(Infinity);
  const deviation = new Float64Array(columns);
  data.forEach((value, at) => {
    const column = at % columns;
    mean[column] = (mean[column] ?? 0) + value / rows;
    floor[column] = Math.min(floor[column] ?? Infinity, value);
  });
  data.forEach((value, at) => {
    const column = at % columns;
    deviation[column] = (deviation[column] ?? 0) + (value - (mean[column] ?? 0)) ** 2 / rows;
  });
  for (let column = 0; column < columns; column++) deviation[column] = Math.sqrt(deviation[column] ?? 0);
  const excess = meanInDeviations(mean, deviation) - natural;
  const offset = kind === 'mean' ? mean : kind === 'floor' ? floor : deviation.map((value) => excess * value);
  return { rows, mean, deviation, offset };
}

/** Average over the coordinates that vary of mean over standard deviation. */
function meanInDeviations(mean: Float64Array, deviation: Float64Array): number {
  const ratios = [...mean].flatMap((value, at) =>
    (deviation[at] ?? 0) > 0 ? value / (deviation[at] ?? 1) : [],
  );
  return ratios.reduce((sum, ratio) => sum + ratio, 0) / Math.max(1, ratios.length);
}

async function publicMean({ publicEncoder, pool }: AttackContext): Promise<number> {
  const embedded = await publicEncoder.embed(sliceImages(pool, 0, Math.min(pool.count, PUBLIC_IMAGES)));
  const { mean, deviation } = measure(embedded, 'mean', 0);
  return meanInDeviations(mean, deviation);
}

function areDifferent(a: AccountMap, b: AccountMap): boolean {
  let [sum, counted] = [0, 0];
  a.mean.forEach((mean, column) => {
    const sampling = (a.deviation[column] ?? 0) ** 2 / a.rows + (b.deviation[column] ?? 0) ** 2 / b.rows;
    if (sampling === 0) return;
    sum += (mean - (b.mean[column] ?? 0)) ** 2 / sampling;
    counted++;
  });
  return counted > 0 && sum / counted > DIFFERENT_MAPS;
}

function correctingOracle(oracle: Oracle, removal: Removal): Oracle {
  return {
    dimension: oracle.dimension,
    accounts: oracle.accounts,
    remaining: () => oracle.remaining(),
    isOpen: (account) => oracle.isOpen(account),
    query: async (images, account = 0) => removal.correct(await oracle.query(images, account), account),
  };
}
