import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../../contract/context.ts';
import { MoatError, exitCode, type ErrorCode, errorTable } from '../../contract/errors.ts';
import type { ServedEngine } from '../open-engine.ts';
import { windowErrorOf } from '../window-hints.ts';
import { answerJson, answerText, refuse } from './answer.ts';
import { streamEvents } from './event-stream.ts';
import { FailedTries } from './failed-tries.ts';
import { securityHeaders } from './headers.ts';
import { addressOf, isOwnHost, isOwnOrigin } from './own-address.ts';
import { readBody } from './read-body.ts';
import { sendReport } from './send-report.ts';
import { sendFile } from './static-files.ts';
import { bearerOf, createToken, isToken } from './token.ts';

export interface HttpOptions {
  readonly engine: ServedEngine;
  /** Address to listen on. */
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Folder of the built app; absent: a page that says so, and the bridge alone. */
  readonly appFolder?: (() => Promise<string>) | undefined;
}

export interface HttpServer {
  /** Such as `http://127.0.0.1:7411`. */
  readonly origin: string;
  readonly port: number;
  readonly token: string;
  /** For a browser: the token stands in the fragment, which browsers send to nobody. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

const API = '/api/';
/** Time for one whole request to arrive. */
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Serves the app and the bridge over HTTP. Everything under `/api/` needs the token; the files of the app hold no secret.
 * @throws MoatError `usage` where the address cannot be listened on
 */
export async function startHttpServer(options: HttpOptions): Promise<HttpServer> {
  const token = createToken();
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS });
  await listen(server, options.host, options.port);
  const { port } = server.address() as AddressInfo;
  const tries = new FailedTries(() => options.clock.monotonicMs());
  /** Connections on which the token was right once: whoever guesses elsewhere does not lock them out. */
  const trusted = new WeakSet<Socket>();
  const streams = new Set<() => void>();

  /** @returns whether it may go on; else it has been answered */
  const mayAsk = (request: IncomingMessage, response: ServerResponse): boolean => {
    const { socket, headers } = request;
    const address = socket.remoteAddress ?? '';
    const waitMs = trusted.has(socket) ? 0 : tries.waitMs(address);
    if (waitMs > 0) {
      const retryAfter = String(Math.ceil(waitMs / 1000));
      refuse(response, 429, 'Too many wrong tokens came from this address; try again later.', {
        'retry-after': retryAfter,
      });
      return false;
    }
    if (isToken(bearerOf(headers.authorization), token)) {
      trusted.add(socket);
      return true;
    }
    tries.record(address);
    refuse(response, 401, 'The token is missing or wrong; open the address that moat serve printed.', {
      'www-authenticate': 'Bearer',
    });
    return false;
  };

  const answerApi = async (
    request: IncomingMessage,
    response: ServerResponse,
    pathname: string,
    query: URLSearchParams,
  ): Promise<void> => {
    if (!mayAsk(request, response)) return;
    const name = pathname.slice(API.length);
    const report = /^reports\/([^/]+)\/([^/]+)$/.exec(name);
    if (report !== null && request.method === 'GET') {
      const [, id, format] = report;
      const asked = { ...Object.fromEntries(query), id, format };
      try {
        sendReport(response, await options.engine.download(asked));
      } catch (thrown) {
        const error = windowErrorOf(thrown);
        answerJson(response, statusOf(error.code), error);
      }
      return;
    }
    if (name === 'events' && request.method === 'GET') {
      const end = streamEvents(options.engine, request, response);
      streams.add(end);
      response.once('close', () => streams.delete(end));
      return;
    }
    if (request.method !== 'POST')
      return refuse(response, 405, 'Methods are called with POST.', { allow: 'POST' });
    if (!/^application\/json(;|$)/i.test(request.headers['content-type'] ?? ''))
      return refuse(response, 415, 'Requests are application/json.');
    const body = await readBody(request);
    if (body === undefined) return refuse(response, 413, 'The request is too large.');
    const parsed = parseJson(body);
    if (parsed === undefined) return refuse(response, 400, 'The request is not JSON.');
    const reply = await options.engine.dispatch(name, parsed.value);
    if (reply.ok) answerJson(response, 200, reply.value);
    else answerJson(response, statusOf(reply.error.code), reply.error);
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    const { host, origin } = request.headers;
    if (!isOwnHost(host, options.host, port))
      return refuse(response, 403, 'This server answers to its own address only.');
    if (!isOwnOrigin(origin, host)) return refuse(response, 403, 'This server answers its own pages only.');
    // Not by URL, which would resolve `..` before anybody has looked at it.
    const [pathname = '/', query = ''] = (request.url ?? '/').split('?');
    if (pathname.startsWith(API)) return answerApi(request, response, pathname, new URLSearchParams(query));
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refuse(response, 405, 'Files are read with GET.', { allow: 'GET, HEAD' });
    if (options.appFolder === undefined)
      return answerText(response, 'This Moat serves its bridge, without pages.\n');
    sendFile(await options.appFolder(), pathname, request, response);
  };

  server.on('request', (request, response) => {
    answer(request, response).catch((thrown: unknown) => {
      // Whoever asked went away, or the app could not be built.
      if (response.headersSent) response.destroy();
      else answerJson(response, 500, windowErrorOf(thrown));
    });
  });

  const origin = addressOf(options.host, port);
  return {
    origin,
    port,
    token,
    url: `${origin}/#token=${token}`,
    async close() {
      for (const end of streams) end();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new MoatError(
          'usage',
          cause.code === 'EADDRINUSE'
            ? `Port ${port} of ${host} is in use; name another with --port.`
            : `${host} port ${port} cannot be listened on: ${cause.message}.`,
          { cause },
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
}

/** What went wrong as HTTP says it; the code in the body says more. */
function statusOf(code: ErrorCode): number {
  if (code === 'internal') return 500;
  if (code === 'audit-unknown' || code === 'path-missing') return 404;
  if (code === 'database-busy') return 409;
  return errorTable[code].exitCode === exitCode.usage || errorTable[code].fault === 'user' ? 400 : 503;
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
