import type { BridgeEvent, BridgeMethod, BridgeReply, BridgeRequest } from '../../audits/contract/bridge.ts';
import type { WindowError } from '../../audits/contract/errors.ts';
import { bridgeWords } from '../strings/en.ts';
import { BridgeError, type Bridge, type Connection } from './bridge.ts';
import { StreamParser } from './event-stream.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8000;
/** The engine says something every 15 seconds: after this much silence the connection is dead, whatever TCP believes. */
const LONGEST_SILENCE_MS = 50_000;

export interface HttpWorld {
  /** Such as `http://127.0.0.1:7411`. */
  readonly origin: string;
  readonly token: string | null;
  readonly fetch: typeof fetch;
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** The bridge of `moat serve`: one POST per request, one stream of server-sent events that is taken up again where it broke. */
export function httpBridge(world: HttpWorld): Bridge {
  const listeners = new Set<(event: BridgeEvent) => void>();
  const watchers = new Set<(connection: Connection) => void>();
  let connection: Connection = 'connecting';
  let lastEventId: string | null = null;
  let isListening = false;

  const become = (next: Connection): void => {
    if (next === connection) return;
    connection = next;
    for (const watcher of watchers) watcher(next);
  };
  const authorization = { authorization: `Bearer ${world.token ?? ''}` };

  async function readEvents(): Promise<void> {
    const abort = new AbortController();
    const watch = new Silence(LONGEST_SILENCE_MS, () => {
      abort.abort();
    });
    try {
      await readStream(abort.signal, watch);
    } finally {
      watch.end();
    }
  }

  async function readStream(signal: AbortSignal, watch: Silence): Promise<void> {
    const response = await world.fetch(`${world.origin}/api/events`, {
      headers: { ...authorization, ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }) },
      cache: 'no-store',
      signal,
    });
    if (response.status === 401 || response.status === 403) return become('refused');
    if (!response.ok || response.body === null) throw new Error(`events: ${response.status}`);
    become('open');
    const parser = new StreamParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      watch.heard();
      for (const message of parser.push(value)) {
        lastEventId = message.id;
        const event = JSON.parse(message.data) as BridgeEvent;
        for (const listener of listeners) listener(event);
      }
    }
  }

  async function listen(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    for (;;) {
      try {
        await readEvents();
        pause = FIRST_PAUSE_MS;
      } catch {
        // What broke does not matter to what is done about it: the state says `lost`, and the stream is asked for again.
      }
      if (connection === 'refused') return;
      become('lost');
      await world.wait(pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }

  function begin(): void {
    if (isListening) return;
    isListening = true;
    if (world.token === null) become('refused');
    else void listen();
  }

  return {
    host: 'http',
    call: async <Name extends BridgeMethod>(
      name: Name,
      request: BridgeRequest<Name>,
    ): Promise<BridgeReply<Name>> => {
      let response: Response;
      try {
        response = await world.fetch(`${world.origin}/api/${name}`, {
          method: 'POST',
          headers: { ...authorization, 'content-type': 'application/json' },
          body: JSON.stringify(request),
          cache: 'no-store',
        });
      } catch {
        throw new BridgeError({ code: 'connection-lost', message: bridgeWords.connectionLost });
      }
      if (response.status === 401) {
        become('refused');
        throw new BridgeError({ code: 'token-refused', message: bridgeWords.tokenRefused });
      }
      const answer: unknown = await response.json().catch(() => null);
      // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- the compiler asks for it: `unknown` is no reply
      if (response.ok) return answer as BridgeReply<Name>;
      throw new BridgeError(
        isWindowError(answer)
          ? answer
          : { code: 'internal', message: bridgeWords.unexpectedAnswer(response.status) },
      );
    },
    subscribe: (listener) => {
      listeners.add(listener);
      begin();
      return () => void listeners.delete(listener);
    },
    watchConnection: (watcher) => {
      watchers.add(watcher);
      watcher(connection);
      begin();
      return () => void watchers.delete(watcher);
    },
    dialogs: null,
    pathOfFile: () => null,
    watchNavigation: () => () => undefined,
    watchCommands: () => () => undefined,
  };
}

function isWindowError(value: unknown): value is WindowError {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value;
}

/** Calls once nothing was heard for so long. */
class Silence {
  readonly #afterMs: number;
  readonly #act: () => void;
  #timer: ReturnType<typeof setTimeout>;

  constructor(afterMs: number, act: () => void) {
    this.#afterMs = afterMs;
    this.#act = act;
    this.#timer = setTimeout(act, afterMs);
  }

  heard(): void {
    this.end();
    this.#timer = setTimeout(this.#act, this.#afterMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
