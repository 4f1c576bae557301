import { MoatError, errorTable, type ErrorCode, type WindowError } from '../contract/errors.ts';

/** What to do, where the table's own hint names a flag or a command: a window has buttons and fields. */
export const windowHints = {
  usage: 'Correct what is named and try again.',
  'configuration-invalid': 'Correct the configuration and try again.',
  'method-unknown': 'Choose attacks and defenses from the lists of a new audit.',
  'encoder-external-data-missing': 'Put the named data file beside the model and name the model again.',
  'encoder-output-unclear': 'Choose the output of the encoder.',
  'encoder-preprocessing-invalid':
    'Check size, mean, standard deviation, layout and range of the preprocessing.',
  'encoder-not-finite':
    'Check the preprocessing (range, mean, standard deviation) or the export: an encoder that returns NaN or infinity cannot be audited.',
  'encoder-failed':
    'The runtime could not run this model on an image; check input shape and preprocessing of the encoder.',
  'dataset-too-small': 'Add images, or choose smaller query budgets.',
  'endpoint-not-confirmed': 'Look at the estimate; then confirm the spending limit.',
  'endpoint-unreachable':
    'Check the address and the connection, then resume the audit: recorded replies are not asked again.',
  'endpoint-refused':
    'Check the token and its rights, then resume the audit: recorded replies are not asked again.',
  'endpoint-rate-limited':
    'Lower `rate` in the endpoint file, or wait; then resume the audit: recorded replies are not asked again.',
  'endpoint-failed':
    'See what the service says in its own log, then resume the audit: recorded replies are not asked again.',
  'endpoint-reply-malformed':
    'Compare `response` in the endpoint file with a reply of the service, then try again.',
  'endpoint-limit-reached':
    'Raise `maxSpend` in the endpoint file and start the audit again: nothing is asked twice.',
  'mark-not-carried':
    'Audit the encoder that was trained to carry this mark together with its key, or leave the defense out.',
  'operation-unsupported': 'Choose the reference engine, or report the operation.',
  'engine-not-installed': 'Install it in Settings, or choose the onnx engine there.',
  'engine-broken': 'Install it again in Settings, or choose the onnx engine there.',
  'engine-busy': 'Wait until it has ended, or cancel it there.',
  'engine-requirement-missing': 'When that is done, try again.',
  'engine-download-failed': 'Check the connection to your package index and try again.',
  'engine-wheel-invalid': 'Try again, so that the wheel is fetched anew.',
  'database-not-ours': 'Open another file; this one was not written by Moat.',
  'database-newer': 'Update Moat, or open another database.',
  'database-busy': 'Wait for the other audit to end, cancel it, or open another database.',
  'database-read-only': 'Make the file and its folder writable, or open another database.',
  'database-corrupt': 'Restore the file from a copy, or open another database.',
  'disk-full':
    'Free some space and try again; an audit that stopped is resumed, and finished cells are kept.',
  'rows-damaged': 'Remove the named folder and try again: it is made anew.',
  'browser-missing':
    'Install Chrome, Chromium or Edge; or export the report as HTML and print it from any browser.',
  'browser-failed': 'Export the report as HTML and print it from a browser; report this if it happens again.',
  'audit-unknown': 'Look for the audit in History.',
  'audit-nothing-to-resume': 'Every cell of this audit has ended; open its report.',
  'reproduction-step-failed': 'Its own lines say why; correct that and try again.',
  cancelled: 'Resume the audit to go on with it.',
  'device-unavailable':
    'See with the checks in Settings what this machine offers, or choose another device or engine there.',
  'device-out-of-memory':
    'Use fewer workers or a smaller surrogate, or close other programs that use the device.',
  'device-lost':
    'The cell is tried again in a new process; if it happens again, update the driver or choose the CPU in Settings.',
  'worker-died':
    'The cell is tried again when the audit is resumed; if it happens again, choose fewer workers or a smaller surrogate.',
} as const satisfies Partial<Record<ErrorCode, string>>;

const overrides: Partial<Record<ErrorCode, string>> = windowHints;

/** What a user of a window can do about an error. */
export function windowHintOf(code: ErrorCode): string {
  return overrides[code] ?? errorTable[code].hint;
}

/** Whatever was thrown, as both hosts hand it to a window. The stack stays behind: a window has no use for it. */
export function windowErrorOf(thrown: unknown): WindowError {
  const { code, message, details } = MoatError.from(thrown);
  return { code, message, details, hint: windowHintOf(code) };
}
