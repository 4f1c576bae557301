import { createInterface } from 'node:readline/promises';
import type { AuditConfig } from '../contract/audit.ts';
import { MoatError } from '../contract/errors.ts';
import type { ServicePlan } from '../run/plan-service.ts';
import type { RunFlags } from './audit.ts';
import type { CommandContext } from './context.ts';
import { formatDollars } from './render/numbers.ts';
import { askedSentence } from './render/plan.ts';

/**
 * Before a deployed service is asked for its first image, somebody has to agree to what that may cost: with `--yes`, or
 * on a terminal.
 * @throws MoatError `endpoint-not-confirmed`
 */
export async function confirmAsking(
  { terminal }: Pick<CommandContext, 'terminal'>,
  { encoder, endpoint }: Pick<AuditConfig, 'encoder' | 'endpoint'>,
  plan: Pick<ServicePlan, 'imagesToAsk'>,
  flags: Pick<RunFlags, 'yes' | 'quiet'>,
  input: NodeJS.ReadStream = process.stdin,
): Promise<void> {
  if (endpoint === undefined) return;
  const limit = formatDollars(endpoint.maxSpend);
  if (!flags.quiet || !flags.yes)
    terminal.note(
      `network: ${encoder} is asked for ${askedSentence(endpoint, plan.imagesToAsk)}, up to the limit of ${limit}`,
    );
  if (flags.yes) return;
  const refused = new MoatError(
    'endpoint-not-confirmed',
    `Nothing was asked: the spending limit of ${limit} is not confirmed.`,
  );
  if (!input.isTTY) throw refused;
  const prompt = createInterface({ input, output: process.stderr });
  // Ctrl-C and Ctrl-D close the prompt without an answer.
  const closed = new AbortController();
  prompt.once('close', () => closed.abort());
  try {
    const question = `Ask the service, for up to ${limit}? [y/N] `;
    const answer = await prompt.question(question, { signal: closed.signal }).catch(() => '');
    if (!/^y(es)?$/i.test(answer.trim())) throw refused;
  } finally {
    prompt.close();
  }
}
