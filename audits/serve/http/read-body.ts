import type { IncomingMessage } from 'node:http';

/** Requests are names, paths and settings: more than this is no request. */
const MOST_BYTES = 1_000_000;

/** The body as text; undefined where it is larger than any request, however long it claims to be. */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? '0') > MOST_BYTES) return undefined;
  const parts: Buffer[] = [];
  let bytes = 0;
  // Left early, the connection must live long enough to say why.
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MOST_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
