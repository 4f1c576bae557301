import path from 'node:path';
import { MoatError } from '../contract/errors.ts';
import type { AuditResult } from '../contract/result.ts';
import { writeFileAtomic } from '../run/files.ts';
import { fileNameOf, type FolderFormat, type ReportContext, type ReportFormat } from './formats/format.ts';

export interface WrittenFile {
  readonly format: string;
  /** Absolute. */
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** A format that this machine cannot draw. */
export interface LeftOut {
  readonly format: string;
  /** What would have been written, from the folder. */
  readonly name: string;
  readonly error: MoatError;
}

/** Said of a machine, not of a result: the other formats are none the worse. */
const ofMachine: ReadonlySet<MoatError['code']> = new Set(['browser-missing', 'browser-failed']);

/**
 * Writes a result in each of some formats into a folder, which is created when missing. All are rendered before the first is
 * written, so that a format which fails leaves the folder as it was.
 * @param leaveOut is told of each format that needs a browser and has none, or one that fails; without it that is thrown, as
 * it is where no other format is left
 * @throws MoatError `file-unwritable`, `disk-full`, `browser-missing`, `browser-failed`
 */
export async function writeFormats(
  result: AuditResult,
  formats: readonly (ReportFormat | FolderFormat)[],
  context: ReportContext,
  folder: string,
  leaveOut?: (format: LeftOut) => void,
): Promise<readonly WrittenFile[]> {
  const leftOut: LeftOut[] = [];
  const rendered: {
    readonly format: string;
    readonly name: string;
    readonly content: Uint8Array | string;
  }[] = [];
  for (const format of formats) {
    if ('renderFiles' in format)
      for (const { name, content } of await format.renderFiles(result, context))
        rendered.push({ format: format.id, name: path.join(format.folder, name), content });
    else
      try {
        rendered.push({
          format: format.id,
          name: fileNameOf(format),
          content: await format.render(result, context),
        });
      } catch (cause) {
        const error = MoatError.from(cause);
        if (leaveOut === undefined || formats.length === 1 || !ofMachine.has(error.code)) throw cause;
        leftOut.push({ format: format.id, name: fileNameOf(format), error });
      }
  }
  for (const format of leftOut) leaveOut?.(format);
  return rendered.map(({ format, name, content }) => {
    const file = path.resolve(folder, name);
    return { format, path: file, ...writeReportFile(file, content) };
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
