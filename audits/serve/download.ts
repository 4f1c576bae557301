import { strToU8, zipSync } from 'fflate';
import { z } from 'zod';
import {
  fileNameOf,
  reportProfiles,
  type FolderFormat,
  type ReportFormat,
} from '../report/formats/format.ts';
import { findAllFormats } from '../report/formats/registry.ts';
import { auditIdSchema } from './audit-of.ts';
import type { ServeContext } from './method.ts';
import { parseRequest } from './parse-request.ts';
import { reportOf } from './report-of.ts';

/** A report for whoever has no access to the engine's disk: a browser on another machine. */
export interface Download {
  /** Safe in any file system and any header. */
  readonly fileName: string;
  readonly mediaType: string;
  readonly content: Uint8Array | string;
}

export const downloadSchema = z.strictObject({
  id: auditIdSchema,
  format: z.string().max(40),
  profile: z.enum(reportProfiles).exactOptional(),
});

const mediaTypes: Readonly<Record<string, string>> = {
  html: 'text/html',
  pdf: 'application/pdf',
  json: 'application/json',
  csv: 'text/csv',
  md: 'text/markdown',
};

/** Of a format as one file. */
export function savedName(format: ReportFormat | FolderFormat): string {
  return 'renderFiles' in format ? `${format.folder}.zip` : fileNameOf(format);
}

/** The oldest date a ZIP can hold: the same report is the same bytes. */
const ZIP_DATE = '1980-01-01T12:00:00';

/**
 * Renders one format of an audit's report; nothing is written. A format of several files comes as one ZIP.
 * @param request as it came: nothing about it is known
 * @throws MoatError `usage`, `audit-unknown`, and what the format throws
 */
export async function renderDownload(request: unknown, context: ServeContext): Promise<Download> {
  const { id, format: asked, profile = 'engineer' } = parseRequest('reports', downloadSchema, request);
  const [format] = findAllFormats([asked]);
  if (format === undefined) throw new RangeError(`${asked} was found and is not there`);
  const { result, reportContext } = await reportOf(context, id, profile);
  const fileName = `moat-${id}-${savedName(format)}`;
  if ('renderFiles' in format)
    return {
      fileName,
      mediaType: 'application/zip',
      content: zipped(await format.renderFiles(result, reportContext)),
    };
  return {
    fileName,
    mediaType: mediaTypes[format.extension] ?? 'application/octet-stream',
    content: await format.render(result, reportContext),
  };
}

/** A folder's files as the one file that a browser can save. */
function zipped(
  files: readonly { readonly name: string; readonly content: Uint8Array | string }[],
): Uint8Array {
  return zipSync(
    Object.fromEntries(
      files.map(({ name, content }) => [name, typeof content === 'string' ? strToU8(content) : content]),
    ),
    { mtime: ZIP_DATE },
  );
}
