import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FromEngine, ToEngine } from './messages.ts';

/** What the main process does for an engine that tries a pack. */
class Parent extends EventEmitter {
  readonly told: FromEngine[] = [];
  readonly postMessage = (message: FromEngine): void => void this.told.push(message);
  say(data: ToEngine, ports: readonly unknown[] = []): void {
    this.emit('message', { data, ports });
  }
}

class Port extends EventEmitter {
  readonly sent: unknown[] = [];
  readonly postMessage = (message: unknown): void => void this.sent.push(message);
  readonly start = (): void => undefined;
  readonly close = (): void => undefined;
}

let parent: Parent;
beforeEach(() => {
  vi.resetModules();
  parent = new Parent();
  Object.assign(process, { parentPort: parent });
});
afterEach(() => void Reflect.deleteProperty(process, 'parentPort'));

async function begin() {
  const { addElsewhere } = await import('./pack-trial.ts');
  const controller = new AbortController();
  const sum = addElsewhere('/engines/tfjs_binding.node', controller.signal);
  const port = new Port();
  parent.say({ type: 'process', kind: 'pack', process: 1 }, [port]);
  return { sum, port, cancel: () => controller.abort() };
}
const killed = { type: 'kill-process', kind: 'pack', process: 1 };

test('a pack is tried in a process that the main process starts, and that is ended afterwards', async () => {
  const { sum, port } = await begin();
  expect(parent.told).toEqual([{ type: 'start-process', kind: 'pack', process: 1 }]);
  expect(port.sent).toEqual(['/engines/tfjs_binding.node']);
  port.emit('message', { data: { sum: 3 } });
  expect(await sum).toBe(3);
  expect(parent.told.at(-1)).toEqual(killed);
});

test('what the library says, and that it ended its process, is why', async () => {
  const broken = await begin();
  broken.port.emit('message', { data: { error: 'Error: invalid ELF header' } });
  await expect(broken.sum).rejects.toThrow('invalid ELF header');
  vi.resetModules();
  const dead = await begin();
  parent.say({ type: 'process-ended', kind: 'pack', process: 1, code: 6 });
  await expect(dead.sum).rejects.toThrow('exit code 6');
});

test('cancelling ends the process', async () => {
  const { sum, cancel } = await begin();
  cancel();
  expect(parent.told.at(-1)).toEqual(killed);
  parent.say({ type: 'process-ended', kind: 'pack', process: 1, code: 9 });
  await expect(sum).rejects.toMatchObject({ name: 'AbortError' });
});
