import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { AuditEntry, BridgeEvent } from '../../audits/contract/bridge.ts';
import { MoatError } from '../../audits/contract/errors.ts';
import {
  auditsToResume,
  endedAudits,
  idle,
  overallFraction,
  withEntries,
  withEvent,
  type Activity,
} from './activity.ts';
import { handleAppScheme } from './app-protocol.ts';
import { channels } from './channels.ts';
import { openCrashLog, watchCrashes } from './crash-log.ts';
import { LINK_SCHEME, linkAmong, placeOfLink } from './deep-link.ts';
import { offerDialogs } from './dialogs.ts';
import { createEngineChildren } from './engine-children.ts';
import { createEngineHost } from './engine-host.ts';
import { startEngineProcess } from './engine-process.ts';
import { createHandle } from './ipc.ts';
import { menuTemplate } from './menu.ts';
import { guardNavigation } from './navigation.ts';
import { keepOffline } from './network.ts';
import { createNotifier } from './notifications.ts';
import { DATABASE_EXTENSION, databaseAmong } from './opened-file.ts';
import { denyPermissions } from './permissions.ts';
import { createPowerSave } from './power-save.ts';
import { createPrinter } from './print.ts';
import { createProgressBar } from './progress-bar.ts';
import { claimSingleInstance } from './single-instance.ts';
import { createTray } from './tray.ts';
import { createAppWindow } from './window.ts';

/** What the app takes from Electron; a test hands over a stand-in. */
export type ElectronParts = Pick<
  typeof Electron,
  | 'app'
  | 'BrowserWindow'
  | 'crashReporter'
  | 'dialog'
  | 'ipcMain'
  | 'Menu'
  | 'MessageChannelMain'
  | 'nativeImage'
  | 'nativeTheme'
  | 'Notification'
  | 'powerSaveBlocker'
  | 'protocol'
  | 'session'
  | 'shell'
  | 'Tray'
  | 'utilityProcess'
>;

/** Where the built parts lie. */
export interface DesktopFiles {
  readonly preload: string;
  readonly engine: string;
  readonly worker: string;
  readonly trial: string;
  readonly side: string;
  /** Folder of the built app. */
  readonly app: string;
  readonly icon: string;
}

const anyRequest = z.strictObject({
  name: z.string().regex(/^[a-z]+\.[a-z]+$/),
  // Its own schema is at the engine's end: there, not here, is hostile input parsed.
  request: z.record(z.string(), z.unknown()),
});

/** Starts the app. Privileged schemes are registered before, since that must happen before Electron is ready. */
export async function startDesktop(
  electron: ElectronParts,
  files: DesktopFiles,
  process: NodeJS.Process,
): Promise<void> {
  const { app } = electron;
  const after = (milliseconds: number, run: () => void): (() => void) => {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  };

  app.enableSandbox();
  electron.crashReporter.start({ uploadToServer: false });
  const crashLog = openCrashLog(path.join(app.getPath('userData'), 'logs'), () => new Date());
  const log = crashLog.write;
  watchCrashes(app, process, log);
  guardNavigation({ app, openExternal: (address) => electron.shell.openExternal(address) });

  const isFirst = claimSingleInstance(app, ({ words, folder }) => openWords(words, folder));
  if (!isFirst) {
    app.quit();
    return;
  }
  app.setAsDefaultProtocolClient(LINK_SCHEME);
  // macOS hands links and files over by events, also before the app is ready.
  const openedEarly: string[] = [];
  const receive = (word: string): void => {
    if (app.isReady()) openWords([word], '/');
    else openedEarly.push(word);
  };
  app.on('open-url', (event, link) => {
    event.preventDefault();
    receive(link);
  });
  app.on('open-file', (event, file) => {
    event.preventDefault();
    receive(file);
  });

  await app.whenReady();

  const printSession = electron.session.fromPartition('moat-print');
  for (const session of [electron.session.defaultSession, printSession]) {
    denyPermissions(session);
    keepOffline(session);
  }
  handleAppScheme(electron.session.defaultSession.protocol, files.app);
  const print = createPrinter({ BrowserWindow: electron.BrowserWindow, session: printSession, after });

  let activity: Activity = idle;
  let isQuitting = false;
  const window = createAppWindow({
    BrowserWindow: electron.BrowserWindow,
    nativeTheme: electron.nativeTheme,
    preload: files.preload,
    icon: existsSync(files.icon) ? files.icon : undefined,
    keepsRunning: () => !isQuitting && activity.running.size > 0,
    log,
  });
  const goTo = (place: string): void => {
    window.show();
    window.onceLoaded(() => window.send(channels.navigate, place));
  };

  const children = createEngineChildren({
    utilityProcess: electron.utilityProcess,
    MessageChannelMain: electron.MessageChannelMain,
    entries: { worker: files.worker, trial: files.trial, side: files.side },
    environment: process.env,
    log,
  });
  const engine = createEngineHost({
    startProcess: (database) =>
      startEngineProcess(
        {
          utilityProcess: electron.utilityProcess,
          entry: files.engine,
          moatVersion: app.getVersion(),
          environment: process.env,
          log,
        },
        database,
      ),
    serve: (message, asking) => {
      if (message.type === 'start-process') children.start(message.kind, message.process, asking);
      else if (message.type === 'kill-process') children.kill(message.kind, message.process, asking);
      else if (message.type === 'print')
        print(message.html).then(
          (pdf) => asking.post({ type: 'printed', print: message.print, pdf }),
          (error: unknown) =>
            asking.post({
              type: 'not-printed',
              print: message.print,
              error: MoatError.from(error).toJSON(),
            }),
        );
    },
    forget: children.killAllOf,
    onEvent,
    onRestarted: () => void resumeAudits().catch(logFailure('audits could not be resumed')),
    after,
    monotonicMs: () => performance.now(),
    log,
  });

  const showRunning = [
    createPowerSave(electron.powerSaveBlocker),
    createProgressBar(window.current),
    createTray({
      Tray: electron.Tray,
      Menu: electron.Menu,
      icon: electron.nativeImage.createFromPath(files.icon).resize({ width: 22, height: 22 }),
      show: window.show,
      quit: () => app.quit(),
    }),
  ] as const;
  const notify = createNotifier({
    Notification: electron.Notification,
    isLookedAt: () => window.current()?.isFocused() ?? false,
    open: goTo,
  });

  function become(next: Activity): void {
    activity = next;
    const fraction = overallFraction(activity);
    const [keepAwake, showProgress, showTray] = showRunning;
    keepAwake(fraction !== undefined);
    showProgress(fraction);
    showTray(fraction);
  }

  function onEvent(event: BridgeEvent): void {
    window.send(channels.event, event);
    if (event.event.type === 'audits-changed') void lookAtAudits().catch(logFailure('the list of audits'));
    else become(withEvent(activity, event));
  }

  const listAudits = async (): Promise<readonly AuditEntry[]> =>
    (await engine.call('audits.list', {})) as readonly AuditEntry[];

  async function lookAtAudits(): Promise<void> {
    const entries = await listAudits();
    const before = activity;
    become(withEntries(activity, entries));
    for (const ended of endedAudits(before, activity, entries)) notify(ended);
  }

  /** What ran when the engine died goes on without anybody asking for it. */
  async function resumeAudits(): Promise<void> {
    for (const id of auditsToResume(activity, await listAudits()))
      await engine.call('audits.resume', { id }).catch(logFailure(`audit ${id} could not be resumed`));
    await lookAtAudits();
  }

  function logFailure(what: string): (error: unknown) => void {
    return (error) => log(`${what}: ${MoatError.from(error).message}`);
  }

  /** A link or a database that the system asks us to open. */
  function openWords(words: readonly string[], folder: string): void {
    window.show();
    const link = linkAmong(words);
    const place = link === undefined ? undefined : placeOfLink(link);
    if (place !== undefined) goTo(place);
    const database = databaseAmong(words, folder);
    if (database !== undefined) void openDatabase(database);
  }

  async function openDatabase(file: string): Promise<void> {
    if (activity.running.size > 0) {
      await electron.dialog.showMessageBox({
        type: 'info',
        message: 'An audit is running',
        detail: `Stop it, or wait for its end, and open ${path.basename(file)} then.`,
      });
      return;
    }
    await engine.open(file);
    // Everything on the screen was about another database.
    for (const each of electron.BrowserWindow.getAllWindows()) each.webContents.reload();
  }

  async function chooseDatabase(): Promise<void> {
    const { canceled, filePaths } = await electron.dialog.showOpenDialog({
      title: 'Open database',
      properties: ['openFile'],
      filters: [{ name: 'Moat database', extensions: [DATABASE_EXTENSION.slice(1), 'db'] }],
    });
    const file = filePaths[0];
    if (!canceled && file !== undefined) await openDatabase(file);
  }

  const handle = createHandle(electron.ipcMain);
  handle(channels.call, anyRequest, ({ name, request }) => engine.call(name, request));
  offerDialogs(handle, {
    dialog: electron.dialog,
    shell: electron.shell,
    windowOf: (contents) => electron.BrowserWindow.fromWebContents(contents),
  });

  electron.Menu.setApplicationMenu(
    electron.Menu.buildFromTemplate(
      menuTemplate({
        platform: process.platform,
        isPackaged: app.isPackaged,
        navigate: goTo,
        command: (id) => window.send(channels.command, id),
        openDatabase: () => void chooseDatabase().catch(logFailure('a database could not be opened')),
        openWindow: () => void window.openAnother(),
        showCrashLog: () => electron.shell.showItemInFolder(crashLog.file),
      }),
    ),
  );

  app.on('activate', window.show);
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit();
  });
  app.on('before-quit', (event) => {
    if (isQuitting) return;
    // The engine stops its audits at a safe point and closes the database; then the app ends for good.
    event.preventDefault();
    isQuitting = true;
    void engine.close().finally(() => app.quit());
  });

  const words = [...process.argv.slice(1), ...openedEarly];
  const database = databaseAmong(words, process.cwd()) ?? path.join(app.getPath('userData'), 'moat.db');
  await engine.open(database);
  void lookAtAudits().catch(logFailure('the list of audits'));
  window.show();
  const place = placeOfLink(linkAmong(words) ?? '');
  if (place !== undefined) goTo(place);
}
