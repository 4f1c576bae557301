import type { FromEngine, ToEngine } from '../engine/messages.ts';
import type { EngineProcess } from './engine-host.ts';

export interface EngineProcessParts {
  readonly utilityProcess: typeof Electron.utilityProcess;
  readonly entry: string;
  readonly moatVersion: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}

/** The engine as a utility process: what it prints goes into the log, how it ended is said in words. */
export function startEngineProcess(
  { utilityProcess, entry, moatVersion, environment, log }: EngineProcessParts,
  database: string,
): EngineProcess {
  const child = startUtility(utilityProcess, entry, 'Moat engine', environment, log);
  child.postMessage({ type: 'begin', database, moatVersion } satisfies ToEngine);
  return {
    post: (message: ToEngine, ports = []) => child.postMessage(message, [...ports]),
    onMessage: (listener) => void child.on('message', (message: FromEngine) => listener(message)),
    onExit: (listener) => void child.once('exit', (code) => listener(`exit code ${code}`)),
    kill: () => endProcess(child),
  };
}

export function startUtility(
  utilityProcess: typeof Electron.utilityProcess,
  entry: string,
  serviceName: string,
  environment: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Electron.UtilityProcess {
  const child = utilityProcess.fork(entry, [], {
    serviceName,
    env: withoutNodeOptions(environment),
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (bytes: Buffer) => log(`${serviceName}: ${bytes.toString('utf8').trimEnd()}`));
  return child;
}

/** By force: a process that computes in a native library hears of nothing gentler. */
export function endProcess(child: Pick<Electron.UtilityProcess, 'pid' | 'kill'>): void {
  if (child.pid === undefined) child.kill();
  else
    try {
      process.kill(child.pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
}

/** Variables that would load code of others into our processes. */
function withoutNodeOptions(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && !/^(NODE_OPTIONS|NODE_PATH|ELECTRON_RUN_AS_NODE)$/.test(entry[0]),
    ),
  );
}
