import type { BridgeEvent } from '../../audits/contract/bridge.ts';
import { MoatError, type SerializedError } from '../../audits/contract/errors.ts';
import { windowHintOf } from '../../audits/serve/window-hints.ts';
import type { FromEngine, ToEngine } from '../engine/messages.ts';

/** Deaths within `DEATHS_WITHIN_MS` after which the engine is left alone. */
const MOST_DEATHS = 5;
const DEATHS_WITHIN_MS = 10 * 60_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8000;
/** A training step that cannot be interrupted ends within this time, or is lost and computed again from its checkpoint. */
const CLOSE_MS = 10_000;

/** The engine's process, as far as its host needs to know. */
export interface EngineProcess {
  readonly post: (message: ToEngine, ports?: readonly Electron.MessagePortMain[]) => void;
  readonly onMessage: (listener: (message: FromEngine) => void) => void;
  readonly onExit: (listener: (reason: string) => void) => void;
  readonly kill: () => void;
}

export interface EngineHostParts {
  readonly startProcess: (database: string) => EngineProcess;
  /** Messages about workers and printing; `post` reaches the engine that asked. */
  readonly serve: (message: FromEngine, engine: EngineProcess) => void;
  /** Everything that was done for an engine which is no more. */
  readonly forget: (engine: EngineProcess) => void;
  readonly onEvent: (event: BridgeEvent) => void;
  /** An engine is back after one that died. */
  readonly onRestarted: () => void;
  readonly after: (milliseconds: number, run: () => void) => () => void;
  readonly monotonicMs: () => number;
  readonly log: (line: string) => void;
}

export interface EngineHost {
  /** @throws MoatError what the engine answers, or that it is gone */
  readonly call: (method: string, request: unknown) => Promise<unknown>;
  /** Ends the engine and starts one on another database. */
  readonly open: (database: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Call {
  readonly method: string;
  readonly request: unknown;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: MoatError) => void;
}

type State =
  | { readonly is: 'closed' }
  | { readonly is: 'starting' | 'open' | 'closing'; readonly engine: EngineProcess }
  | { readonly is: 'waiting'; readonly stopWaiting: () => void }
  | { readonly is: 'failed'; readonly error: MoatError };

/**
 * Keeps an engine running in a process of its own. One that dies is started again, after growing pauses; what it was asked
 * meanwhile waits, what it had been asked before is answered with an error.
 */
export function createEngineHost(parts: EngineHostParts): EngineHost {
  let state: State = { is: 'closed' };
  let database = '';
  let lastCall = 0;
  let engineLife = '';
  let sequence = 0;
  let deaths: number[] = [];
  /** This database, at least once. */
  let hasOpened = false;
  const asked = new Map<number, Call>();
  const waiting: Call[] = [];
  const closers: (() => void)[] = [];

  function tell(news: 'restarting' | 'restarted' | 'failed', sentence: string): void {
    parts.onEvent({ sequence, engineLife, event: { type: 'engine', state: news, sentence } });
  }

  function send(engine: EngineProcess, call: Call): void {
    const number = ++lastCall;
    asked.set(number, call);
    engine.post({ type: 'call', call: number, method: call.method, request: call.request });
  }

  function fail(error: MoatError, sentence = error.message): void {
    state = { is: 'failed', error };
    for (const call of [...asked.values(), ...waiting.splice(0)]) call.reject(error);
    asked.clear();
    tell('failed', sentence);
  }

  function start(): void {
    const engine = parts.startProcess(database);
    state = { is: 'starting', engine };
    const isCurrent = (): boolean => 'engine' in state && state.engine === engine;
    engine.onMessage((message) => {
      if (isCurrent()) receive(message, engine);
    });
    engine.onExit((reason) => {
      parts.forget(engine);
      if (isCurrent()) ended(reason);
    });
  }

  function receive(message: FromEngine, engine: EngineProcess): void {
    if (message.type === 'open') {
      state = { is: 'open', engine };
      hasOpened = true;
      if (deaths.length > 0) {
        tell('restarted', 'The engine is back. What was running goes on where it was.');
        parts.onRestarted();
      }
      for (const call of waiting.splice(0)) send(engine, call);
    } else if (message.type === 'refused') {
      parts.log(`the database could not be opened: ${message.error.message}`);
      fail(MoatError.fromJSON(message.error), `${message.error.message} ${windowHintOf(message.error.code)}`);
      engine.kill();
    } else if (message.type === 'event') {
      ({ engineLife, sequence } = message.event);
      parts.onEvent(message.event);
    } else if (message.type === 'reply') settle(message.call, (call) => call.resolve(message.reply));
    else if (message.type === 'failure') settle(message.call, (call) => call.reject(errorOf(message.error)));
    else parts.serve(message, engine);
  }

  function settle(number: number, finish: (call: Call) => void): void {
    const call = asked.get(number);
    asked.delete(number);
    if (call !== undefined) finish(call);
  }

  function ended(reason: string): void {
    const wasClosing = state.is === 'closing';
    for (const call of asked.values())
      call.reject(new MoatError('engine-ended', 'The engine ended before it could answer. Ask again.'));
    asked.clear();
    if (wasClosing) {
      state = { is: 'closed' };
      for (const closed of closers.splice(0)) closed();
      return;
    }
    parts.log(`the engine ended: ${reason}`);
    const now = parts.monotonicMs();
    deaths = [...deaths.filter((at) => now - at < DEATHS_WITHIN_MS), now];
    if (deaths.length >= MOST_DEATHS) {
      const what = hasOpened
        ? `The engine ended ${MOST_DEATHS} times within ten minutes (${reason}) and is not started again: quit Moat, open it and continue the audit.`
        : `The engine cannot be started: it ended ${MOST_DEATHS} times before it was ready (${reason}).`;
      fail(new MoatError('engine-ended', what), `${what} ${windowHintOf('engine-ended')}`);
      return;
    }
    tell('restarting', 'The engine ended unexpectedly and is being started again.');
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (deaths.length - 1), LONGEST_PAUSE_MS);
    state = { is: 'waiting', stopWaiting: parts.after(pause, start) };
  }

  async function close(): Promise<void> {
    for (const call of waiting.splice(0)) call.reject(new MoatError('cancelled', 'Moat is closing.'));
    if (state.is === 'waiting') state.stopWaiting();
    if (!('engine' in state)) {
      state = { is: 'closed' };
      return;
    }
    const { engine } = state;
    const closed = new Promise<void>((resolve) => closers.push(resolve));
    if (state.is !== 'closing') {
      state = { is: 'closing', engine };
      engine.post({ type: 'close' });
    }
    const stopTimer = parts.after(CLOSE_MS, () => engine.kill());
    await closed;
    stopTimer();
  }

  return {
    call: (method, request) =>
      new Promise((resolve, reject) => {
        const call = { method, request, resolve, reject };
        if (state.is === 'open') send(state.engine, call);
        else if (state.is === 'failed') reject(state.error);
        else if (state.is === 'starting' || state.is === 'waiting') waiting.push(call);
        else reject(new MoatError('cancelled', 'Moat is closing.'));
      }),
    open: async (file) => {
      await close();
      database = file;
      deaths = [];
      hasOpened = false;
      start();
    },
    close,
  };
}

function errorOf(error: SerializedError): MoatError {
  return MoatError.fromJSON(error);
}
