import process from 'node:process';
import type { ProcessKind, ToEngine } from './messages.ts';
import { createPortProcesses, type PortProcesses } from './port-processes.ts';

/**
 * Processes that the main process starts for the engine in which this is called. Opened when the first is asked for: other
 * processes that load the same file have another kind of parent.
 */
export function processesOfParent<Sent, Heard>(
  kind: ProcessKind,
): () => Pick<PortProcesses<Sent, Heard>, 'start'> {
  let opened: PortProcesses<Sent, Heard> | undefined;
  return () => {
    if (opened !== undefined) return opened;
    const processes = createPortProcesses<Sent, Heard>(kind, (message) =>
      process.parentPort.postMessage(message),
    );
    process.parentPort.on('message', ({ data, ports }) => void processes.receive(data as ToEngine, ports[0]));
    opened = processes;
    return processes;
  };
}
