import type { ServerResponse } from 'node:http';
import type { WindowError } from '../../contract/errors.ts';
import { windowHintOf } from '../window-hints.ts';

/** JSON; nobody but this one page may keep it. */
export function answerJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.from(JSON.stringify(value ?? null));
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(body.length),
    'cache-control': 'no-store',
  });
  response.end(body);
}

export function answerText(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(text);
}

/** A request that is refused before it reaches the engine. */
export function refuse(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  // What is still on its way is not read: the connection ends with the answer.
  answerJson(
    response,
    status,
    { code: 'usage', message, details: { status }, hint: windowHintOf('usage') } satisfies WindowError,
    { connection: 'close', ...headers },
  );
}
