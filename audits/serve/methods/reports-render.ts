import { downloadSchema, renderDownload } from '../download.ts';
import { defineBridgeMethod } from '../method.ts';

export const reportsRender = defineBridgeMethod({
  name: 'reports.render',
  request: downloadSchema,
  run: async (request, context) => {
    const { fileName, mediaType, content } = await renderDownload(request, context);
    return { name: fileName, mediaType, base64: Buffer.from(content).toString('base64') };
  },
});
