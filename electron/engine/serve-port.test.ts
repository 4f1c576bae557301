import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { MoatError } from '../../audits/contract/errors.ts';
import type { FromEngine, ToEngine } from './messages.ts';
import { serveOverPort, type EngineMeans, type ServedEngine } from './serve-port.ts';

class FakePort extends EventEmitter {
  readonly sent: unknown[] = [];
  isClosed = false;
  postMessage(message: unknown): void {
    this.sent.push(message);
  }
  start(): void {}
  close(): void {
    this.isClosed = true;
  }
}

function served(open: (means: EngineMeans) => Partial<ServedEngine> = () => ({})) {
  const parent = new FakePort();
  const exit = vi.fn();
  let means: EngineMeans | undefined;
  serveOverPort(
    parent,
    (_begin, given) => {
      means = given;
      return {
        dispatch: () => Promise.resolve({ ok: true, value: null }),
        subscribe: () => () => undefined,
        close: () => Promise.resolve(),
        ...open(given),
      };
    },
    exit,
  );
  const tell = (message: ToEngine, ports: readonly FakePort[] = []): void =>
    void parent.emit('message', { data: message, ports });
  tell({ type: 'begin', database: '/a.db', moatVersion: '0.1.0' });
  return { sent: parent.sent as FromEngine[], tell, exit, means: () => means };
}

test('an engine that opens says so; replies and errors come back under the number of their call', async () => {
  const { sent, tell } = served(() => ({
    dispatch: (method) =>
      Promise.resolve(
        method === 'good'
          ? { ok: true, value: 7 }
          : { ok: false, error: new MoatError('usage', 'No.').toJSON() },
      ),
  }));
  expect(sent).toEqual([{ type: 'open' }]);
  tell({ type: 'call', call: 1, method: 'good', request: {} });
  tell({ type: 'call', call: 2, method: 'bad', request: {} });
  await vi.waitFor(() => expect(sent.length).toBe(3));
  expect(sent[1]).toEqual({ type: 'reply', call: 1, reply: 7 });
  expect(sent[2]).toMatchObject({ type: 'failure', call: 2, error: { code: 'usage' } });
});

test('a database that does not open is refused, not thrown', () => {
  const { sent } = served(() => {
    throw new MoatError('database-not-ours', 'Not ours.');
  });
  expect(sent).toMatchObject([{ type: 'refused', error: { code: 'database-not-ours' } }]);
});

test('a worker is asked for; what it is told meanwhile waits for its port', async () => {
  const { sent, tell, means } = served();
  const worker = means()?.startWorker(() => undefined);
  expect(sent.at(-1)).toEqual({ type: 'start-process', kind: 'worker', process: 1 });
  const done = worker?.run({ kind: 'any' }, () => undefined);
  const port = new FakePort();
  tell({ type: 'process', kind: 'worker', process: 1 }, [port]);
  expect(port.sent).toEqual([{ type: 'run', job: { kind: 'any' } }]);
  port.emit('message', { data: { type: 'done', outcome: 'result' } });
  expect(await done).toBe('result');
});

test('the job of a worker that ends is lost with it; one that is stopped closes its port', async () => {
  const { tell, means } = served();
  const worker = means()?.startWorker(() => undefined);
  const port = new FakePort();
  tell({ type: 'process', kind: 'worker', process: 1 }, [port]);
  const lost = worker?.run({}, () => undefined);
  tell({ type: 'process-ended', kind: 'trial', process: 1, code: 0 });
  tell({ type: 'process-ended', kind: 'worker', process: 1, code: 9 });
  await expect(lost).rejects.toMatchObject({ code: 'worker-died' });
  await expect(worker?.run({}, () => undefined)).rejects.toMatchObject({ code: 'worker-died' });

  const idle = means()?.startWorker(() => undefined);
  const other = new FakePort();
  tell({ type: 'process', kind: 'worker', process: 2 }, [other]);
  const stopped = idle?.stop(60_000);
  expect(other.isClosed).toBe(true);
  tell({ type: 'process-ended', kind: 'worker', process: 2, code: 0 });
  await stopped;
});

test('a page is printed by the main process', async () => {
  const { sent, tell, means } = served();
  const printed = means()?.printPage('<p>1</p>');
  const failed = means()?.printPage('<p>2</p>');
  expect(sent.at(-1)).toEqual({ type: 'print', print: 2, html: '<p>2</p>' });
  tell({ type: 'printed', print: 1, pdf: Uint8Array.of(1) });
  tell({ type: 'not-printed', print: 2, error: new MoatError('browser-failed', 'No.').toJSON() });
  expect(await printed).toEqual(Uint8Array.of(1));
  await expect(failed).rejects.toMatchObject({ code: 'browser-failed' });
});

test('closing closes the engine, then ends the process, also when closing fails', async () => {
  const close = vi.fn(() => Promise.reject(new Error('busy')));
  const { tell, exit } = served(() => ({ close }));
  tell({ type: 'close' });
  await vi.waitFor(() => expect(exit).toHaveBeenCalledOnce());
  expect(close).toHaveBeenCalledOnce();
});
