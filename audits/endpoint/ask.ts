import PQueue from 'p-queue';
import pRetry from 'p-retry';
import type { Clock } from '../contract/context.ts';
import type { Matrix } from '../contract/data.ts';
import type { EndpointVictim } from '../contract/endpoint.ts';
import { MoatError } from '../contract/errors.ts';
import { attempt, AttemptFailure } from './attempt.ts';
import { buildRequest } from './request.ts';
import { readReply } from './response.ts';
import type { Secrets } from './secrets.ts';
import type { Spending } from './spending.ts';

/** Asks for the vectors of one batch of image files: `[files.length, dimension]`. */
export type Ask = (files: readonly Uint8Array[], signal: AbortSignal) => Promise<Matrix>;

export interface AskOptions {
  readonly secrets: Secrets;
  readonly spending: Pick<Spending, 'charge' | 'refund'>;
  readonly clock: Pick<Clock, 'now'>;
  log(message: string): void;
}

/**
 * Asks a service within its limits: so many requests per second and at a time, each charged before it is sent, sent
 * again with growing pauses when it failed for a reason that may pass. A Retry-After holds back all requests.
 * The returned function throws MoatError `endpoint-*`; an aborted signal keeps what has not been sent from being sent,
 * and lets what is under way arrive: it may have been paid for.
 */
export function createAsk(victim: EndpointVictim, options: AskOptions): Ask {
  const { rate, retry, response } = victim.settings;
  const { secrets, spending } = options;
  const queue = new PQueue({
    concurrency: rate.concurrency,
    intervalCap: 1,
    interval: 1000 / rate.requestsPerSecond,
    strict: true,
  });
  let holds = 0;
  const hold = (ms: number): void => {
    holds++;
    queue.pause();
    setTimeout(() => {
      holds--;
      if (holds === 0) queue.start();
    }, ms);
  };

  /** A complaint about a reply quotes it, and a reply may quote the token. */
  const read = (text: string, count: number): Matrix => {
    try {
      return readReply(text, response, count);
    } catch (error) {
      if (!(error instanceof MoatError)) throw error;
      throw new MoatError(error.code, secrets.hide(error.message));
    }
  };

  const send = async (files: readonly Uint8Array[]): Promise<string> => {
    const request = requestOf(victim, files, secrets);
    spending.charge(files.length);
    try {
      return await attempt(victim, request, secrets, () => options.clock.now());
    } catch (error) {
      if (error instanceof AttemptFailure && error.unserved) spending.refund(files.length);
      throw error;
    }
  };

  return async (files, signal) => {
    let attempts = 0;
    let underWay: Promise<string> | undefined;
    try {
      const text = await pRetry(
        () =>
          queue.add(
            () => {
              attempts++;
              const mayRetry = attempts < retry.attempts;
              underWay = send(files).catch((error: unknown) => {
                // Before the queue hears of it: it would send the next request at once.
                if (mayRetry && error instanceof AttemptFailure && error.retryable && error.waitMs > 0)
                  hold(Math.min(error.waitMs, retry.longestDelaySeconds * 1000));
                throw error;
              });
              return underWay;
            },
            { signal },
          ),
        {
          retries: retry.attempts - 1,
          minTimeout: retry.firstDelaySeconds * 1000,
          maxTimeout: retry.longestDelaySeconds * 1000,
          factor: 2,
          randomize: true,
          signal,
          shouldRetry: ({ error }) => error instanceof AttemptFailure && error.retryable,
          onFailedAttempt({ error, retriesLeft }) {
            if (!(error instanceof AttemptFailure) || !error.retryable || retriesLeft === 0) return;
            options.log(`${error.message}; it is asked again`);
          },
        },
      );
      return read(text, files.length);
    } catch (error) {
      if (signal.aborted) {
        // The queue and the retries let go at once; the request goes on, and its reply is wanted.
        const arrived = await underWay?.catch(() => undefined);
        if (arrived !== undefined) return read(arrived, files.length);
        throw new MoatError('cancelled', 'The service is not asked any more.');
      }
      if (error instanceof AttemptFailure) throw error.asMoatError(attempts);
      throw error;
    }
  };
}

/** What `Headers` throws quotes the value it did not take. */
function requestOf(
  { settings }: EndpointVictim,
  files: readonly Uint8Array[],
  secrets: Secrets,
): ReturnType<typeof buildRequest> {
  try {
    return buildRequest(settings, files, secrets);
  } catch (error) {
    throw new MoatError(
      'configuration-invalid',
      secrets.hide(`The endpoint’s request cannot be sent: ${error instanceof Error ? error.message : ''}`),
    );
  }
}
