import { EventEmitter } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi, type Mock } from 'vitest';
import type { AuditEntry, BridgeEvent } from '../../audits/contract/bridge.ts';
import type { FromEngine, ToEngine } from '../engine/messages.ts';
import { channels } from './channels.ts';
import { startDesktop } from './desktop.ts';

/** The whole main process over parts of Electron that only keep what they are told. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-main-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

class Page extends EventEmitter {
  readonly sent: (readonly unknown[])[] = [];
  readonly reload = vi.fn();
  isLoading = (): boolean => false;
  send(...values: readonly unknown[]): void {
    this.sent.push(values);
  }
}

class Window extends EventEmitter {
  readonly webContents = new Page();
  readonly show = vi.fn();
  readonly hide = vi.fn();
  readonly focus = vi.fn();
  readonly restore = vi.fn();
  readonly setProgressBar = vi.fn();
  isMinimized = (): boolean => false;
  isVisible = (): boolean => false;
  isDestroyed = (): boolean => false;
  isFocused = (): boolean => true;
  loadURL = (): Promise<void> => Promise.resolve();
}

/** An engine that lists the audits it is given and runs none. */
class Engine extends EventEmitter {
  readonly pid = undefined;
  readonly stdout = null;
  readonly stderr = null;
  database = '';
  audits: readonly Partial<AuditEntry>[] = [];
  postMessage(message: ToEngine): void {
    if (message.type === 'begin') {
      this.database = message.database;
      queueMicrotask(() => this.say({ type: 'open' }));
    } else if (message.type === 'call')
      queueMicrotask(() => this.say({ type: 'reply', call: message.call, reply: this.audits }));
    else if (message.type === 'close') queueMicrotask(() => this.emit('exit', 0));
  }
  say(message: FromEngine): void {
    this.emit('message', message);
  }
  kill(): void {
    this.emit('exit', 9);
  }
}

class Tray extends EventEmitter {
  menu: readonly { readonly label?: string; readonly click?: () => void }[] = [];
  readonly toolTips: string[] = [];
  isDestroyed = false;
  setContextMenu(menu: Tray['menu']): void {
    this.menu = menu;
  }
  setToolTip(text: string): void {
    this.toolTips.push(text);
  }
  destroy(): void {
    this.isDestroyed = true;
  }
}

/** The app, started with these words. */
async function start(words: readonly string[] = [], isFirst = true) {
  const windows: Window[] = [];
  const engines: Engine[] = [];
  const trays: Tray[] = [];
  const showMessageBox = vi.fn(() => Promise.resolve({ response: 0 }));
  const quit = vi.fn();
  const app = Object.assign(new EventEmitter(), {
    enableSandbox: () => undefined,
    getPath: () => folder,
    getVersion: () => '1.2.3',
    isReady: () => true,
    isPackaged: true,
    quit,
    requestSingleInstanceLock: () => isFirst,
    setAsDefaultProtocolClient: vi.fn(),
    whenReady: () => Promise.resolve(),
  });
  const makeSession = () => ({
    protocol: { handle: vi.fn() },
    setDevicePermissionHandler: vi.fn(),
    setDisplayMediaRequestHandler: vi.fn(),
    setPermissionCheckHandler: vi.fn(),
    setPermissionRequestHandler: vi.fn(),
    setSpellCheckerEnabled: vi.fn(),
    webRequest: { onBeforeRequest: vi.fn() },
  });
  const sessions = [makeSession(), makeSession()] as const;
  const startReporter = vi.fn();
  class AppWindow extends Window {
    static getAllWindows = (): readonly Window[] => windows;
    static fromWebContents = (): null => null;
    constructor() {
      super();
      windows.push(this);
    }
  }
  class AppTray extends Tray {
    constructor() {
      super();
      trays.push(this);
    }
  }
  const electron = {
    app,
    BrowserWindow: AppWindow,
    crashReporter: { start: startReporter },
    dialog: { showMessageBox },
    ipcMain: { handle: () => undefined },
    Menu: { buildFromTemplate: (template: unknown) => template, setApplicationMenu: () => undefined },
    nativeImage: { createFromPath: () => ({ resize: () => ({}) }) },
    nativeTheme: { shouldUseDarkColors: false },
    Notification: { isSupported: () => false },
    powerSaveBlocker: { start: () => 1, stop: () => true },
    session: { defaultSession: sessions[0], fromPartition: () => sessions[1] },
    shell: {},
    Tray: AppTray,
    utilityProcess: {
      fork: () => {
        const engine = new Engine();
        engines.push(engine);
        return engine;
      },
    },
  };
  const system = Object.assign(new EventEmitter(), {
    argv: ['moat', ...words],
    cwd: () => folder,
    env: {},
    platform: 'linux',
  });
  const files = { preload: '', engine: '', worker: '', trial: '', side: '', pack: '', app: folder, icon: '' };
  await startDesktop(electron as never, files, system as never);

  const newest = (): Engine => {
    const engine = engines.at(-1);
    if (engine === undefined) throw new Error('no engine was started');
    return engine;
  };
  let sequence = 0;
  const tell = (event: BridgeEvent['event']): void =>
    newest().say({ type: 'event', event: { sequence: ++sequence, engineLife: 'a', event } });
  /** The engine says that its audits are these now. */
  const list = async (audits: readonly Partial<AuditEntry>[]): Promise<void> => {
    newest().audits = audits;
    tell({ type: 'audits-changed' });
    await settled();
  };
  const second = (typed: readonly string[], from = folder): boolean =>
    app.emit('second-instance', {}, ['moat', ...typed], from);
  return { app, quit, windows, engines, trays, sessions, startReporter, showMessageBox, tell, list, second };
}

/** Everything that waits for nothing outside this process has happened. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const running: Partial<AuditEntry> = {
  id: '0a1b2c3d' as AuditEntry['id'],
  encoder: 'a.onnx',
  state: 'running',
  deletedAt: null,
  cellsTotal: 4,
  cellsDone: 1,
};
const placesOf = (window: Window | undefined): readonly unknown[] =>
  (window?.webContents.sent ?? [])
    .filter(([channel]) => channel === channels.navigate)
    .map(([, place]) => place);

function databaseFile(name: string, inside = folder): string {
  mkdirSync(inside, { recursive: true });
  const file = path.join(inside, name);
  writeFileSync(file, '');
  return file;
}

/** The function that was handed over. */
function given(register: Mock): (...values: readonly unknown[]) => unknown {
  const [first] = register.mock.calls;
  if (first === undefined) throw new Error('nothing was handed over');
  return first[0] as (...values: readonly unknown[]) => unknown;
}

test('each session is denied every permission and the network, and each page is guarded', async () => {
  const { app, sessions, startReporter } = await start();
  for (const session of sessions) {
    const answer = vi.fn();
    given(session.setPermissionRequestHandler)({}, 'media', answer);
    expect(answer).toHaveBeenCalledWith(false);
    const verdict = vi.fn();
    given(session.webRequest.onBeforeRequest)({ url: 'https://elsewhere.invalid/' }, verdict);
    expect(verdict).toHaveBeenCalledWith({ cancel: true });
    // Dictionaries come from a server.
    expect(session.setSpellCheckerEnabled).toHaveBeenCalledWith(false);
  }
  expect(startReporter.mock.calls).toEqual([[{ uploadToServer: false }]]);
  const contents = Object.assign(new EventEmitter(), { setWindowOpenHandler: vi.fn() });
  app.emit('web-contents-created', {}, contents);
  expect(given(contents.setWindowOpenHandler)({ url: 'file:///etc/hosts' })).toEqual({ action: 'deny' });
});

test('the tray is there while an audit runs, says how far it is, and goes with it', async () => {
  const { trays, windows, quit, tell, list } = await start();
  await list([]);
  expect(trays).toEqual([]);
  await list([running]);
  tell({
    type: 'run',
    auditId: '0a1b2c3d' as AuditEntry['id'],
    run: { type: 'progress', cellsDone: 3, cellsTotal: 4, fraction: 0.756, etaMs: null, running: [] },
  });
  expect(trays.length).toBe(1);
  const [tray] = trays;
  expect(tray?.toolTips.at(-1)).toBe('Moat: 75 % done');
  expect(tray?.isDestroyed).toBe(false);

  const shown = windows[0]?.show.mock.calls.length ?? 0;
  tray?.emit('click');
  expect(windows[0]?.show.mock.calls.length).toBe(shown + 1);
  tray?.menu.find(({ label }) => label === 'Show Moat')?.click?.();
  expect(windows[0]?.show.mock.calls.length).toBe(shown + 2);
  expect(quit).not.toHaveBeenCalled();
  tray?.menu.find(({ label }) => label === 'Stop and quit')?.click?.();
  expect(quit).toHaveBeenCalledOnce();

  await list([{ ...running, state: 'cancelled' }]);
  expect(tray?.isDestroyed).toBe(true);
  await list([running]);
  expect(trays.length).toBe(2);
});

test('a closed window hides while an audit runs, so that the tray can show it', async () => {
  const { windows, list } = await start();
  const close = (): boolean => {
    const event = { preventDefault: vi.fn() };
    windows[0]?.emit('close', event);
    return event.preventDefault.mock.calls.length === 0;
  };
  expect(close()).toBe(true);
  await list([running]);
  expect(close()).toBe(false);
  expect(windows[0]?.hide).toHaveBeenCalledOnce();
});

test('a second start ends by itself, without a window and without an engine', async () => {
  const { quit, windows, engines } = await start([], false);
  expect(quit).toHaveBeenCalledOnce();
  expect(windows).toEqual([]);
  expect(engines).toEqual([]);
});

test('a second start brings the first window to the front; its link opens there', async () => {
  const { windows, engines, second } = await start();
  windows[0]?.webContents.emit('did-finish-load');
  const focused = windows[0]?.focus.mock.calls.length ?? 0;
  second([]);
  expect(windows[0]?.focus.mock.calls.length).toBe(focused + 1);
  expect(placesOf(windows[0])).toEqual([]);
  second(['moat://audit/0a1b2c3d']);
  expect(placesOf(windows[0])).toEqual(['#/report/0a1b2c3d']);
  second(['moat://elsewhere/0a1b2c3d']);
  expect(placesOf(windows[0]).length).toBe(1);
  expect(windows.length).toBe(1);
  expect(engines.length).toBe(1);
});

test('a link waits for the page that shows it', async () => {
  const { windows, second } = await start(['moat://audit/0a1b2c3d']);
  expect(placesOf(windows[0])).toEqual([]);
  windows[0]?.webContents.emit('did-finish-load');
  expect(placesOf(windows[0])).toEqual(['#/report/0a1b2c3d']);
  // All windows may be closed and the app still there, as on macOS.
  windows[0]?.emit('closed');
  second(['moat://audit/ffffffff']);
  expect(windows.length).toBe(2);
  expect(placesOf(windows[1])).toEqual([]);
  windows[1]?.webContents.emit('did-finish-load');
  expect(placesOf(windows[1])).toEqual(['#/report/ffffffff']);
});

test('the app opens its own database, or the one it is started with', async () => {
  expect((await start()).engines.map(({ database }) => database)).toEqual([path.join(folder, 'moat.db')]);
  const file = databaseFile('mine.moat');
  expect((await start(['mine.moat'])).engines.map(({ database }) => database)).toEqual([file]);
});

test.each(['second start', 'open-file'] as const)(
  'a database of a %s takes the place of the first',
  async (way) => {
    const { app, windows, engines, second } = await start();
    // Named from where the second start was made.
    const elsewhere = path.join(folder, 'elsewhere');
    const file = databaseFile('mine.moat', elsewhere);
    const ended = vi.fn();
    engines[0]?.on('exit', ended);
    const preventDefault = vi.fn();
    if (way === 'second start') second(['mine.moat'], elsewhere);
    else app.emit('open-file', { preventDefault }, file);
    await settled();
    expect(ended).toHaveBeenCalledOnce();
    expect(engines.map(({ database }) => database)).toEqual([path.join(folder, 'moat.db'), file]);
    expect(windows[0]?.webContents.reload).toHaveBeenCalledOnce();
    expect(preventDefault).toHaveBeenCalledTimes(way === 'open-file' ? 1 : 0);
  },
);

test('no other database is opened while an audit runs: the user is told what to do', async () => {
  const { windows, engines, showMessageBox, list, second } = await start();
  await list([running]);
  databaseFile('mine.moat');
  second(['mine.moat']);
  await settled();
  expect(showMessageBox.mock.calls).toMatchObject([
    [{ detail: expect.stringMatching(/Stop it.*mine\.moat/) }],
  ]);
  expect(engines.length).toBe(1);
  expect(windows[0]?.webContents.reload).not.toHaveBeenCalled();
  await list([{ ...running, state: 'cancelled' }]);
  second(['mine.moat']);
  await settled();
  expect(engines.length).toBe(2);
});
