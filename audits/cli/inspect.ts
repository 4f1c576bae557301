import { exitCode } from '../contract/errors.ts';
import { inspectReport, type InspectReport, type InspectRequest } from '../run/inspect-report.ts';
import { renderInspection } from './render/inspection.ts';
import { plainPaint, type View } from './render/view.ts';

export interface InspectSettings extends InspectRequest {
  readonly json: boolean;
  /** Receives the text for people, whole lines. */
  readonly write: (text: string) => void;
  readonly view?: View | undefined;
}

/**
 * `moat inspect`: describes an encoder, runs it on a few images, compares it with production's replies.
 * Ends with 3 when no audit can use the encoder and with 1 when `--expect` is not proven.
 * @throws MoatError `encoder-*`, `path-missing`, `dataset-*`
 */
export async function inspectEncoder(
  settings: InspectSettings,
): Promise<{ readonly exitCode: number; readonly json: InspectReport }> {
  const json = await inspectReport(settings);
  const view = settings.view ?? { columns: 100, paint: plainPaint };
  if (!settings.json) settings.write(`${renderInspection(json, view).join('\n')}\n`);
  if (!json.auditable) return { exitCode: exitCode.encoderNotSupported, json };
  const disproven = json.expectation !== null && !json.expectation.proven;
  return { exitCode: disproven ? exitCode.policyFailed : exitCode.ok, json };
}
