import type { Clock } from '../contract/context.ts';
import { MoatError } from '../contract/errors.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/types.ts';

/** The database of one engine: written by it where nobody else does, else read beside the writer. */
export interface ServedDatabase {
  readonly store: () => Store;
  /** Tries to become the writer. @throws MoatError `database-busy`, `database-read-only` */
  readonly writable: () => Store;
  readonly readOnlyBecause: () => string | null;
  readonly isWriter: () => boolean;
  readonly close: () => void;
}

const CODES_OF_READERS: readonly string[] = ['database-busy', 'database-read-only', 'file-unwritable'];

/** @throws MoatError as `openStore`, but where the file can at least be read */
export function openServedDatabase(file: string, command: string, clock: Clock): ServedDatabase {
  const openToWrite = (): Store =>
    openStore(file, { mode: 'write', owner: { pid: process.pid, command }, clock });
  let isWriter = true;
  let store: Store;
  try {
    store = openToWrite();
  } catch (thrown) {
    if (!CODES_OF_READERS.includes(MoatError.from(thrown).code)) throw thrown;
    isWriter = false;
    store = openStore(file, { mode: 'read', clock });
  }
  const writable = (): Store => {
    if (isWriter) return store;
    const opened = openToWrite();
    store.close();
    store = opened;
    isWriter = true;
    return store;
  };
  return {
    store: () => store,
    writable,
    readOnlyBecause() {
      try {
        writable();
        return null;
      } catch (thrown) {
        return MoatError.from(thrown).message;
      }
    },
    isWriter: () => isWriter,
    close: () => store.close(),
  };
}
