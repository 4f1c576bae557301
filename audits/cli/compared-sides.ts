import { existsSync } from 'node:fs';
import { MoatError } from '../contract/errors.ts';
import type { AuditResult } from '../contract/result.ts';
import { parseAcceptances, type Acceptance } from '../report/compare/acceptances.ts';
import { requireDefense, type ComparedSide } from '../report/compare/compare-results.ts';
import { resultSchema } from '../report/result-schema.ts';
import { resolvePath, type CommandContext } from './context.ts';
import { readResult } from './report.ts';
import { readJson } from '../settings/settings.ts';

interface StoreFlags {
  readonly db?: string;
  readonly plugin?: readonly string[];
}

/**
 * What a person compares: `ID`, `ID@DEFENSE`, or the file of a result that a report left (`result.json`, `result.json@DEFENSE`).
 * @throws MoatError `usage`, `audit-unknown`, `path-missing`
 */
export async function readSide(
  context: CommandContext,
  text: string,
  flags: StoreFlags,
): Promise<ComparedSide> {
  const at = text.indexOf('@');
  const name = at < 0 ? text : text.slice(0, at);
  const defense = at < 0 ? null : text.slice(at + 1);
  const result = await readAnyResult(context, name, flags);
  requireDefense(result, defense);
  return { result, defense };
}

/** An audit of the database, or a result in a file. */
export async function readAnyResult(
  context: CommandContext,
  name: string,
  flags: StoreFlags,
): Promise<AuditResult> {
  if (!name.endsWith('.json')) return readResult(context, name, flags);
  const file = resolvePath(context, name);
  if (!existsSync(file)) throw new MoatError('path-missing', `The result ${name} does not exist.`);
  const parsed = resultSchema.safeParse(readJson(file));
  if (!parsed.success)
    throw new MoatError(
      'configuration-invalid',
      `${name} is not a result of this Moat's version; write it again with \`moat report\` from its database.`,
    );
  return parsed.data;
}

/** The findings that somebody accepted; none without a file. */
export function readAcceptances(context: CommandContext, file: string | undefined): readonly Acceptance[] {
  if (file === undefined) return [];
  const value = readJson(resolvePath(context, file));
  if (value === undefined)
    throw new MoatError('path-missing', `The file of accepted findings ${file} does not exist.`);
  return parseAcceptances(value, file);
}

/** Today in UTC, by which acceptances end. */
export function today({ clock }: CommandContext): string {
  return new Date(clock.now()).toISOString().slice(0, 10);
}
