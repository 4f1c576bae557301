import type { ProcessKind } from '../engine/messages.ts';
import type { EngineProcess } from './engine-host.ts';
import { endProcess, startUtility } from './engine-process.ts';

export interface ChildParts {
  readonly utilityProcess: typeof Electron.utilityProcess;
  readonly MessageChannelMain: typeof Electron.MessageChannelMain;
  readonly entries: Readonly<Record<ProcessKind, string>>;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}

/** Processes which an engine asks for and only this process may start: each gets a port to its engine. */
export interface EngineChildren {
  readonly start: (kind: ProcessKind, process: number, engine: EngineProcess) => void;
  readonly kill: (kind: ProcessKind, process: number, engine: EngineProcess) => void;
  /** Ends what an engine left behind. */
  readonly killAllOf: (engine: EngineProcess) => void;
}

export function createEngineChildren(parts: ChildParts): EngineChildren {
  const running = new Map<EngineProcess, Map<string, Electron.UtilityProcess>>();
  return {
    start(kind, process, engine) {
      const child = startUtility(
        parts.utilityProcess,
        parts.entries[kind],
        `Moat ${kind}`,
        parts.environment,
        parts.log,
      );
      const children = running.get(engine) ?? new Map<string, Electron.UtilityProcess>();
      running.set(engine, children.set(`${kind} ${process}`, child));
      child.once('exit', (code) => {
        children.delete(`${kind} ${process}`);
        if (running.has(engine)) engine.post({ type: 'process-ended', kind, process, code });
      });
      const { port1, port2 } = new parts.MessageChannelMain();
      child.postMessage(null, [port1]);
      engine.post({ type: 'process', kind, process }, [port2]);
    },
    kill(kind, process, engine) {
      const child = running.get(engine)?.get(`${kind} ${process}`);
      if (child !== undefined) endProcess(child);
    },
    killAllOf(engine) {
      const children = running.get(engine);
      running.delete(engine);
      for (const child of children?.values() ?? []) endProcess(child);
    },
  };
}
