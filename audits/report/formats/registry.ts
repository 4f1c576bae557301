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

/** Every format of a report. */
export const reportFormats: readonly (ReportFormat | FolderFormat)[] = Object.freeze([
  html,
  pdf,
  json,
  csv,
  markdown,
  sarif,
  cyclonedx,
  figures,
]);

/** @throws MoatError `usage` naming the known ones */
export function findFormats(ids: readonly string[]): readonly (ReportFormat | FolderFormat)[] {
  return [...new Set(ids)].map((id) => {
    const format = reportFormats.find((entry) => entry.id === id);
    if (format === undefined)
      throw new MoatError(
        'usage',
        `"${id}" is no format of a report; there are ${reportFormats.map((known) => known.id).join(', ')}.`,
      );
    return format;
  });
}
