import type { FromEngine, ProcessKind, ToEngine } from './messages.ts';

/** A process that the main process started for us, and the port to it. */
export interface PortProcess<Sent, Heard> {
  readonly send: (message: Sent) => void;
  readonly listen: (listener: (message: Heard) => void) => void;
  /** Why it ended, in words. */
  readonly ended: Promise<string>;
  /** Lets an idle process end itself. */
  readonly disconnect: () => void;
  readonly kill: () => void;
}

export interface PortProcesses<Sent, Heard> {
  readonly start: () => PortProcess<Sent, Heard>;
  /** Takes what the main process says of processes of this kind; false where it is about something else. */
  readonly receive: (message: ToEngine, port: Electron.MessagePortMain | undefined) => boolean;
}

/**
 * Processes of an engine inside Electron: only the main process may start any there, so it is asked for one and hands over a
 * port to it.
 */
export function createPortProcesses<Sent, Heard>(
  kind: ProcessKind,
  tellMain: (message: FromEngine) => void,
): PortProcesses<Sent, Heard> {
  const processes = new Map<
    number,
    {
      readonly connect: (port: Electron.MessagePortMain) => void;
      readonly end: (code: number) => void;
    }
  >();
  let last = 0;

  return {
    start() {
      const process = ++last;
      const waiting: Sent[] = [];
      const listeners: ((message: Heard) => void)[] = [];
      let port: Electron.MessagePortMain | undefined;
      const kill = (): void => tellMain({ type: 'kill-process', kind, process });
      const ended = new Promise<string>((resolve) => {
        processes.set(process, {
          connect(connected) {
            port = connected;
            connected.on('message', ({ data }) => {
              for (const listener of listeners) listener(data as Heard);
            });
            connected.start();
            for (const message of waiting.splice(0)) connected.postMessage(message);
          },
          end(code) {
            port?.close();
            resolve(`exit code ${code}`);
          },
        });
      });
      tellMain({ type: 'start-process', kind, process });
      return {
        send: (message) => {
          if (port === undefined) waiting.push(message);
          else port.postMessage(message);
        },
        listen: (listener) => void listeners.push(listener),
        ended,
        disconnect: () => {
          if (port === undefined) kill();
          else port.close();
        },
        kill,
      };
    },
    receive(message, port) {
      if (message.type !== 'process' && message.type !== 'process-ended') return false;
      if (message.kind !== kind) return false;
      if (message.type === 'process') {
        if (port !== undefined) processes.get(message.process)?.connect(port);
      } else {
        processes.get(message.process)?.end(message.code);
        processes.delete(message.process);
      }
      return true;
    },
  };
}
