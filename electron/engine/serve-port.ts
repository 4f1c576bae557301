import type { BridgeEvent } from '../../audits/contract/bridge.ts';
import { MoatError, type SerializedError } from '../../audits/contract/errors.ts';
import type { WorkerReply, WorkerRequest } from '../../audits/contract/events.ts';
import { workerOver, type StartWorker } from '../../audits/run/worker-host.ts';
import type { FromEngine, ToEngine } from './messages.ts';
import { createPortProcesses } from './port-processes.ts';

/** As `audits/serve` answers. */
export type DispatchReply =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: SerializedError };

/** What an engine offers, whichever way it is reached. */
export interface ServedEngine {
  readonly dispatch: (method: string, request: unknown) => Promise<DispatchReply>;
  readonly subscribe: (listener: (event: BridgeEvent) => void) => () => void;
  /** Stops audits at their next safe point and closes the database. */
  readonly close: () => Promise<void>;
}

/** What only the main process can do for an engine. */
export interface EngineMeans {
  readonly startWorker: StartWorker;
  readonly printPage: (html: string) => Promise<Uint8Array>;
}

/** The engine over the port to the main process. */
export function serveOverPort(
  port: Pick<Electron.ParentPort, 'on' | 'postMessage'>,
  open: (begin: ToEngine & { readonly type: 'begin' }, means: EngineMeans) => ServedEngine,
  exit: () => void,
): void {
  const tell = (message: FromEngine): void => port.postMessage(message);
  const workers = createPortProcesses<WorkerRequest, WorkerReply>('worker', tell);
  const prints = new Map<number, PromiseWithResolvers<Uint8Array>>();
  let lastPrint = 0;

  const means: EngineMeans = {
    startWorker: (onLog) => workerOver(workers.start(), onLog),
    printPage: (html) => {
      const print = ++lastPrint;
      const printed = Promise.withResolvers<Uint8Array>();
      prints.set(print, printed);
      tell({ type: 'print', print, html });
      return printed.promise;
    },
  };
  let engine: ServedEngine | undefined;

  function begin(message: ToEngine & { readonly type: 'begin' }): void {
    try {
      engine = open(message, means);
    } catch (error) {
      // Told, not thrown: started again it would find the same.
      tell({ type: 'refused', error: MoatError.from(error).toJSON() });
      return;
    }
    engine.subscribe((event) => tell({ type: 'event', event }));
    tell({ type: 'open' });
  }

  async function answer({ call, method, request }: ToEngine & { readonly type: 'call' }): Promise<void> {
    try {
      if (engine === undefined) throw new MoatError('internal', 'The engine is not open.');
      const outcome = await engine.dispatch(method, request);
      if (outcome.ok) tell({ type: 'reply', call, reply: outcome.value });
      else tell({ type: 'failure', call, error: outcome.error });
    } catch (error) {
      tell({ type: 'failure', call, error: MoatError.from(error).toJSON() });
    }
  }

  async function close(): Promise<void> {
    try {
      await engine?.close();
    } catch {
      // Whatever it was, the process ends; the engine's own log has it.
    }
    exit();
  }

  port.on('message', ({ data, ports }) => {
    const message = data as ToEngine;
    if (workers.receive(message, ports[0])) return;
    if (message.type === 'begin') begin(message);
    else if (message.type === 'call') void answer(message);
    else if (message.type === 'close') void close();
    else if (message.type === 'printed') prints.get(message.print)?.resolve(message.pdf);
    else if (message.type === 'not-printed')
      prints.get(message.print)?.reject(MoatError.fromJSON(message.error));
    if ('print' in message) prints.delete(message.print);
  });
}
