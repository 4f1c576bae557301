export interface SecondStart {
  readonly words: readonly string[];
  readonly folder: string;
}

/** One app at a time: a database has one writer. A second start tells the first what it was asked to open, and ends. */
export function claimSingleInstance(
  app: Pick<Electron.App, 'requestSingleInstanceLock' | 'on'>,
  onSecondStart: (second: SecondStart) => void,
): boolean {
  if (!app.requestSingleInstanceLock()) return false;
  app.on('second-instance', (_event, words, folder) => onSecondStart({ words, folder }));
  return true;
}
