import { writeReportFile } from '../../report/write-formats.ts';
import { downloadSchema, renderDownload } from '../download.ts';
import { defineBridgeMethod } from '../method.ts';
import { absoluteSchema } from '../place.ts';

export const reportsSave = defineBridgeMethod({
  name: 'reports.save',
  request: downloadSchema.extend({ file: absoluteSchema }),
  run: async ({ file, ...request }, context) => {
    const { content } = await renderDownload(request, context);
    const { sizeBytes } = writeReportFile(file, content);
    return { format: request.format, path: file, sizeBytes };
  },
});
