import { jsonText } from '../../contract/clean-text.ts';
import type { ReportFormat } from './format.ts';

/** The result itself, as `moat audit` leaves it (docs/result.schema.json). */
export const json: ReportFormat = {
  id: 'json',
  title: 'the result, every number of it (docs/result.schema.json)',
  extension: 'json',
  stem: 'result',
  render: (result) => Promise.resolve(`${jsonText(result)}\n`),
};
