import { z } from 'zod';
import { folderFormats, reportFormats } from '../../report/formats/registry.ts';
import { savedName } from '../download.ts';
import { defineBridgeMethod } from '../method.ts';

export const reportsFormats = defineBridgeMethod({
  name: 'reports.formats',
  request: z.strictObject({}),
  run: () =>
    [...reportFormats, ...folderFormats].map((format) => ({
      id: format.id,
      title: format.title,
      fileName: savedName(format),
    })),
});
