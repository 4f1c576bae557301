import { expect, test } from 'vitest';
import type { BridgeEvent } from '../../audits/contract/bridge.ts';
import type { Connection } from './bridge.ts';
import { httpBridge } from './http.ts';

const event = (sequence: number): BridgeEvent => ({
  sequence,
  engineLife: 'life',
  event: { type: 'audits-changed' },
});
const line = (sequence: number) => `id: life:${sequence}\ndata: ${JSON.stringify(event(sequence))}\n\n`;
const streamOf = (...texts: readonly string[]) => new Response(new Blob([...texts]).stream());

test('a broken stream is asked for again from its last event, after growing pauses', async () => {
  const asked: (string | null)[] = [];
  const pauses: number[] = [];
  const answers = [
    () => streamOf(line(1), line(2)),
    () => Promise.reject(new TypeError('no route')),
    () => Promise.reject(new TypeError('no route')),
    () => streamOf(line(3)),
    () => new Response(null, { status: 401 }),
  ];
  const heard: number[] = [];
  const states: Connection[] = [];
  const { promise: refused, resolve } = Promise.withResolvers<void>();
  const bridge = httpBridge({
    origin: 'http://127.0.0.1:1',
    token: 'secret',
    fetch: (_, init) => {
      const headers = new Headers(init?.headers);
      expect(headers.get('authorization')).toBe('Bearer secret');
      asked.push(headers.get('last-event-id'));
      return Promise.resolve(answers.shift()?.() ?? new Response(null, { status: 500 }));
    },
    wait: (milliseconds) => {
      pauses.push(milliseconds);
      return Promise.resolve();
    },
  });
  bridge.subscribe(({ sequence }) => heard.push(sequence));
  bridge.watchConnection((state) => {
    states.push(state);
    if (state === 'refused') resolve();
  });
  await refused;
  expect(heard).toEqual([1, 2, 3]);
  expect(asked).toEqual([null, 'life:2', 'life:2', 'life:2', 'life:3']);
  expect(pauses).toEqual([250, 500, 1000, 250]);
  expect(states).toEqual(['connecting', 'open', 'lost', 'open', 'lost', 'refused']);
});

test('an error of the engine comes through as it is, and one of the way has its own code', async () => {
  const answers = [
    () =>
      Response.json(
        { code: 'path-missing', message: 'No such file.', details: {}, hint: 'Check the path.' },
        { status: 400 },
      ),
    () => Promise.reject(new TypeError('no route')),
    () => new Response('<html>', { status: 502 }),
    () => Response.json([1]),
  ];
  const bridge = httpBridge({
    origin: 'http://127.0.0.1:1',
    token: 'secret',
    fetch: () => Promise.resolve(answers.shift()?.() ?? new Response()),
    wait: () => Promise.resolve(),
  });
  const ask = () => bridge.call('audits.list', {});
  await expect(ask()).rejects.toMatchObject({
    code: 'path-missing',
    message: 'No such file.',
    hint: 'Check the path.',
  });
  await expect(ask()).rejects.toMatchObject({ code: 'connection-lost' });
  await expect(ask()).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('502') });
  await expect(ask()).resolves.toEqual([1]);
});

test('without a token nothing is asked', () => {
  const states: Connection[] = [];
  const bridge = httpBridge({
    origin: 'http://127.0.0.1:1',
    token: null,
    fetch: () => {
      throw new Error('asked');
    },
    wait: () => Promise.resolve(),
  });
  bridge.watchConnection((state) => states.push(state));
  expect(states).toEqual(['connecting', 'refused']);
});
