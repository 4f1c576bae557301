import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { handleAppScheme } from './app-protocol.ts';
import { createAuditWatch } from './audit-watch.ts';
import { channels } from './channels.ts';
import { logFailures, openCrashLog, watchCrashes } from './crash-log.ts';
import { LINK_SCHEME, linkAmong, placeOfLink } from './deep-link.ts';
import { offerDialogs } from './dialogs.ts';
import type { DesktopFiles, ElectronParts } from './electron-parts.ts';
import { createEngineChildren } from './engine-children.ts';
import { createEngineHost } from './engine-host.ts';
import { serveEngine } from './engine-needs.ts';
import { startEngineProcess } from './engine-process.ts';
import { createHandle } from './ipc.ts';
import { menuTemplate } from './menu.ts';
import { guardNavigation } from './navigation.ts';
import { keepOffline } from './network.ts';
import { createNotifier } from './notifications.ts';
import { databaseAmong } from './opened-file.ts';
import { createOpening, hearSystem } from './opening.ts';
import { denyPermissions } from './permissions.ts';
import { createPowerSave } from './power-save.ts';
import { createPrinter } from './print.ts';
import { createProgressBar } from './progress-bar.ts';
import { claimSingleInstance } from './single-instance.ts';
import { createThemeWatch } from './theme.ts';
import { createTray } from './tray.ts';
import { createAppWindow } from './window.ts';

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
  const logFailure = logFailures(log);
  watchCrashes(app, process, log);
  guardNavigation({ app, openExternal: (address) => electron.shell.openExternal(address) });

  const isFirst = claimSingleInstance(app, ({ words, folder }) => opening.words(words, folder));
  if (!isFirst) {
    app.quit();
    return;
  }
  app.setAsDefaultProtocolClient(LINK_SCHEME);
  const openedEarly = hearSystem(app, (word) => opening.words([word], '/'));

  await app.whenReady();

  const printSession = electron.session.fromPartition('moat-print');
  for (const session of [electron.session.defaultSession, printSession]) {
    denyPermissions(session);
    keepOffline(session);
  }
  handleAppScheme(electron.session.defaultSession.protocol, files.app);
  const print = createPrinter({ BrowserWindow: electron.BrowserWindow, session: printSession, after });

  let isQuitting = false;
  const window = createAppWindow({
    BrowserWindow: electron.BrowserWindow,
    nativeTheme: electron.nativeTheme,
    preload: files.preload,
    icon: existsSync(files.icon) ? files.icon : undefined,
    keepsRunning: () => !isQuitting && watch.isRunning(),
    log,
  });
  const goTo = (place: string): void => {
    window.show();
    window.onceLoaded(() => window.send(channels.navigate, place));
  };

  const children = createEngineChildren({
    utilityProcess: electron.utilityProcess,
    MessageChannelMain: electron.MessageChannelMain,
    entries: { worker: files.worker, trial: files.trial, side: files.side, pack: files.pack },
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
    serve: serveEngine(children, print),
    forget: children.killAllOf,
    onEvent: (event) => {
      window.send(channels.event, event);
      watch.take(event);
      theme.take(event);
    },
    onRestarted: () => watch.resume(),
    after,
    monotonicMs: () => performance.now(),
    log,
  });

  const keepAwake = createPowerSave(electron.powerSaveBlocker);
  const showProgress = createProgressBar(window.current);
  const showTray = createTray({
    Tray: electron.Tray,
    Menu: electron.Menu,
    icon: electron.nativeImage.createFromPath(files.icon).resize({ width: 22, height: 22 }),
    show: window.show,
    quit: () => app.quit(),
  });
  const watch = createAuditWatch({
    call: engine.call,
    show: (fraction) => {
      keepAwake(fraction !== undefined);
      showProgress(fraction);
      showTray(fraction);
    },
    notify: createNotifier({
      Notification: electron.Notification,
      isLookedAt: () => window.current()?.isFocused() ?? false,
      open: goTo,
    }),
    logFailure,
  });
  const theme = createThemeWatch({ nativeTheme: electron.nativeTheme, call: engine.call, logFailure });
  const opening = createOpening({
    dialog: electron.dialog,
    show: window.show,
    goTo,
    isRunning: watch.isRunning,
    open: async (database) => {
      await engine.open(database);
      theme.look();
      // Everything on the screen was about another database.
      for (const each of electron.BrowserWindow.getAllWindows()) each.webContents.reload();
    },
    logFailure,
  });

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
        openDatabase: opening.chooseDatabase,
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
  watch.look();
  theme.look();
  window.show();
  const place = placeOfLink(linkAmong(words) ?? '');
  if (place !== undefined) goTo(place);
}
