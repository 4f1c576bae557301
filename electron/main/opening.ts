import path from 'node:path';
import type { LogFailure } from './crash-log.ts';
import { linkAmong, placeOfLink } from './deep-link.ts';
import { DATABASE_EXTENSION, databaseAmong } from './opened-file.ts';

export interface OpeningParts {
  readonly dialog: Pick<Electron.Dialog, 'showMessageBox' | 'showOpenDialog'>;
  readonly show: () => void;
  readonly goTo: (place: string) => void;
  readonly isRunning: () => boolean;
  /** Puts a database in the place of the one that is open. */
  readonly open: (database: string) => Promise<void>;
  readonly logFailure: LogFailure;
}

/** What is opened while the app runs: links and databases that the system names, or a user chooses. */
export interface Opening {
  readonly words: (words: readonly string[], folder: string) => void;
  readonly chooseDatabase: () => void;
}

export function createOpening(parts: OpeningParts): Opening {
  async function openDatabase(file: string): Promise<void> {
    if (parts.isRunning())
      await parts.dialog.showMessageBox({
        type: 'info',
        message: 'An audit is running',
        detail: `Stop it, or wait for its end, and open ${path.basename(file)} then.`,
      });
    else await parts.open(file);
  }

  async function chooseDatabase(): Promise<void> {
    const { canceled, filePaths } = await parts.dialog.showOpenDialog({
      title: 'Open database',
      properties: ['openFile'],
      filters: [{ name: 'Moat database', extensions: [DATABASE_EXTENSION.slice(1), 'db'] }],
    });
    const file = filePaths[0];
    if (!canceled && file !== undefined) await openDatabase(file);
  }

  return {
    words: (words, folder) => {
      parts.show();
      const link = linkAmong(words);
      const place = link === undefined ? undefined : placeOfLink(link);
      if (place !== undefined) parts.goTo(place);
      const database = databaseAmong(words, folder);
      if (database !== undefined) void openDatabase(database);
    },
    chooseDatabase: () => void chooseDatabase().catch(parts.logFailure('a database could not be opened')),
  };
}

/** macOS hands links and files over by events, also before the app is ready. @returns what came before that */
export function hearSystem(
  app: Pick<Electron.App, 'isReady' | 'on'>,
  open: (word: string) => void,
): readonly string[] {
  const early: string[] = [];
  const receive = (word: string): void => {
    if (app.isReady()) open(word);
    else early.push(word);
  };
  app.on('open-url', (event, link) => {
    event.preventDefault();
    receive(link);
  });
  app.on('open-file', (event, file) => {
    event.preventDefault();
    receive(file);
  });
  return early;
}
