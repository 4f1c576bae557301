import type { EndpointVictim } from '../contract/endpoint.ts';
import { MoatError, type ErrorCode } from '../contract/errors.ts';
import type { HttpRequest } from './request.ts';
import type { Secrets } from './secrets.ts';

/** The one place of the product from which something leaves this machine: `fetch` is called here and nowhere else. */

/** A request that brought no reply, and what may be done about it. */
export class AttemptFailure extends Error {
  override readonly name = 'AttemptFailure';
  readonly code: ErrorCode;
  /** The same request may succeed later. */
  readonly retryable: boolean;
  /** The service has certainly not served it. */
  readonly unserved: boolean;
  /** Milliseconds for which the service wants to be left alone. */
  readonly waitMs: number;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly retryable: boolean; readonly unserved?: boolean; readonly waitMs?: number },
  ) {
    super(message);
    this.code = code;
    this.retryable = options.retryable;
    this.unserved = options.unserved ?? false;
    this.waitMs = options.waitMs ?? 0;
  }

  asMoatError(attempts: number): MoatError {
    const tries = attempts > 1 ? ` (${attempts} attempts)` : '';
    // No cause: what `fetch` throws may quote a header.
    return new MoatError(this.code, `${this.message}${tries}.`);
  }
}

/** Of a reply that is an error, as much as a sentence bears. */
const QUOTED_CHARACTERS = 120;

/** No connection was made, so nothing was served. */
const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/**
 * Sends one request and reads the whole reply.
 * @param now milliseconds since 1970, for a Retry-After that is a date
 * @returns the text of a reply with a status of 200 to 299
 * @throws AttemptFailure
 */
export async function attempt(
  { url, settings }: EndpointVictim,
  request: HttpRequest,
  secrets: Secrets,
  now: () => number,
): Promise<string> {
  const host = URL.parse(secrets.fill(url))?.host ?? url;
  let response: Response;
  let text: string;
  try {
    response = await fetch(secrets.fill(url), {
      ...request,
      // Another host must not get the headers, nor the images.
      redirect: 'manual',
      signal: AbortSignal.timeout(settings.timeoutSeconds * 1000),
    });
    text = await response.text();
  } catch (error) {
    throw connectionFailure(error, host, settings.timeoutSeconds);
  }
  if (response.ok) return text;
  throw statusFailure(response, secrets.hide(text), host, now);
}

function connectionFailure(error: unknown, host: string, timeoutSeconds: number): AttemptFailure {
  if (error instanceof Error && error.name === 'TimeoutError')
    return new AttemptFailure('endpoint-unreachable', `${host} did not answer within ${timeoutSeconds} s`, {
      retryable: true,
    });
  const code = connectionCode(error);
  return new AttemptFailure(
    'endpoint-unreachable',
    `The connection to ${host} failed${code === undefined ? '' : ` (${code})`}`,
    { retryable: true, unserved: code !== undefined && NEVER_CONNECTED.has(code) },
  );
}

/** `fetch` wraps what the socket said, and an address with several answers wraps it twice. */
function connectionCode(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if ('code' in cause && typeof cause.code === 'string') return cause.code;
  return undefined;
}

function statusFailure(response: Response, text: string, host: string, now: () => number): AttemptFailure {
  const { status } = response;
  const quoted = text.replaceAll(/\s+/g, ' ').trim().slice(0, QUOTED_CHARACTERS);
  const saying = `${host} answered ${status}${quoted === '' ? '' : `: ${quoted}`}`;
  const waitMs = retryAfterMs(response.headers.get('retry-after'), now);
  if (status === 429)
    return new AttemptFailure('endpoint-rate-limited', saying, { retryable: true, unserved: true, waitMs });
  if (status === 401 || status === 403)
    return new AttemptFailure('endpoint-refused', saying, { retryable: false, unserved: true });
  if (status >= 300 && status < 400)
    return new AttemptFailure('endpoint-failed', `${saying}; name the address it points to`, {
      retryable: false,
      unserved: true,
    });
  const retryable = status >= 500 || status === 408;
  return new AttemptFailure('endpoint-failed', saying, { retryable, waitMs });
}

/** RFC 9110, 10.2.3: seconds, or a date. */
export function retryAfterMs(header: string | null, now: () => number): number {
  if (header === null) return 0;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, date - now());
}
