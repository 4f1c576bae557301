import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Id of the one audit in the database that an earlier build wrote (audits/cli/older-results.test.ts says how it was made). */
export const earlierAuditId = '5519061f';

/** A copy of that database in a folder. @returns its path */
export function earlierDatabase(folder: string): string {
  const packed = path.join(import.meta.dirname, '../../audits/store/fixtures/first-build.db.gz');
  const file = path.join(folder, 'first-build.db');
  writeFileSync(file, gunzipSync(readFileSync(packed)));
  return file;
}
