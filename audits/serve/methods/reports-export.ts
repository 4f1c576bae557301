import { z } from 'zod';
import { signResult } from '../../report/attestation/sign-result.ts';
import { reportProfiles } from '../../report/formats/format.ts';
import { findAllFormats } from '../../report/formats/registry.ts';
import { writeFormats } from '../../report/write-formats.ts';
import { auditIdSchema } from '../audit-of.ts';
import { defineBridgeMethod } from '../method.ts';
import { absoluteSchema } from '../place.ts';
import { reportOf } from '../report-of.ts';

export const reportsExport = defineBridgeMethod({
  name: 'reports.export',
  request: z.strictObject({
    id: auditIdSchema,
    formats: z.array(z.string().max(40)).min(1).max(20),
    folder: absoluteSchema,
    profile: z.enum(reportProfiles).optional(),
    sign: z.boolean().optional(),
  }),
  run: async ({ id, formats, folder, profile = 'engineer', sign = false }, context) => {
    const chosen = findAllFormats(formats);
    const { result, reportContext } = await reportOf(context, id, profile);
    const written = await writeFormats(result, chosen, reportContext, folder);
    const signed = sign
      ? [signResult(result, written, { folder, key: undefined, signedAt: reportContext.writtenAt }).written]
      : [];
    return {
      files: [...written, ...signed].map(({ format, path, sizeBytes }) => ({ format, path, sizeBytes })),
    };
  },
});
