import { z } from 'zod';
import type { Policy } from '../contract/audit.ts';
import { MoatError } from '../contract/errors.ts';

/** Own images from which an honest user counts, where a policy says nothing. */
export const DEFAULT_HONEST_ROWS = 1000;

/** What a provider can live with when they say nothing else (design: methods, "Verdict"). */
export const defaultPolicy: Policy = {
  budget: 5000,
  accounts: [1, 5],
  maxStolenGain: null,
  minProtection: 0.5,
  maxHonestLoss: 0.01,
  minRecallAt10: 0.95,
  // With 100 images of their own, a user's accuracy moves by more than a point from one draw of them to the next.
  minHonestRows: DEFAULT_HONEST_ROWS,
  minUndefendedGain: 0.3,
};

const fraction = z.number().min(0).max(1);

/** A policy file: every entry optional, unknown ones refused. */
export const policySchema = z.strictObject({
  budget: z
    .int()
    .positive()
    .default(defaultPolicy.budget)
    .describe('Queries the attacker may spend, over all accounts'),
  accounts: z
    .array(z.int().positive())
    .min(1)
    .default([...defaultPolicy.accounts])
    .describe('Numbers of accounts the attacker may hold'),
  maxStolenGain: fraction
    .nullable()
    .default(defaultPolicy.maxStolenGain)
    .describe('Bound on the stolen gain through the defense, or null'),
  minProtection: fraction
    .default(defaultPolicy.minProtection)
    .describe('1 - max stolen gain defended / undefended'),
  maxHonestLoss: fraction
    .default(defaultPolicy.maxHonestLoss)
    .describe('Accuracy an honest user may lose on the worst task (0.01 = one point)'),
  minRecallAt10: fraction
    .default(defaultPolicy.minRecallAt10)
    .describe('Recall@10 of clean neighbors an honest user must keep'),
  minHonestRows: z
    .int()
    .nonnegative()
    .default(DEFAULT_HONEST_ROWS)
    .describe(
      'Own images from which an honest user counts for loss and recall; who has the whole task always does',
    ),
  minUndefendedGain: fraction
    .default(defaultPolicy.minUndefendedGain)
    .describe('Lower bound the undefended stolen gain must reach before anything passes'),
});

/** @throws MoatError `configuration-invalid` naming the entry. */
export function parsePolicy(value: unknown, source: string): Policy {
  const parsed = policySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new MoatError(
    'configuration-invalid',
    `${source}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is invalid'}.`,
  );
}
