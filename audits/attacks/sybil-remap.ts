import { z } from 'zod';
import { sliceImages } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext } from '../contract/method.ts';
import { pairedMethods } from './account-maps.ts';
import { affordableImages } from './collect-replies.ts';
import { defineAttack } from './define-attack.ts';
import { trainManyHeaded } from './many-headed.ts';
import {
  evenRouter,
  type LearnedMaps,
  learnFromAnchors,
  learnUnpaired,
  mergedOracle,
  type Piece,
} from './merged-accounts.ts';

/**
 * Several accounts used as one, although each is answered in a space of its own (landscape A15; the sybil attack of B4B,
 * Dubiński et al. 2023, with closed forms in place of trained mappers). Queries are spread evenly, so state that a defense
 * keeps per account grows slower; replies are mapped into the space of account 0, where a base attack trains on them.
 *
 * Threat model: the attacker holds two accounts or more and knows that replies may be transformed, not how. All accounts
 * draw on one budget.
 * - `ridge`, `procrustes`, `matching`, `logistic`: maps from `anchors` images that every account is asked about;
 * - `auto`: of these, per account, the one that explains held-out anchors best;
 * - `unpaired`: no image in common; alignment up to a rotation by clusters;
 * - `multi-head`: no map and no image in common; one surrogate with a linear head per account, trained here instead of by
 *   the base attack, on squared error or, for bits, cross-entropy.
 */
const config = z.object({
  /** The attack that trains on the remapped replies: `direct-extraction/loss=cosine`, `/` where a configuration has `:`. */
  base: z.string().min(1).default('direct-extraction'),
  method: z.enum(['auto', ...pairedMethods, 'multi-head', 'unpaired']).default('auto'),
  /**
   * Images sent on every account to learn the maps from, each paid for once per account; at most half of the budget. For the
   * methods that map pairs.
   */
  anchors: z.int().min(8).max(100_000).default(128),
});

type Config = z.infer<typeof config>;

/** Shares of the attack's time, for progress only. */
const LEARNING_SHARE = 0.05;
const QUERY_SHARE = 0.1;
/** Images per call. */
const IMAGES_PER_CALL = 512;

export const sybilRemap = defineAttack({
  meta: {
    id: 'sybil-remap',
    version: 1,
    title: 'Sybil accounts with remapping',
    summary: 'Spreads queries over several accounts and maps all replies into one space.',
    reference: {
      authors: 'J. Dubiński, S. Pawlak, F. Boenisch, T. Trzciński, A. Dziedzic',
      title: 'Bucks for Buckets (B4B): Active Defenses Against Stealing Encoders',
      venue: 'NeurIPS',
      year: 2023,
      url: 'https://arxiv.org/abs/2310.08571',
    },
    knowledge: 'As the base attack; several accounts, and that each may be answered in a space of its own.',
    requires: ['base-attack'],
    training: 'network',
  },
  config,
  notApplicable: (_, { accounts }) => (accounts < 2 ? ONE_ACCOUNT : undefined),
  trainedImages: ({ method }, { budget, surrogate }) =>
    method === 'multi-head' ? budget * surrogate.epochs : 0,
  async run(context, settings) {
    const { base, oracle } = context;
    if (oracle.accounts < 2) throw new MoatError('not-applicable', ONE_ACCOUNT);
    if (settings.method === 'multi-head') return stealWithHeads(context);
    if (base === undefined) throw new MoatError('internal', 'sybil-remap was started without a base.');
    context.progress(0, 'learning the maps');
    const learned = await learnMaps(context, settings);
    const router = evenRouter(oracle, [...learned.maps.keys()]);
    const outcome = await base.run({
      ...context,
      oracle: mergedOracle(oracle, router, learned),
      progress: (fraction, stage) =>
        context.progress(LEARNING_SHARE + (1 - LEARNING_SHARE) * fraction, stage),
    });
    return { ...outcome, diagnostics: { ...outcome.diagnostics, ...learned.diagnostics } };
  },
});

const ONE_ACCOUNT = 'sybil-remap needs two accounts or more, and the attacker holds one here (--accounts).';

/** Images that reach the base attack for a nominal budget: anchors are paid for once per account and known after that. */
export function remappedImages(
  settings: Readonly<Record<string, unknown>>,
  budget: number,
  accounts: number,
): number {
  const { method, anchors } = config.parse(settings);
  if (method === 'multi-head') return 0;
  if (method === 'unpaired') return budget;
  return budget - (accounts - 1) * Math.min(anchors, Math.floor(budget / (2 * accounts)));
}

function learnMaps(context: AttackContext, { method, anchors }: Config): Promise<LearnedMaps> {
  if (method === 'unpaired') return learnUnpaired(context);
  const isPaired = pairedMethods.find((paired) => paired === method);
  return learnFromAnchors(context, isPaired === undefined ? pairedMethods : [isPaired], anchors);
}

async function stealWithHeads(context: AttackContext): ReturnType<typeof trainManyHeaded> {
  const { oracle } = context;
  const images = affordableImages(context);
  const router = evenRouter(
    oracle,
    Array.from({ length: oracle.accounts }, (_, account) => account),
  );
  const pieces: Piece[] = [];
  let answered = 0;
  for (let start = 0; start < images.count; start += IMAGES_PER_CALL) {
    const part = sliceImages(images, start, Math.min(start + IMAGES_PER_CALL, images.count));
    const given = await router.send(part);
    pieces.push(...given);
    const rows = given.reduce((sum, { replies }) => sum + replies.rows, 0);
    answered += rows;
    context.progress((QUERY_SHARE * answered) / images.count, 'querying');
    if (rows < part.count) break;
  }
  if (answered < 2)
    throw new MoatError('not-applicable', `The service answered ${answered} queries; two are needed.`);
  const outcome = await trainManyHeaded(context, images, pieces, (fraction, stage) =>
    context.progress(QUERY_SHARE + (1 - QUERY_SHARE) * fraction, stage),
  );
  return { ...outcome, diagnostics: { ...outcome.diagnostics, images: answered } };
}
