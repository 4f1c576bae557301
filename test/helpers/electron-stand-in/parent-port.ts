/** Loaded before a utility process's own code: gives it `process.parentPort`, and takes Node's IPC away. */
import { EventEmitter } from 'node:events';
import process from 'node:process';
import type { PortFrame } from './message-channel.ts';

const toParent = process.send?.bind(process);
const send = (frame: PortFrame): void => void toParent?.(frame);
const ports = new Map<number, Port>();

class Port extends EventEmitter {
  readonly #number: number;
  #held: unknown[] | undefined = [];
  constructor(number: number) {
    super();
    this.#number = number;
    ports.set(number, this);
  }
  start(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const data of held) this.emit('message', { data, ports: [] });
  }
  receive(data: unknown): void {
    if (this.#held !== undefined) this.#held.push(data);
    else this.emit('message', { data, ports: [] });
  }
  postMessage(data: unknown): void {
    send({ kind: 'port', port: this.#number, data });
  }
  close(): void {
    send({ kind: 'port-closed', port: this.#number });
    ports.delete(this.#number);
  }
}

/** Messages wait until somebody listens. */
class ParentPort extends EventEmitter {
  #held: object[] = [];
  constructor() {
    super();
    this.on('newListener', (name) => {
      if (name === 'message')
        queueMicrotask(() => {
          for (const event of this.#held.splice(0)) this.emit('message', event);
        });
    });
  }
  receive(event: object): void {
    if (this.listenerCount('message') === 0) this.#held.push(event);
    else this.emit('message', event);
  }
  postMessage(data: unknown): void {
    send({ kind: 'parent', data, ports: [] });
  }
}

const parentPort = new ParentPort();
process.on('message', (frame: PortFrame) => {
  if (frame.kind === 'parent')
    parentPort.receive({ data: frame.data, ports: frame.ports.map((number) => new Port(number)) });
  else if (frame.kind === 'port') ports.get(frame.port)?.receive(frame.data);
  else ports.get(frame.port)?.emit('close');
});
process.on('disconnect', () => process.exit(1));
Object.defineProperty(process, 'parentPort', { value: parentPort });
// What an entry could wrongly rely on.
process.send = undefined as never;
