import { fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { app } from './app.ts';
import {
  closePortsOf,
  relay,
  type MessagePortMain,
  type PortFrame,
  type PortOwner,
} from './message-channel.ts';

/** A Node child whose `process.parentPort` is made by `parent-port.ts`. */
export const utilityProcess = {
  fork(entry: string, words: string[] = [], options: Electron.ForkOptions = {}) {
    const child = fork(entry, words, {
      execArgv: ['--import', new URL('./parent-port.ts', import.meta.url).href, ...(options.execArgv ?? [])],
      env: (options.env ?? process.env) as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    const owner: PortOwner = {
      send: (frame) => {
        if (child.connected) child.send(frame);
      },
    };
    const utility = Object.assign(new EventEmitter(), {
      get pid() {
        return child.exitCode === null && child.signalCode === null ? child.pid : undefined;
      },
      stdout: child.stdout,
      stderr: child.stderr,
      kill: () => child.kill('SIGTERM'),
      postMessage(data: unknown, transfer: readonly MessagePortMain[] = []) {
        for (const port of transfer) port.owner = owner;
        owner.send({ kind: 'parent', data, ports: transfer.map(({ number }) => number) });
      },
    });
    child.on('message', (frame: PortFrame) => {
      if (frame.kind === 'parent') utility.emit('message', frame.data);
      else relay(frame);
    });
    const { pid } = child;
    if (pid !== undefined) app.children.set(pid, options.serviceName ?? 'Node Utility Process');
    child.once('spawn', () => utility.emit('spawn'));
    child.once('exit', (code, signal) => {
      if (pid !== undefined) app.children.delete(pid);
      closePortsOf(owner);
      const exitCode = code ?? 1;
      if (exitCode !== 0)
        app.emit(
          'child-process-gone',
          {},
          {
            type: 'Utility',
            name: options.serviceName,
            reason: signal === null ? 'abnormal-exit' : 'killed',
            exitCode,
          },
        );
      utility.emit('exit', exitCode);
    });
    return utility;
  },
};
