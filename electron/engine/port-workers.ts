import type { WorkerReply, WorkerRequest } from '../../audits/contract/events.ts';
import { workerOver, type StartWorker } from '../../audits/run/worker-host.ts';
import type { FromEngine, ToEngine } from './messages.ts';

export interface PortWorkers {
  readonly startWorker: StartWorker;
  /** Takes what the main process says of workers; false where it is about something else. */
  readonly receive: (message: ToEngine, port: Electron.MessagePortMain | undefined) => boolean;
}

interface Started {
  readonly connect: (port: Electron.MessagePortMain) => void;
  readonly end: (code: number) => void;
}

/**
 * Workers of an engine inside Electron: only the main process may start processes there, so it is asked for one and hands
 * over a port to it.
 */
export function createPortWorkers(tellMain: (message: FromEngine) => void): PortWorkers {
  const workers = new Map<number, Started>();
  let last = 0;

  return {
    startWorker: (onLog) => {
      const worker = ++last;
      const waiting: WorkerRequest[] = [];
      const listeners: ((reply: WorkerReply) => void)[] = [];
      let port: Electron.MessagePortMain | undefined;
      const ended = new Promise<string>((resolve) => {
        workers.set(worker, {
          connect(connected) {
            port = connected;
            connected.on('message', ({ data }) => {
              for (const listener of listeners) listener(data as WorkerReply);
            });
            connected.start();
            for (const request of waiting.splice(0)) connected.postMessage(request);
          },
          end(code) {
            port?.close();
            resolve(`exit code ${code}`);
          },
        });
      });
      tellMain({ type: 'start-worker', worker });
      return workerOver(
        {
          send: (request) => {
            if (port === undefined) waiting.push(request);
            else port.postMessage(request);
          },
          listen: (listener) => listeners.push(listener),
          ended,
          disconnect: () => {
            if (port === undefined) tellMain({ type: 'kill-worker', worker });
            else port.close();
          },
          kill: () => tellMain({ type: 'kill-worker', worker }),
        },
        onLog,
      );
    },
    receive(message, port) {
      if (message.type === 'worker') {
        if (port !== undefined) workers.get(message.worker)?.connect(port);
        return true;
      }
      if (message.type === 'worker-ended') {
        workers.get(message.worker)?.end(message.code);
        workers.delete(message.worker);
        return true;
      }
      return false;
    },
  };
}
