import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BridgeEvent } from '../../contract/bridge.ts';
import type { ServedEngine } from '../open-engine.ts';

/** Proxies and tunnels drop connections on which nothing moves. */
const HEARTBEAT_MS = 15_000;
/** A reader that leaves so much unread is let go; it comes back and is told what it missed. */
const MOST_UNREAD_BYTES = 4_000_000;

/**
 * Server-sent events (WHATWG HTML, section 9.2). The id of each is `LIFE:NUMBER`, which a reader sends back as `Last-Event-ID`.
 * @returns what ends the stream
 */
export function streamEvents(
  engine: ServedEngine,
  request: IncomingMessage,
  response: ServerResponse,
): () => void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  const send = (text: string): void => {
    response.write(text);
    if (response.writableLength > MOST_UNREAD_BYTES) response.destroy();
  };
  const tell = (event: BridgeEvent): void =>
    send(`id: ${event.engineLife}:${event.sequence}\ndata: ${JSON.stringify(event)}\n\n`);
  // Something at once, so that a reader knows that it is connected.
  send(': connected\n\n');
  for (const event of missed(engine, request.headers['last-event-id'])) tell(event);
  const unsubscribe = engine.subscribe(tell);
  const heartbeat = setInterval(() => send(': here\n\n'), HEARTBEAT_MS).unref();
  const end = (): void => {
    clearInterval(heartbeat);
    unsubscribe();
    response.end();
  };
  response.once('close', end);
  return end;
}

function missed(engine: ServedEngine, lastEventId: string | string[] | undefined): readonly BridgeEvent[] {
  if (typeof lastEventId !== 'string') return [];
  const [life, number] = lastEventId.split(':');
  const sequence = Number(number);
  if (life === engine.engineLife && Number.isSafeInteger(sequence)) return engine.since(sequence);
  // It knew another engine, of whose events this one has none.
  return [
    {
      sequence: engine.sequence(),
      engineLife: engine.engineLife,
      event: { type: 'engine', state: 'restarted', sentence: 'Moat was started again.' },
    },
  ];
}
