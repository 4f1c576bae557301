import { createReadStream, realpathSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { refuse } from './answer.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.txt': 'text/plain; charset=utf-8',
};
const INDEX = 'index.html';

/**
 * The file of a folder that a path means: undefined where there is none, or where it lies outside once every link and every
 * `..` has been followed.
 */
export function fileIn(folder: string, pathname: string): string | undefined {
  try {
    const root = realpathSync(folder);
    const asked = decodeURIComponent(pathname);
    if (asked.includes('\0') || asked.includes('\\')) return undefined;
    const file = realpathSync(path.join(root, asked.endsWith('/') ? `${asked}${INDEX}` : asked));
    return file.startsWith(root + path.sep) && statSync(file).isFile() ? file : undefined;
  } catch {
    return undefined;
  }
}

/** Sends a file of the built app. Files under `assets/` carry a hash of their content in their name. */
export function sendFile(
  folder: string,
  pathname: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const file = fileIn(folder, pathname);
  if (file === undefined) return refuse(response, 404, 'There is no such file.');
  const isHashed = pathname.startsWith('/assets/');
  response.writeHead(200, {
    'content-type': types[path.extname(file)] ?? 'application/octet-stream',
    'content-length': String(statSync(file).size),
    'cache-control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
  });
  if (request.method === 'HEAD') response.end();
  else
    createReadStream(file)
      .on('error', () => response.destroy())
      .pipe(response);
}
