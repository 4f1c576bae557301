import type { ServerResponse } from 'node:http';
import path from 'node:path';
import type { Download } from '../download.ts';

const types: Readonly<Record<string, string>> = {
  '.pdf': 'application/pdf',
  '.html': 'text/html; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
};

/** As an attachment: whatever stands in it is never a page of this origin. */
export function sendReport(response: ServerResponse, { fileName, content }: Download): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  response.writeHead(200, {
    'content-type': types[path.extname(fileName)] ?? 'application/octet-stream',
    'content-length': String(bytes.length),
    'content-disposition': `attachment; filename="${fileName}"`,
    'cache-control': 'no-store',
  });
  response.end(bytes);
}
