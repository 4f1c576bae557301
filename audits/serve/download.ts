import { z } from 'zod';
import { fileNameOf, reportProfiles } from '../report/formats/format.ts';
import { findFormats } from '../report/formats/registry.ts';
import { auditIdSchema } from './audit-of.ts';
import type { ServeContext } from './method.ts';
import { parseRequest } from './parse-request.ts';
import { reportOf } from './report-of.ts';

/** A report for whoever has no access to the engine's disk: a browser on another machine. */
export interface Download {
  /** Safe in any file system and any header. */
  readonly fileName: string;
  readonly content: Uint8Array | string;
}

const requestSchema = z.strictObject({
  id: auditIdSchema,
  format: z.string().max(40),
  profile: z.enum(reportProfiles).default('engineer'),
});

/**
 * Renders one format of an audit's report; nothing is written.
 * @param request as it came: nothing about it is known
 * @throws MoatError `usage`, `audit-unknown`, and what the format throws
 */
export async function renderDownload(request: unknown, context: ServeContext): Promise<Download> {
  const { id, format: asked, profile } = parseRequest('reports', requestSchema, request);
  const [format] = findFormats([asked]);
  if (format === undefined) throw new RangeError(`${asked} was found and is not there`);
  const { result, reportContext } = await reportOf(context, id, profile);
  return {
    fileName: `moat-${id}-${fileNameOf(format)}`,
    content: await format.render(result, reportContext),
  };
}
