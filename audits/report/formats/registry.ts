import { MoatError } from '../../contract/errors.ts';
import { csv } from './csv.ts';
import { cyclonedx } from './cyclonedx.ts';
import type { ReportFormat } from './format.ts';
import { html } from './html.ts';
import { json } from './json.ts';
import { markdown } from './markdown.ts';
import { pdf } from './pdf.ts';
import { sarif } from './sarif.ts';

/** Every format of a report. */
export const reportFormats: readonly ReportFormat[] = Object.freeze([
  html,
  pdf,
  json,
  csv,
  markdown,
  sarif,
  cyclonedx,
]);

/** @throws MoatError `usage` naming the known ones */
export function findFormats(ids: readonly string[]): readonly ReportFormat[] {
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
