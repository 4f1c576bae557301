import path from 'node:path';
import { jsonText } from '../contract/clean-text.ts';
import type { AuditResult } from '../contract/result.ts';
import { writeReportFile } from './write-formats.ts';

/**
 * Writes the result's files into a folder, which is created when missing. A reader sees the old file or the new one.
 * @returns absolute paths of the files written.
 * @throws MoatError `file-unwritable`, `disk-full`
 */
export function writeReport(result: AuditResult, folder: string): readonly string[] {
  const file = path.resolve(folder, 'result.json');
  writeReportFile(file, `${jsonText(result)}\n`);
  return [file];
}
