import type { ServerResponse } from 'node:http';
import type { Download } from '../download.ts';

/** As an attachment: whatever stands in it is never a page of this origin. */
export function sendReport(response: ServerResponse, { fileName, mediaType, content }: Download): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  response.writeHead(200, {
    'content-type': /^text\/|\bjson$/.test(mediaType) ? `${mediaType}; charset=utf-8` : mediaType,
    'content-length': String(bytes.length),
    'content-disposition': `attachment; filename="${fileName}"`,
    'cache-control': 'no-store',
  });
  response.end(bytes);
}
