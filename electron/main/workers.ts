import type { EngineProcess } from './engine-host.ts';
import { endProcess, startUtility } from './engine-process.ts';

export interface WorkerParts {
  readonly utilityProcess: typeof Electron.utilityProcess;
  readonly MessageChannelMain: typeof Electron.MessageChannelMain;
  readonly entry: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}

/** Worker processes, which an engine asks for and only this process may start: each gets a port to its engine. */
export interface Workers {
  readonly start: (worker: number, engine: EngineProcess) => void;
  readonly kill: (worker: number, engine: EngineProcess) => void;
  /** Ends what an engine left behind. */
  readonly killAllOf: (engine: EngineProcess) => void;
}

export function createWorkers(parts: WorkerParts): Workers {
  const running = new Map<EngineProcess, Map<number, Electron.UtilityProcess>>();
  return {
    start(worker, engine) {
      const child = startUtility(
        parts.utilityProcess,
        parts.entry,
        [],
        'Moat worker',
        parts.environment,
        parts.log,
      );
      const children = running.get(engine) ?? new Map<number, Electron.UtilityProcess>();
      running.set(engine, children.set(worker, child));
      child.once('exit', (code) => {
        children.delete(worker);
        if (running.has(engine)) engine.post({ type: 'worker-ended', worker, code });
      });
      const { port1, port2 } = new parts.MessageChannelMain();
      child.postMessage(null, [port1]);
      engine.post({ type: 'worker', worker }, [port2]);
    },
    kill(worker, engine) {
      const child = running.get(engine)?.get(worker);
      if (child !== undefined) endProcess(child);
    },
    killAllOf(engine) {
      const children = running.get(engine);
      running.delete(engine);
      for (const child of children?.values() ?? []) endProcess(child);
    },
  };
}
