import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Clock } from '../contract/context.ts';
import { besideDatabase, createFileLog } from '../run/file-log.ts';
import { systemClock } from '../run/system-clock.ts';
import type { StartWorker } from '../run/worker-host.ts';
import { createDispatch, type Dispatch } from './dispatch.ts';
import { renderDownload, type Download } from './download.ts';
import { EventHub, type EventListener } from './events.ts';
import { openServedDatabase } from './database.ts';
import type { ServeContext } from './method.ts';
import { createPackInstallation } from './pack-installation.ts';
import { bridgeMethods } from './registry.ts';
import { createRuns } from './runs.ts';
import { watchOthers } from './watch-others.ts';
import { watchPacks } from './watch-packs.ts';

export interface ServeOptions {
  /** File; made when missing. */
  readonly database: string;
  readonly host: 'electron' | 'http';
  readonly moatVersion: string;
  /** Named to other processes that want to write. */
  readonly command: string;
  readonly clock?: Clock;
  readonly startWorker?: StartWorker | undefined;
  readonly printPage?: ServeContext['printPage'];
}

/** The engine as a host holds it. */
export interface ServedEngine {
  readonly dispatch: Dispatch;
  /** @returns what ends the listening */
  readonly subscribe: (listener: EventListener) => () => void;
  /** Events after a number, as far as they are remembered. */
  readonly since: EventHub['since'];
  readonly engineLife: string;
  readonly sequence: () => number;
  /** A report for whoever has no access to this machine's disk. @throws MoatError */
  readonly download: (request: unknown) => Promise<Download>;
  /** Where full stacks go. */
  readonly logFile: string;
  /** Nothing runs and nothing waits. */
  readonly isIdle: () => boolean;
  /** Stops what runs at a safe point, cancels the installation of an engine, then lets go of the database. */
  readonly close: () => Promise<void>;
}

/**
 * Opens the database and everything that answers a window.
 * @throws MoatError `database-not-ours`, `database-newer`, `database-corrupt`, `disk-full`, `path-missing`
 */
export function openServe(options: ServeOptions): ServedEngine {
  const { host, moatVersion, clock = systemClock } = options;
  const file = path.resolve(options.database);
  mkdirSync(path.dirname(file), { recursive: true });
  const database = openServedDatabase(file, options.command, clock);
  const logFile = besideDatabase(file, 'log');
  const log = createFileLog(logFile, clock, () => undefined);
  const hub = new EventHub(clock);
  const publish = hub.publish.bind(hub);
  const { writable, readOnlyBecause } = database;
  const runs = createRuns({
    writable,
    clock,
    log,
    moatVersion,
    publish,
    startWorker: options.startWorker,
  });
  const installation = createPackInstallation(publish);
  const closing: (() => void | Promise<void>)[] = [
    watchOthers(database, () => publish({ type: 'audits-changed' })),
    watchPacks(hub, installation.forget),
  ];
  const context: ServeContext = {
    get store() {
      return database.store();
    },
    writable,
    readOnlyBecause,
    runs,
    installation,
    clock,
    log,
    logFile,
    moatVersion,
    host,
    engineLife: hub.engineLife,
    sequence: () => hub.sequence,
    settingsFolder: besideDatabase(file, 'settings'),
    publish,
    startWorker: options.startWorker,
    printPage: options.printPage,
    whenClosing: (action) => void closing.push(action),
  };
  return {
    dispatch: createDispatch(bridgeMethods, context),
    download: (request) => renderDownload(request, context),
    subscribe: hub.subscribe.bind(hub),
    since: hub.since.bind(hub),
    engineLife: hub.engineLife,
    sequence: () => hub.sequence,
    logFile,
    isIdle: runs.isIdle,
    async close() {
      await Promise.all([runs.stopAll(), installation.cancel()]);
      for (const action of closing) await action();
      hub.close();
      database.close();
    },
  };
}
