import { createInterface } from 'node:readline';
import type { BridgeEvent, BridgeMethod, BridgeReply, BridgeRequest } from '../../audits/contract/bridge.ts';
import { MoatError, type SerializedError } from '../../audits/contract/errors.ts';
import { startMoat, type RunningCommand } from './moat.ts';

/** A real `moat serve` and a client of it. */
export interface Served {
  readonly command: RunningCommand;
  readonly origin: string;
  readonly token: string;
  readonly call: <Name extends BridgeMethod>(
    name: Name,
    request: BridgeRequest<Name>,
  ) => Promise<BridgeReply<Name>>;
  /** Resolves with the first event, of those to come, that fits. */
  readonly next: (fits: (event: BridgeEvent['event']) => boolean) => Promise<BridgeEvent>;
  readonly events: readonly BridgeEvent[];
}

export async function startServed(
  args: readonly string[],
  options: { readonly cwd: string },
): Promise<Served> {
  const command = startMoat(['serve', ...args], options);
  const { stdout } = command.process;
  if (stdout === null) throw new Error('the command has a pipe');
  const address = await new Promise<string>((resolve, reject) => {
    createInterface({ input: stdout }).once('line', resolve);
    void command.end.then(({ stderr, code }) => reject(new Error(`moat serve ended (${code}):\n${stderr}`)));
  });
  const [origin = '', token = ''] = address.split('/#token=');
  const headers = { authorization: `Bearer ${token}` };
  const events: BridgeEvent[] = [];
  const waiting = new Set<(event: BridgeEvent) => void>();

  const response = await fetch(`${origin}/api/events`, { headers });
  if (response.body === null || response.status !== 200) throw new Error(`events: ${response.status}`);
  void read(response.body, (event) => {
    events.push(event);
    for (const listener of waiting) listener(event);
  }).catch(() => undefined);

  return {
    command,
    origin,
    token,
    events,
    async call(name, request) {
      const answer = await fetch(`${origin}/api/${name}`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(request),
      });
      const value: unknown = await answer.json();
      if (!answer.ok) throw MoatError.fromJSON(value as SerializedError);
      return value as BridgeReply<typeof name>;
    },
    next: (fits) =>
      new Promise((resolve) => {
        const listener = (event: BridgeEvent): void => {
          if (!fits(event.event)) return;
          waiting.delete(listener);
          resolve(event);
        };
        waiting.add(listener);
      }),
  };
}

async function read(body: ReadableStream<Uint8Array>, tell: (event: BridgeEvent) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    const blocks = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (data !== undefined) tell(JSON.parse(data) as BridgeEvent);
    }
  }
}
