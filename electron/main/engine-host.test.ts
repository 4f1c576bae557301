import { expect, test, vi } from 'vitest';
import { MoatError } from '../../audits/contract/errors.ts';
import { windowHintOf } from '../../audits/serve/window-hints.ts';
import type { FromEngine, ToEngine } from '../engine/messages.ts';
import { createEngineHost, type EngineProcess } from './engine-host.ts';

class FakeEngine implements EngineProcess {
  readonly sent: ToEngine[] = [];
  readonly database: string;
  say: (message: FromEngine) => void = () => undefined;
  die: (reason: string) => void = () => undefined;
  isKilled = false;

  constructor(database: string) {
    this.database = database;
  }
  post(message: ToEngine): void {
    this.sent.push(message);
  }
  onMessage(listener: (message: FromEngine) => void): void {
    this.say = listener;
  }
  onExit(listener: (reason: string) => void): void {
    this.die = listener;
  }
  kill(): void {
    this.isKilled = true;
    this.die('SIGKILL');
  }
}

function world() {
  const engines: FakeEngine[] = [];
  const timers: { readonly milliseconds: number; readonly run: () => void; stopped: boolean }[] = [];
  const told: string[] = [];
  const sentences: string[] = [];
  const onRestarted = vi.fn();
  const forget = vi.fn();
  let nowMs = 0;
  const host = createEngineHost({
    startProcess: (database) => {
      const engine = new FakeEngine(database);
      engines.push(engine);
      return engine;
    },
    serve: () => undefined,
    forget,
    onEvent: ({ event }) => {
      told.push(event.type === 'engine' ? event.state : event.type);
      if (event.type === 'engine') sentences.push(event.sentence);
    },
    onRestarted,
    after: (milliseconds, run) => {
      const timer = { milliseconds, run, stopped: false };
      timers.push(timer);
      return () => void (timer.stopped = true);
    },
    monotonicMs: () => nowMs,
    log: () => undefined,
  });
  const newest = (): FakeEngine => {
    const engine = engines.at(-1);
    if (engine === undefined) throw new Error('no engine was started');
    return engine;
  };
  return {
    host,
    engines,
    timers,
    told,
    sentences,
    onRestarted,
    forget,
    newest,
    pass: (ms: number) => void (nowMs += ms),
  };
}

const calls = (engine: FakeEngine) => engine.sent.filter((message) => message.type === 'call');

test('what is asked before the engine is open waits for it', async () => {
  const { host, newest } = world();
  await host.open('/a.db');
  const reply = host.call('app.hello', {});
  expect(newest().database).toBe('/a.db');
  expect(calls(newest())).toEqual([]);
  newest().say({ type: 'open' });
  expect(calls(newest())).toMatchObject([{ method: 'app.hello', request: {} }]);
  newest().say({ type: 'reply', call: 1, reply: 'hello' });
  expect(await reply).toBe('hello');
});

test('an engine that dies is started again: what it was doing is answered, what is asked meanwhile waits', async () => {
  const { host, engines, timers, told, newest, onRestarted, forget } = world();
  await host.open('/a.db');
  newest().say({ type: 'open' });
  const lost = host.call('audits.list', {});
  newest().die('exit code 9');
  await expect(lost).rejects.toMatchObject({ code: 'engine-ended' });
  expect(forget).toHaveBeenCalledWith(engines[0]);
  const later = host.call('audits.list', {});
  expect(told).toEqual(['restarting']);
  timers.at(-1)?.run();
  expect(engines.length).toBe(2);
  newest().say({ type: 'open' });
  expect(told).toEqual(['restarting', 'restarted']);
  expect(onRestarted).toHaveBeenCalledOnce();
  newest().say({ type: 'reply', call: 2, reply: [] });
  expect(await later).toEqual([]);
});

test('pauses grow, and after five deaths within ten minutes it is left alone, with a sentence', async () => {
  const { host, engines, timers, told, sentences, newest } = world();
  await host.open('/a.db');
  for (let death = 1; death < 5; death++) {
    newest().say({ type: 'open' });
    newest().die('exit code 9');
    timers.at(-1)?.run();
  }
  expect(timers.map(({ milliseconds }) => milliseconds)).toEqual([500, 1000, 2000, 4000]);
  const waiting = host.call('app.hello', {});
  newest().die('exit code 9');
  await expect(waiting).rejects.toThrow(/is not started again/);
  await expect(host.call('app.hello', {})).rejects.toMatchObject({ code: 'engine-ended' });
  expect(told.at(-1)).toBe('failed');
  expect(sentences.at(-1)).toMatch(/continue the audit\. What is finished is kept/);
  expect(engines.length).toBe(5);
});

test('an engine that never was ready is said to be one that cannot be started', async () => {
  const { host, timers, sentences, newest } = world();
  await host.open('/a.db');
  for (let death = 1; death < 5; death++) {
    newest().die('exit code 1');
    timers.at(-1)?.run();
  }
  newest().die('exit code 1');
  await expect(host.call('app.hello', {})).rejects.toThrow(/cannot be started.*exit code 1/);
  expect(sentences.at(-1)).toMatch(/Show crash log/);
});

test('deaths of long ago do not count', async () => {
  const { host, timers, told, newest, pass } = world();
  await host.open('/a.db');
  for (let death = 0; death < 8; death++) {
    newest().say({ type: 'open' });
    pass(3 * 60_000);
    newest().die('exit code 9');
    timers.at(-1)?.run();
  }
  expect(told).not.toContain('failed');
});

test('a database that cannot be opened is no reason to try again', async () => {
  const { host, engines, timers, sentences, newest } = world();
  await host.open('/a.db');
  const hello = host.call('app.hello', {});
  const error = new MoatError('database-not-ours', 'This file was not written by Moat.').toJSON();
  newest().say({ type: 'refused', error });
  await expect(hello).rejects.toMatchObject({ code: 'database-not-ours' });
  expect(sentences).toEqual([`This file was not written by Moat. ${windowHintOf('database-not-ours')}`]);
  expect(newest().isKilled).toBe(true);
  expect(timers).toEqual([]);
  expect(engines.length).toBe(1);
});

test('closing asks the engine to stop, and ends it by force when it does not', async () => {
  const { host, timers, newest } = world();
  await host.open('/a.db');
  newest().say({ type: 'open' });
  const closed = host.close();
  expect(newest().sent.at(-1)).toEqual({ type: 'close' });
  expect(newest().isKilled).toBe(false);
  timers.at(-1)?.run();
  await closed;
  expect(newest().isKilled).toBe(true);
  await expect(host.call('app.hello', {})).rejects.toMatchObject({ code: 'cancelled' });
});

test('another database takes the place of the first, whose engine ends before', async () => {
  const { host, engines, newest } = world();
  await host.open('/a.db');
  newest().say({ type: 'open' });
  const opened = host.open('/b.db');
  expect(engines.length).toBe(1);
  newest().die('exit code 0');
  await opened;
  expect(newest().database).toBe('/b.db');
});
