import { APP_ADDRESS } from './own-address.ts';
import { webPreferences } from './web-preferences.ts';

/** A page that falls over as often as this is not loaded again. */
const MOST_RELOADS = 3;
const background = { dark: '#101214', light: '#ffffff' };

export interface WindowParts {
  readonly BrowserWindow: typeof Electron.BrowserWindow;
  readonly nativeTheme: Pick<Electron.NativeTheme, 'shouldUseDarkColors'>;
  readonly preload: string;
  readonly icon: string | undefined;
  /** Closing a window then only hides it. */
  readonly keepsRunning: () => boolean;
  readonly log: (line: string) => void;
}

export interface AppWindow {
  /** Opens it where it is closed, and brings it to the front. */
  readonly show: () => void;
  readonly current: () => Electron.BrowserWindow | undefined;
  /** Runs at once, or where the current page is still being loaded, and hears nothing, when it has been. */
  readonly onceLoaded: (run: () => void) => void;
  /** Sends a message to every page; there may be several windows. */
  readonly send: (channel: string, ...values: readonly unknown[]) => void;
  /** A further window on the same audits. */
  readonly openAnother: () => Electron.BrowserWindow;
}

export function createAppWindow(parts: WindowParts): AppWindow {
  const windows = new Set<Electron.BrowserWindow>();
  const loaded = new WeakSet<Electron.BrowserWindow>();

  function open(): Electron.BrowserWindow {
    const window = new parts.BrowserWindow({
      // Electron keeps place and size under this name; a second window stands where it likes.
      ...(windows.size === 0 ? { name: 'main', windowStatePersistence: true } : {}),
      width: 1280,
      height: 860,
      minWidth: 720,
      minHeight: 520,
      title: 'Moat',
      show: false,
      backgroundColor: parts.nativeTheme.shouldUseDarkColors ? background.dark : background.light,
      ...(parts.icon === undefined ? {} : { icon: parts.icon }),
      webPreferences: webPreferences(parts.preload),
    });
    windows.add(window);
    let reloads = 0;
    window.once('ready-to-show', () => window.show());
    window.on('close', (event) => {
      if (windows.size > 1 || !parts.keepsRunning()) return;
      event.preventDefault();
      window.hide();
    });
    window.once('closed', () => windows.delete(window));
    window.webContents.once('did-finish-load', () => loaded.add(window));
    window.webContents.on('render-process-gone', (_event, { reason }) => {
      parts.log(`a window's page ended: ${reason}`);
      // The audit is not in it: a new page shows where it stands.
      if (reason !== 'clean-exit' && ++reloads <= MOST_RELOADS) window.webContents.reload();
    });
    void window.loadURL(APP_ADDRESS).catch((error: unknown) => {
      parts.log(`a window's page could not be loaded: ${String(error)}`);
    });
    return window;
  }

  const current = (): Electron.BrowserWindow | undefined => [...windows].at(-1);
  return {
    current,
    show: () => {
      const window = current() ?? open();
      if (window.isMinimized()) window.restore();
      if (!window.isVisible() && !window.webContents.isLoading()) window.show();
      window.focus();
    },
    onceLoaded: (run) => {
      const window = current();
      if (window === undefined || loaded.has(window)) run();
      else window.webContents.once('did-finish-load', run);
    },
    send: (channel, ...values) => {
      for (const window of windows) if (!window.isDestroyed()) window.webContents.send(channel, ...values);
    },
    openAnother: open,
  };
}
