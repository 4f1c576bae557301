import { EventEmitter } from 'node:events';

/** Parts of the system around the app, which keep what they were told for a test to look at. */

export const crashReporter = {
  uploads: true,
  start: (o: { uploadToServer: boolean }) => void (crashReporter.uploads = o.uploadToServer),
};

export const dialog = {
  /** What the user will choose; null: cancel. */
  choice: null as string | null,
  shown: [] as unknown[],
  showOpenDialog: (...values: unknown[]) => {
    dialog.shown.push(values.at(-1));
    const { choice } = dialog;
    return Promise.resolve({ canceled: choice === null, filePaths: choice === null ? [] : [choice] });
  },
  showSaveDialog: (...values: unknown[]) => {
    dialog.shown.push(values.at(-1));
    return Promise.resolve({ canceled: dialog.choice === null, filePath: dialog.choice ?? '' });
  },
  showMessageBox: (options: unknown) => {
    dialog.shown.push(options);
    return Promise.resolve({ response: 0 });
  },
};

interface Item {
  readonly label: string | undefined;
  readonly submenu: { readonly items: readonly Item[] } | undefined;
  readonly click: () => void;
}
type Template = readonly { label?: string; click?: () => void; submenu?: unknown }[];

export const Menu = {
  current: null as { readonly items: readonly Item[] } | null,
  buildFromTemplate: (template: Template): { readonly items: readonly Item[] } => ({
    items: template.map(({ label, click, submenu }) => ({
      label,
      submenu: Array.isArray(submenu) ? Menu.buildFromTemplate(submenu as Template) : undefined,
      click: () => click?.(),
    })),
  }),
  setApplicationMenu: (menu: { readonly items: readonly Item[] }) => void (Menu.current = menu),
  getApplicationMenu: () => Menu.current,
};

export const nativeImage = { createFromPath: (file: string) => ({ file, resize: () => ({ file }) }) };
export const nativeTheme = { shouldUseDarkColors: false, themeSource: 'system' };

export class Notification extends EventEmitter {
  static shown: unknown[] = [];
  static isSupported(): boolean {
    return true;
  }
  readonly #options: unknown;
  constructor(options: unknown) {
    super();
    this.#options = options;
  }
  show(): void {
    Notification.shown.push(this.#options);
  }
}

let blockers = 0;
const blocking = new Set<number>();
export const powerSaveBlocker = {
  start: () => {
    blocking.add(++blockers);
    return blockers;
  },
  stop: (id: number) => blocking.delete(id),
  isStarted: (id: number) => blocking.has(id),
  /** Of the test alone. */
  started: blocking,
};

export const shell = {
  opened: [] as string[],
  openPath: (file: string) => {
    shell.opened.push(file);
    return Promise.resolve('');
  },
  openExternal: (address: string) => {
    shell.opened.push(address);
    return Promise.resolve();
  },
  showItemInFolder: (file: string) => void shell.opened.push(file),
};

export class Tray extends EventEmitter {
  static count = 0;
  constructor() {
    super();
    Tray.count += 1;
  }
  setContextMenu(): void {}
  setToolTip(): void {}
  destroy(): void {
    Tray.count -= 1;
  }
}
