import type { AuditResult } from '../../contract/result.ts';
import type { ReportFormat } from './format.ts';

/** The result itself, as `moat audit` leaves it (docs/result.schema.json). */
export const json: ReportFormat = {
  id: 'json',
  title: 'the result, every number of it (docs/result.schema.json)',
  extension: 'json',
  stem: 'result',
  render: (result) => Promise.resolve(resultText(result)),
};

/** What would steer a terminal or an editor that shows the file: controls, direction of writing, line separators. */
const STEERING = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** The same value to whoever parses it. */
function resultText(result: AuditResult): string {
  const text = JSON.stringify(result, null, 2).replaceAll(
    STEERING,
    (sign) => String.raw`\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `${text}\n`;
}
