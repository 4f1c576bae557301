import { MoatError } from '../../contract/errors.ts';
import { csv } from './csv.ts';
import { cyclonedx } from './cyclonedx.ts';
import { figures } from './figures.ts';
import type { FolderFormat, ReportFormat } from './format.ts';
import { html } from './html.ts';
import { json } from './json.ts';
import { markdown } from './markdown.ts';
import { pdf } from './pdf.ts';
import { sarif } from './sarif.ts';

/** Every format of a report that is one file. */
export const reportFormats: readonly ReportFormat[] = Object.freeze([
  html,
  pdf,
  json,
  csv,
  markdown,
  sarif,
  cyclonedx,
]);

/** Those that are a folder of files. */
export const folderFormats: readonly FolderFormat[] = Object.freeze([figures]);

/** Those of one file. @throws MoatError `usage` naming the known ones */
export function findFormats(ids: readonly string[]): readonly ReportFormat[] {
  return find(ids, reportFormats);
}

/** Those of one file and of many. @throws MoatError `usage` naming the known ones */
export function findAllFormats(ids: readonly string[]): readonly (ReportFormat | FolderFormat)[] {
  return find(ids, [...reportFormats, ...folderFormats]);
}

function find<Format extends { readonly id: string }>(
  ids: readonly string[],
  formats: readonly Format[],
): readonly Format[] {
  return [...new Set(ids)].map((id) => {
    const format = formats.find((entry) => entry.id === id);
    if (format === undefined)
      throw new MoatError(
        'usage',
        `"${id}" is no format of a report; there are ${formats.map((known) => known.id).join(', ')}.`,
      );
    return format;
  });
}
