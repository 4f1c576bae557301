import path from 'node:path';
import { MoatError } from '../contract/errors.ts';
import type { AuditResult } from '../contract/result.ts';
import { writeFileAtomic } from '../run/files.ts';

/**
 * Writes the result's files into a folder, which is created when missing. A reader sees the old file or the new one.
 * @returns absolute paths of the files written.
 * @throws MoatError `file-unwritable`, `disk-full`
 */
export function writeReport(result: AuditResult, folder: string): readonly string[] {
  const file = path.resolve(folder, 'result.json');
  try {
    writeFileAtomic(file, [`${JSON.stringify(result, null, 2)}\n`]);
  } catch (cause) {
    if (MoatError.from(cause).code === 'disk-full') throw cause;
    throw new MoatError(
      'file-unwritable',
      `The report could not be written to ${folder}; the result itself is safe in the database.`,
      { cause },
    );
  }
  return [file];
}
