import { EventEmitter } from 'node:events';

/** What goes between this process and a child of it, beside its own messages. */
export type PortFrame =
  | { readonly kind: 'parent'; readonly data: unknown; readonly ports: readonly number[] }
  | { readonly kind: 'port'; readonly port: number; readonly data: unknown }
  | { readonly kind: 'port-closed'; readonly port: number };

export interface PortOwner {
  readonly send: (frame: PortFrame) => void;
}

const ports = new Map<number, MessagePortMain>();
let last = 0;

/** One end of a channel. Handed to a child, it is that child's: what is sent to it goes there. */
export class MessagePortMain extends EventEmitter {
  readonly number = ++last;
  peer: MessagePortMain | undefined;
  owner: PortOwner | undefined;
  #held: unknown[] | undefined = [];

  constructor() {
    super();
    ports.set(this.number, this);
  }
  start(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const data of held) this.emit('message', { data, ports: [] });
  }
  postMessage(data: unknown): void {
    this.peer?.receive(data);
  }
  close(): void {
    ports.delete(this.number);
    this.peer?.closedByPeer();
    this.peer = undefined;
  }
  receive(data: unknown): void {
    if (this.owner !== undefined) this.owner.send({ kind: 'port', port: this.number, data });
    else if (this.#held !== undefined) this.#held.push(data);
    else this.emit('message', { data, ports: [] });
  }
  closedByPeer(): void {
    ports.delete(this.number);
    this.peer = undefined;
    if (this.owner === undefined) this.emit('close');
    else this.owner.send({ kind: 'port-closed', port: this.number });
  }
}

export class MessageChannelMain {
  readonly port1 = new MessagePortMain();
  readonly port2 = new MessagePortMain();
  constructor() {
    this.port1.peer = this.port2;
    this.port2.peer = this.port1;
  }
}

/** What a child sent into one of its ports, or that it closed it. */
export function relay(frame: PortFrame): void {
  if (frame.kind === 'port') ports.get(frame.port)?.postMessage(frame.data);
  else if (frame.kind === 'port-closed') ports.get(frame.port)?.close();
}

/** A process that has ended takes its ports with it. */
export function closePortsOf(owner: PortOwner): void {
  for (const port of ports.values()) if (port.owner === owner) port.close();
}
