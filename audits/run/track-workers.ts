import { forkWorker, type StartWorker, type WorkerHost } from './worker-host.ts';

/** Remembers the worker processes, so that a second Ctrl-C leaves none behind. */
export function trackWorkers(): { readonly start: StartWorker; kill(): Promise<unknown> } {
  const hosts = new Set<WorkerHost>();
  return {
    start(onLog) {
      const host = forkWorker(onLog);
      hosts.add(host);
      return host;
    },
    kill() {
      return Promise.all([...hosts].map((host) => host.stop(0)));
    },
  };
}
