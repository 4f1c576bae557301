import { z } from 'zod';
import { MoatError } from '../../contract/errors.ts';
import type { Finding } from '../../contract/result.ts';
import { fingerprintOf } from '../finding-identity.ts';

/** Findings that somebody has decided to live with: a file that the user keeps. */
export const acceptancesSchema = z.strictObject({
  $schema: z.string().optional(),
  accepted: z.array(
    z.strictObject({
      finding: z.string().min(1).describe('Id of the finding, or its fingerprint'),
      reason: z.string().trim().min(1).describe('Why, in words that will do in a year'),
      expires: z.iso.date().describe('Last day on which it holds, YYYY-MM-DD in UTC'),
      by: z.string().min(1).optional().describe('Who decided'),
    }),
  ),
});

export type Acceptance = z.infer<typeof acceptancesSchema>['accepted'][number];

/** @throws MoatError `configuration-invalid` naming the entry */
export function parseAcceptances(value: unknown, source: string): readonly Acceptance[] {
  const parsed = acceptancesSchema.safeParse(value);
  if (parsed.success) return parsed.data.accepted;
  const issue = parsed.error.issues[0];
  throw new MoatError(
    'configuration-invalid',
    `${source}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is invalid'}.`,
  );
}

/** The acceptance of a finding, where there is one; of several the one that holds longest. */
export function acceptanceOf(
  finding: Pick<Finding, 'id'>,
  acceptances: readonly Acceptance[],
): Acceptance | undefined {
  const names = [finding.id, fingerprintOf(finding)];
  return acceptances
    .filter((entry) => names.includes(entry.finding))
    .toSorted((a, b) => (a.expires < b.expires ? 1 : -1))[0];
}

/** @param today `YYYY-MM-DD` in UTC; the last day still counts */
export function holds({ expires }: Acceptance, today: string): boolean {
  return today <= expires;
}
