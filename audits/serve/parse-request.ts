import type { z } from 'zod';
import { MoatError } from '../contract/errors.ts';
import { cleanText } from '../contract/clean-text.ts';

/** @throws MoatError `usage` naming the method and the first entry that is wrong */
export function parseRequest<Request>(name: string, schema: z.ZodType<Request>, value: unknown): Request {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const entry = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw new MoatError('usage', cleanText(`${name}: ${entry}${issue?.message ?? 'is invalid'}.`));
}
