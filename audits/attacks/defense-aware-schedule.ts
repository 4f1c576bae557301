import { z } from 'zod';
import type { Images } from '../contract/data.ts';
import { selectImages } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type { AttackContext } from '../contract/method.ts';
import { pairedMethods } from './account-maps.ts';
import { defineAttack, throwIfCancelled } from './define-attack.ts';
import { learnFromAnchors, type LearnedMaps, mergedOracle } from './merged-accounts.ts';
import { scheduledRouter } from './scheduled-router.ts';
import { visitedBuckets } from './visited-buckets.ts';

/**
 * Plans queries around defenses that keep state per account (landscape A16), in front of another attack:
 * - `onset`: a canary image is sent again after every `every` rows; the spread of its replies estimates the noise. Where it
 *   exceeds `threshold`, the rows since the last canary are dropped and sent on the next account, or (`noisy=weight`) kept
 *   and drawn towards the mean by the share of them that is signal;
 * - `split=even`: every account gets its equal share, so that each stays far below a threshold (`fill` uses one up first);
 * - `limited`: only images of which the bucket, by random hyperplanes in a public encoder's space, was visited by the first
 *   tenth of the budget: less of the space, for clean answers.
 *
 * Threat model: the attacker knows that noise may grow with what an account asks for, not how; canaries are paid for. With
 * several accounts replies are remapped into the space of account 0 (`remap=auto`, see `sybil-remap`).
 */
const config = z.object({
  /** The attack that trains on the replies: `direct-extraction/loss=cosine`, `/` where a configuration has `:`. */
  base: z.string().min(1).default('direct-extraction'),
  onset: z.boolean().default(true),
  /** Rows between two canaries: their cost is 1 / every. */
  every: z.int().min(2).max(100_000).default(128),
  /** Noise at which replies count as noisy, in standard deviations of the replies. */
  threshold: z.number().positive().max(100).default(0.2),
  noisy: z.enum(['drop', 'weight']).default('drop'),
  split: z.enum(['even', 'fill']).default('even'),
  limited: z.boolean().default(false),
  /** `none`: replies of all accounts are used as they come. */
  remap: z.enum(['auto', 'none']).default('auto'),
  /** Images sent on every account to learn the maps from, for `remap=auto`; at most half of the budget. */
  anchors: z.int().min(8).max(100_000).default(128),
});

/** Share of the attack's time, for progress only. */
const LEARNING_SHARE = 0.05;

export const defenseAwareSchedule = defineAttack({
  meta: {
    id: 'defense-aware-schedule',
    version: 1,
    title: 'Defense-aware schedule',
    summary:
      'Probes for the onset of noise, splits queries over accounts and limits coverage, before a base attack.',
    reference: {
      authors: 'J. Dubiński, S. Pawlak, F. Boenisch, T. Trzciński, A. Dziedzic',
      title: 'Bucks for Buckets (B4B): Active Defenses Against Stealing Encoders',
      venue: 'NeurIPS',
      year: 2023,
      url: 'https://arxiv.org/abs/2310.08571',
    },
    knowledge: 'As the base attack; that noise may depend on what an account has asked for.',
    requires: ['base-attack'],
    usesPublicEncoder: true,
    training: 'network',
  },
  config,
  async run(context, settings) {
    const { base, oracle } = context;
    if (base === undefined)
      throw new MoatError('internal', 'defense-aware-schedule was started without a base.');
    context.progress(0, 'planning queries');
    const pool = settings.limited ? await narrowedPool(context) : context.pool;
    const learned =
      settings.remap === 'auto' && oracle.accounts > 1
        ? await learnFromAnchors({ ...context, pool }, pairedMethods, settings.anchors)
        : unmapped(oracle.accounts);
    const router = scheduledRouter(oracle, [...learned.maps.keys()], settings);
    const outcome = await base.run({
      ...context,
      pool,
      poolLabels: labelsOf(context, pool),
      oracle: mergedOracle(oracle, router, learned),
      progress: (fraction, stage) =>
        context.progress(LEARNING_SHARE + (1 - LEARNING_SHARE) * fraction, stage),
    });
    return {
      ...outcome,
      diagnostics: {
        ...outcome.diagnostics,
        ...learned.diagnostics,
        ...router.summary(),
        poolImages: pool.count,
      },
    };
  },
});

/**
 * Images that reach the base attack for a nominal budget, before any reply is dropped as noisy: anchors are paid for once per
 * account, and every few queries one is a probe.
 */
export function scheduledImages(
  settings: Readonly<Record<string, unknown>>,
  budget: number,
  accounts: number,
): number {
  const { onset, every, remap, anchors } = config.parse(settings);
  const shared =
    remap === 'auto' && accounts > 1 ? Math.min(anchors, Math.floor(budget / (2 * accounts))) : 0;
  const left = budget - accounts * shared;
  return shared + (onset ? Math.floor((left * every) / (every + 1)) : left);
}

async function narrowedPool(context: AttackContext): Promise<Images> {
  const { pool, oracle, publicEncoder, rng, signal } = context;
  const chosen = await visitedBuckets(publicEncoder, pool, oracle.remaining(), rng.derive('buckets'), () =>
    throwIfCancelled(signal),
  );
  return selectImages(pool, chosen);
}

/** Labels follow their images into a narrowed pool. */
function labelsOf({ pool, poolLabels }: AttackContext, narrowed: Images): Int32Array {
  const place = new Map(pool.hashes.map((hash, index) => [hash, index]));
  return Int32Array.from(narrowed.hashes, (hash) => poolLabels[place.get(hash) ?? -1] ?? -1);
}

function unmapped(accounts: number): LearnedMaps {
  const all = Array.from({ length: accounts }, (_, account) => account);
  return {
    maps: new Map(all.map((account) => [account, async (replies) => replies])),
    known: new Map(),
    diagnostics: {},
  };
}
