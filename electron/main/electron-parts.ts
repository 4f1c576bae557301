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
  readonly pack: string;
  /** Folder of the built app. */
  readonly app: string;
  readonly icon: string;
}
