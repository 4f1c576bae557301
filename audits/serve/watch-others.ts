import type { ServedDatabase } from './database.ts';

/** Another process tells nobody what it writes: it is looked for. */
const LOOK_MS = 2000;

/**
 * While another process writes the database, says when its audits have changed.
 * @returns what ends the watching
 */
export function watchOthers(
  database: Pick<ServedDatabase, 'store' | 'isWriter'>,
  onChange: () => void,
): () => void {
  let seen: string | undefined;
  const look = (): void => {
    if (database.isWriter()) return;
    let now: string;
    try {
      now = JSON.stringify(database.store().audits.list({ deleted: true }));
    } catch {
      // Held for a moment by its writer: looked at again in two seconds.
      return;
    }
    const isOther = seen !== undefined && seen !== now;
    seen = now;
    if (isOther) onChange();
  };
  look();
  const timer = setInterval(look, LOOK_MS).unref();
  return () => clearInterval(timer);
}
