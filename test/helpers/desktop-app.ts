import type { Page } from 'playwright-core';

/** The running desktop app as a test drives it, on the stand-in and on Electron itself. */
export interface DesktopApp {
  readonly firstWindow: () => Promise<Page>;
  /** Runs a function in the main process; it is given the electron module and must close over nothing. */
  readonly evaluate: <Result>(run: (electron: never) => Result | Promise<Result>) => Promise<Result>;
  /** Quits as a user does, once however often it is asked; resolves with the exit code. */
  readonly close: () => Promise<number | null>;
}
