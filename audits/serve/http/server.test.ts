import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BridgeEvent } from '../../contract/bridge.ts';
import { openSampleEngine, sampleSettings } from '../engine.sample.ts';
import type { ServedEngine } from '../open-engine.ts';
import { windowHintOf } from '../window-hints.ts';
import { isOwnHost } from './own-address.ts';
import { startHttpServer, type HttpServer } from './server.ts';

/** What protects the server, each on a real one: undo any of it and a test here fails. */

let folder: string;
let app: string;
let engine: ServedEngine;
let server: HttpServer;
let nowMs: number;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-http-'));
  app = path.join(folder, 'app');
  mkdirSync(path.join(app, 'assets'), { recursive: true });
  writeFileSync(path.join(app, 'index.html'), '<!doctype html><title>Moat</title>');
  writeFileSync(path.join(app, 'assets', 'main-1a2b.js'), 'export {};');
  writeFileSync(path.join(folder, 'secret.txt'), 'not of the app');
  symlinkSync(path.join(folder, 'secret.txt'), path.join(app, 'linked.txt'));
  // Begins with the same letters as the app's folder.
  mkdirSync(path.join(folder, 'app-of-others'));
  writeFileSync(path.join(folder, 'app-of-others', 'secret.txt'), 'not of the app');
  engine = openSampleEngine(folder);
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  nowMs = 0;
  server = await startHttpServer({
    engine,
    host: '127.0.0.1',
    port: 0,
    clock: { monotonicMs: () => nowMs },
    appFolder: () => Promise.resolve(app),
  });
});
afterEach(() => server.close());

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly agent?: Agent;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** By hand: `fetch` would correct paths and refuse to send some headers. */
function ask(target: string, { method = 'GET', headers = {}, body, agent }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(
      { host: '127.0.0.1', port: server.port, path: target, method, headers, agent: agent ?? false },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => (text += part));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

const authorized = (): Record<string, string> => ({ authorization: `Bearer ${server.token}` });
const json = { 'content-type': 'application/json' };
const hello = (headers: Readonly<Record<string, string>> = {}, agent?: Agent): Promise<Answer> =>
  ask('/api/app.hello', {
    method: 'POST',
    headers: { ...json, ...authorized(), ...headers },
    body: '{}',
    ...(agent === undefined ? {} : { agent }),
  });

test('the printed address holds the token where browsers send it to nobody', async () => {
  expect(server.url).toBe(`http://127.0.0.1:${server.port}/#token=${server.token}`);
  // 32 bytes are 43 letters of base64url.
  expect(server.token).toMatch(/^[\w-]{43}$/);
  const other = await startHttpServer({
    engine,
    host: '127.0.0.1',
    port: 0,
    clock: { monotonicMs: () => 0 },
  });
  expect(other.token).not.toBe(server.token);
  await other.close();
});

test('a call with the token is answered', async () => {
  const { status, text } = await hello();
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({ host: 'http', engineLife: engine.engineLife });
});

describe('the token', () => {
  const calls = [
    ['none', {}],
    ['a wrong one', { authorization: `Bearer ${'A'.repeat(43)}` }],
    ['one that is too short', { authorization: 'Bearer A' }],
    ['an empty one', { authorization: 'Bearer ' }],
  ] as const;
  test.each(calls)('%s: no call, no event', async (_what, headers) => {
    const call = await ask('/api/app.hello', {
      method: 'POST',
      headers: { ...json, ...headers },
      body: '{}',
    });
    expect(call.status).toBe(401);
    expect(call.text).not.toContain(engine.engineLife);
    expect((await ask('/api/events', { headers })).status).toBe(401);
  });

  test('is taken from the header alone, and in its right form', async () => {
    const { token } = server;
    expect((await ask(`/api/events?token=${token}`)).status).toBe(401);
    const others = { cookie: `token=${token}`, authorization: `Basic ${token}` };
    expect((await ask('/api/events', { headers: others })).status).toBe(401);
  });

  test('after ten wrong ones an address waits; a connection that has shown the right one does not', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect((await hello({}, agent)).status).toBe(200);
    const wrong = { authorization: `Bearer ${'A'.repeat(43)}` };
    for (let i = 0; i < 10; i++) expect((await hello(wrong)).status).toBe(401);
    const waiting = await hello(wrong);
    expect([waiting.status, waiting.headers['retry-after']]).toEqual([429, '30']);
    // The right token is not looked at either: else guessing would go on at full speed.
    expect((await hello()).status).toBe(429);
    expect((await hello({}, agent)).status).toBe(200);
    nowMs += 29_000;
    expect((await hello()).status).toBe(429);
    nowMs += 1001;
    expect((await hello()).status).toBe(200);
    expect((await hello(wrong)).status).toBe(401);
    agent.destroy();
  });
});

describe('who asks', () => {
  test.each([
    'attacker.example',
    'attacker.example:PORT',
    '127.0.0.1.attacker.example:PORT',
    'localhost.attacker.example:PORT',
    '127.0.0.1:1',
    '127.0.0.1',
    '169.254.169.254:PORT',
    'user@127.0.0.1:PORT',
  ])('a Host of %s is refused, page and call alike', async (name) => {
    const host = name.replace('PORT', String(server.port));
    expect((await hello({ host })).status).toBe(403);
    expect((await ask('/', { headers: { host } })).status).toBe(403);
  });

  test.each(['127.0.0.1', 'localhost', '[::1]', 'LOCALHOST'])(
    'a Host of %s is this machine',
    async (name) => {
      expect((await hello({ host: `${name}:${server.port}` })).status).toBe(200);
    },
  );

  test.each(['https://attacker.example', 'null', 'http://127.0.0.1:1', 'http://localhost.attacker.example'])(
    'an Origin of %s is refused, with the token or without',
    async (origin) => {
      expect((await hello({ origin })).status).toBe(403);
      expect((await ask('/api/events', { headers: { origin } })).status).toBe(403);
    },
  );

  test('its own page may ask', async () => {
    expect((await hello({ origin: server.origin })).status).toBe(200);
    // The same server by another of its names is another origin.
    expect((await hello({ origin: `http://localhost:${server.port}` })).status).toBe(403);
  });

  test('listening on every address, figures are ours and names are not', () => {
    expect(isOwnHost('192.168.1.7:80', '0.0.0.0', 80)).toBe(true);
    expect(isOwnHost('[fe80::1]:80', '::', 80)).toBe(true);
    expect(isOwnHost('gpu-box:80', '0.0.0.0', 80)).toBe(false);
    expect(isOwnHost('gpu-box:80', 'gpu-box', 80)).toBe(true);
    expect(isOwnHost('192.168.1.7:80', '127.0.0.1', 80)).toBe(false);
    expect(isOwnHost(undefined, '0.0.0.0', 80)).toBe(false);
  });
});

describe('how', () => {
  test('no other origin is ever let in: no CORS header on any answer, a preflight is refused', async () => {
    const preflight = await ask('/api/app.hello', {
      method: 'OPTIONS',
      headers: {
        origin: 'https://attacker.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    expect(preflight.status).toBe(403);
    const own = await ask('/api/app.hello', { method: 'OPTIONS', headers: authorized() });
    expect(own.status).toBe(405);
    for (const { headers } of [preflight, own, await hello(), await ask('/'), await ask('/nothing')])
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });

  test('calls are POST', async () => {
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect((await ask('/api/audits.list', { method, headers: authorized() })).status).toBe(405);
    expect((await ask('/', { method: 'POST', body: '{}' })).status).toBe(405);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', ''])(
    'a body of type "%s" is refused: pages may send those without asking',
    async (type) => {
      const headers = { ...authorized(), ...(type === '' ? {} : { 'content-type': type }) };
      const { status } = await ask('/api/app.hello', { method: 'POST', headers, body: '{}' });
      expect(status).toBe(415);
    },
  );

  test('what is no JSON is refused', async () => {
    const headers = { ...json, ...authorized() };
    expect((await ask('/api/app.hello', { method: 'POST', headers, body: '{' })).status).toBe(400);
  });

  test('a body larger than any request is refused, announced or not', async () => {
    const body = JSON.stringify({ settings: { encoder: 'x'.repeat(1_100_000) } });
    const headers = { ...json, ...authorized() };
    expect((await ask('/api/audits.start', { method: 'POST', headers, body })).status).toBe(413);
    const chunked = { ...headers, 'transfer-encoding': 'chunked' };
    expect((await ask('/api/audits.start', { method: 'POST', headers: chunked, body })).status).toBe(413);
  });

  test('errors come as a code, a sentence and what to do, without a stack', async () => {
    const headers = { ...json, ...authorized() };
    const unknown = await ask('/api/audits.snapshot', { method: 'POST', headers, body: '{"id":"nobody"}' });
    expect(unknown.status).toBe(404);
    expect(JSON.parse(unknown.text)).toEqual({
      code: 'audit-unknown',
      message: 'This database has no audit nobody.',
      details: {},
      hint: 'Look for the audit in History.',
    });
    const download = await ask('/api/reports/nobody/html', { headers });
    expect(JSON.parse(download.text)).toMatchObject({
      code: 'audit-unknown',
      hint: 'Look for the audit in History.',
    });
    const refused = await ask('/api/audits.list', { headers });
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'usage', hint: windowHintOf('usage') });
    expect((await ask('/api/no.method', { method: 'POST', headers, body: '{}' })).status).toBe(400);
  });

  test('every answer says what the page may do', async () => {
    for (const { headers } of [
      await ask('/'),
      await hello(),
      await ask('/nothing'),
      await hello({ host: 'x' }),
    ]) {
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'self';/,
      );
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['content-security-policy']).toContain("connect-src 'self'");
      expect(headers['content-security-policy']).toContain("base-uri 'none'");
      expect(headers['content-security-policy']).toContain("form-action 'none'");
      expect(headers['content-security-policy']).toContain("require-trusted-types-for 'script'");
      expect(headers['content-security-policy']).not.toMatch(/unsafe|https?:|\*/);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
      });
    }
  });

  test('answers of calls are kept by nobody', async () => {
    expect((await hello()).headers['cache-control']).toBe('no-store');
  });
});

describe('files', () => {
  test('the app’s own are sent with their type', async () => {
    const page = await ask('/');
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.text).toContain('<title>Moat</title>');
    const script = await ask('/assets/main-1a2b.js');
    expect([script.status, script.headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8']);
    expect(script.headers['cache-control']).toContain('immutable');
    expect((await ask('/', { method: 'HEAD' })).text).toBe('');
  });

  test.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%2fapp-of-others/secret.txt',
    '/..%5csecret.txt',
    '/..\\secret.txt',
    '//etc/passwd',
    '/linked.txt',
    '/linked.txt%00.html',
    '/%',
    '/assets',
    '/nothing.js',
  ])('%s leads nowhere', async (target) => {
    const { status, text } = await ask(target);
    expect(status).toBe(404);
    expect(text).not.toContain('not of the app');
  });
});

describe('events', () => {
  interface Stream {
    /** Resolves with the first event that fits. */
    readonly next: (fits: (event: BridgeEvent) => boolean) => Promise<BridgeEvent>;
    readonly events: readonly BridgeEvent[];
    readonly ids: readonly string[];
    readonly close: () => void;
  }

  function listen(headers: Readonly<Record<string, string>> = {}): Promise<Stream> {
    const events: BridgeEvent[] = [];
    const ids: string[] = [];
    const waiting = new Set<() => void>();
    return new Promise((resolve, reject) => {
      const asked = httpRequest(
        {
          port: server.port,
          host: '127.0.0.1',
          path: '/api/events',
          headers: { ...authorized(), ...headers },
        },
        (answer: IncomingMessage) => {
          let rest = '';
          expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
          answer.setEncoding('utf8').on('data', (part: string) => {
            const blocks = (rest + part).split('\n\n');
            rest = blocks.pop() ?? '';
            for (const block of blocks) {
              const match = /^id: (.*)\ndata: (.*)$/.exec(block);
              if (match === null) continue;
              ids.push(match[1] ?? '');
              events.push(JSON.parse(match[2] ?? '') as BridgeEvent);
            }
            for (const check of waiting) check();
          });
          answer.once('data', () =>
            resolve({
              events,
              ids,
              close: () => asked.destroy(),
              next: (fits) =>
                new Promise((found) => {
                  const check = (): void => {
                    const event = events.find(fits);
                    if (event === undefined) return;
                    waiting.delete(check);
                    found(event);
                  };
                  waiting.add(check);
                  check();
                }),
            }),
          );
        },
      );
      asked.on('error', reject);
      asked.end();
    });
  }

  const start = async (seed: number): Promise<string> => {
    const headers = { ...json, ...authorized() };
    const body = JSON.stringify({ settings: { ...sampleSettings, seed } });
    const { text } = await ask('/api/audits.start', { method: 'POST', headers, body });
    return (JSON.parse(text) as { id: string }).id;
  };
  const isEnd =
    (id: string) =>
    ({ event }: BridgeEvent): boolean =>
      event.type === 'run' &&
      event.auditId === id &&
      event.run.type === 'stage' &&
      event.run.stage === 'done';

  test('are told as they happen; a reader that comes back hears what it missed, and nothing twice', async () => {
    const first = await listen();
    const id = await start(11);
    await first.next(({ event }) => event.type === 'cell-result');
    first.close();
    const seen = first.ids.length;
    const second = await listen({ 'last-event-id': first.ids.at(-1) ?? '' });
    await second.next(isEnd(id));
    const numbers = [...first.events.slice(0, seen), ...second.events].map(({ sequence }) => sequence);
    expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i));
    second.close();
  });

  test('whoever knew an earlier engine is told that this is another one', async () => {
    const stream = await listen({ 'last-event-id': 'feedbeef:7' });
    const told = await stream.next(() => true);
    expect(told).toMatchObject({
      engineLife: engine.engineLife,
      sequence: engine.sequence(),
      event: { type: 'engine', state: 'restarted' },
    });
    stream.close();
  });

  test('a number that is none is no reason to fail', async () => {
    const stream = await listen({ 'last-event-id': `${engine.engineLife}:soon` });
    expect((await stream.next(() => true)).event.type).toBe('engine');
    stream.close();
  });

  test('an audit goes on when nobody listens any more', async () => {
    const stream = await listen();
    const id = await start(12);
    stream.close();
    const again = await listen({ 'last-event-id': `${engine.engineLife}:0` });
    await again.next(isEnd(id));
    again.close();
  });
});

describe('reports', () => {
  let id: string;
  beforeAll(async () => {
    const reply = await engine.dispatch('audits.start', { settings: { ...sampleSettings, seed: 13 } });
    if (!reply.ok) throw new Error(reply.error.message);
    id = (reply.value as { readonly id: string }).id;
    await new Promise<void>((resolve) => {
      const stop = engine.subscribe(({ event }) => {
        if (event.type !== 'run' || event.run.type !== 'stage' || event.run.stage !== 'done') return;
        stop();
        resolve();
      });
    });
  });

  test('are downloaded as attachments, with the token', async () => {
    expect((await ask(`/api/reports/${id}/csv`)).status).toBe(401);
    const csv = await ask(`/api/reports/${id}/csv?profile=executive`, { headers: authorized() });
    expect(csv.headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="moat-${id}-report.csv"`,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(csv.text).toContain('direct-extraction');
    const result = await ask(`/api/reports/${id}/json`, { headers: authorized() });
    expect(JSON.parse(result.text)).toMatchObject({ auditId: id });
  });

  test.each([
    ['nobody/json', 404],
    ['ID/docx', 400],
    ['ID/json?profile=king', 400],
    ['ID/json?other=1', 400],
    ['..%2f..%2fetc/passwd', 400],
    ['ID/..%2f..%2fsecret.txt', 400],
  ] as const)('%s is refused with %i', async (target, status) => {
    const answer = await ask(`/api/reports/${target.replace('ID', id)}`, { headers: authorized() });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  });
});

test('a reader that reads nothing is let go, and does not fill the memory', async () => {
  const listeners = new Set<(event: BridgeEvent) => void>();
  const busy = await startHttpServer({
    engine: {
      ...engine,
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    host: '127.0.0.1',
    port: 0,
    clock: { monotonicMs: () => 0 },
  });
  const socket = connect(busy.port, '127.0.0.1');
  socket.pause();
  socket.write(
    `GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:${busy.port}\r\nAuthorization: Bearer ${busy.token}\r\n\r\n`,
  );
  while (listeners.size === 0) await new Promise((resolve) => setImmediate(resolve));
  const large: BridgeEvent = {
    sequence: 1,
    engineLife: 'x',
    event: { type: 'task', task: 'x', fraction: null, sentence: 'x'.repeat(100_000) },
  };
  // Kernel buffers hold some megabytes; then the server's own count.
  for (let i = 0; i < 1000 && listeners.size > 0; i++) {
    for (const listener of listeners) listener(large);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(listeners.size).toBe(0);
  socket.destroy();
  await busy.close();
});

test('a port in use is one sentence', async () => {
  await expect(
    startHttpServer({ engine, host: '127.0.0.1', port: server.port, clock: { monotonicMs: () => 0 } }),
  ).rejects.toThrow(/is in use; name another with --port/);
});
