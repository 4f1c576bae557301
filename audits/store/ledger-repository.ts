import type Database from 'better-sqlite3';
import type { CellKey } from '../contract/cell.ts';
import type { LedgerEntry } from '../contract/method.ts';

/** What each account of a cell asked the victim. */
export interface LedgerRepository {
  insert(key: CellKey, entry: LedgerEntry): void;
  byCell(key: CellKey): readonly LedgerEntry[];
}

export function ledgerRepository(database: Database.Database): LedgerRepository {
  const insert = database.prepare(
    `INSERT INTO ledger_entries (cell_key, account, rows, unique_inputs, bytes_sent, bytes_received)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const select = database.prepare<[string], LedgerEntry>(
    `SELECT account, rows, unique_inputs AS uniqueInputs, bytes_sent AS bytesSent,
       bytes_received AS bytesReceived
     FROM ledger_entries WHERE cell_key = ? ORDER BY id`,
  );
  return {
    insert(key, { account, rows, uniqueInputs, bytesSent, bytesReceived }) {
      insert.run(key, account, rows, uniqueInputs, bytesSent, bytesReceived);
    },
    byCell: (key) => select.all(key),
  };
}
