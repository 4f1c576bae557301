import { strToU8, zipSync } from 'fflate';
import { z } from 'zod';
import { reportProfiles, type ReportContext } from '../../report/formats/format.ts';
import { findFormats } from '../../report/formats/registry.ts';
import { MoatError } from '../../contract/errors.ts';
import { lastBefore, requireAudit } from '../../report/stored-result.ts';
import { auditIdSchema, resultOf } from '../audit-of.ts';
import { defineBridgeMethod } from '../method.ts';

const mediaTypes: Readonly<Record<string, string>> = {
  html: 'text/html',
  pdf: 'application/pdf',
  json: 'application/json',
  csv: 'text/csv',
  md: 'text/markdown',
};

/** The oldest date a ZIP can hold: the same report is the same bytes. */
const ZIP_DATE = '1980-01-01T12:00:00';

export const reportsRender = defineBridgeMethod({
  name: 'reports.render',
  request: z.strictObject({
    id: auditIdSchema,
    format: z.string().max(40),
    profile: z.enum(reportProfiles).exactOptional(),
  }),
  run: async ({ id, format: wanted, profile = 'engineer' }, context) => {
    const [format] = findFormats([wanted]);
    if (format === undefined) throw new MoatError('internal', `The format ${wanted} was not found.`);
    const audit = requireAudit(context.store, id);
    const result = await resultOf(context, audit);
    const earlier = lastBefore(context.store, audit.createdAt, result.encoder.digest);
    const reportContext: ReportContext = {
      profile,
      writtenAt: new Date(context.clock.now()).toISOString(),
      moatVersion: context.moatVersion,
      baseline: earlier === undefined ? undefined : await resultOf(context, earlier),
      printPage: context.printPage,
    };
    if ('renderFiles' in format) {
      const files = await format.renderFiles(result, reportContext);
      return {
        name: `${format.folder}-${id}.zip`,
        mediaType: 'application/zip',
        base64: Buffer.from(zipped(files)).toString('base64'),
      };
    }
    const file = await format.render(result, reportContext);
    return {
      name: `${format.stem ?? 'report'}-${id}.${format.extension}`,
      mediaType: mediaTypes[format.extension] ?? 'application/octet-stream',
      base64: Buffer.from(file).toString('base64'),
    };
  },
});

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
