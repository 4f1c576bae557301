import path from 'node:path';
import { MoatError } from '../contract/errors.ts';
import type { AuditResult } from '../contract/result.ts';
import { writeFileAtomic } from '../run/files.ts';
import { fileNameOf, type ReportContext, type ReportFormat } from './formats/format.ts';

export interface WrittenFile {
  readonly format: string;
  /** Absolute. */
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/**
 * Writes a result in each of some formats into a folder, which is created when missing. All are rendered before the first is
 * written, so that a format which fails leaves the folder as it was.
 * @throws MoatError `file-unwritable`, `disk-full`
 */
export async function writeFormats(
  result: AuditResult,
  formats: readonly ReportFormat[],
  context: ReportContext,
  folder: string,
): Promise<readonly WrittenFile[]> {
  const rendered: (readonly [ReportFormat, Uint8Array | string])[] = [];
  for (const format of formats) rendered.push([format, await format.render(result, context)]);
  return rendered.map(([format, content]) => {
    const file = path.resolve(folder, fileNameOf(format));
    return { format: format.id, path: file, ...writeReportFile(file, content) };
  });
}

/** @throws MoatError `file-unwritable`, `disk-full`, in words that say the result is safe */
export function writeReportFile(
  file: string,
  content: Uint8Array | string,
): { readonly sha256: string; readonly sizeBytes: number } {
  try {
    return writeFileAtomic(file, [content]);
  } catch (cause) {
    if (MoatError.from(cause).code === 'disk-full') throw cause;
    throw new MoatError(
      'file-unwritable',
      `The report could not be written to ${path.dirname(file)}; the result itself is safe in the database.`,
      { cause },
    );
  }
}
