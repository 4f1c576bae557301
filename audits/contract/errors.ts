/** The one error class of the product and its table of codes. Errors cross process borders as JSON. */

/** Whose doing it was: decides the tone of the message and whether a bug report is asked for. */
export type ErrorFault = 'user' | 'environment' | 'bug';

export interface ErrorRow {
  /** What to do now, one sentence. */
  readonly hint: string;
  readonly fault: ErrorFault;
  /** The same call may succeed later without any change by the user. */
  readonly retryable: boolean;
  readonly exitCode: number;
}

/** Exit codes of the command line (design: product, "Command line"). */
export const exitCode = {
  ok: 0,
  policyFailed: 1,
  error: 2,
  encoderNotSupported: 3,
  usage: 4,
  cancelled: 5,
  interrupted: 130,
} as const;

const user = (hint: string, code: number = exitCode.error): ErrorRow => ({
  hint,
  fault: 'user',
  retryable: false,
  exitCode: code,
});
const environment = (hint: string, code: number = exitCode.error): ErrorRow => ({
  hint,
  fault: 'environment',
  retryable: true,
  exitCode: code,
});

/** Every code with its advice. Codes are stored and compared: never rename one that was released. */
export const errorTable = {
  usage: user('See --help.', exitCode.usage),
  'configuration-invalid': user('Correct the configuration and run the same command again.', exitCode.usage),
  'method-unknown': user('List the known ids with `moat attacks` or `moat defenses`.', exitCode.usage),
  'path-missing': user('Check the path.', exitCode.usage),
  'path-not-opened': user(
    'Look for it with the system’s own file manager: it may have been moved or deleted, or no program is set for files of its kind.',
  ),
  'dialog-failed': environment(
    'Try again; or type the path into its field, and name the folder of reports in Settings.',
  ),

  'encoder-not-onnx': user(
    'Export the encoder as ONNX (docs/exporting.md) and name that file.',
    exitCode.encoderNotSupported,
  ),
  'encoder-truncated': user(
    'Copy or export the file again; its size has changed on the way.',
    exitCode.encoderNotSupported,
  ),
  'encoder-operator-unknown': user(
    'Export with standard ONNX operators (opset 17 is a safe choice).',
    exitCode.encoderNotSupported,
  ),
  'encoder-external-data-missing': user(
    'Put the named data file beside the model and run again.',
    exitCode.encoderNotSupported,
  ),
  'encoder-not-image': user(
    'Moat audits image encoders: name a model whose input is a batch of images.',
    exitCode.encoderNotSupported,
  ),
  'encoder-output-unclear': user('Choose the output with --output NAME.', exitCode.encoderNotSupported),
  'encoder-preprocessing-invalid': user('Check --size, --mean, --std, --layout and --range.', exitCode.usage),
  'encoder-not-finite': user(
    'Check the preprocessing (--range, --mean, --std) or the export: an encoder that returns NaN or infinity cannot be audited.',
    exitCode.encoderNotSupported,
  ),
  'encoder-constant': user(
    'Check the export: this encoder returns the same vector for every image.',
    exitCode.encoderNotSupported,
  ),
  'encoder-changed': user('Start a new audit, or put the first file back.', exitCode.encoderNotSupported),
  'encoder-failed': user(
    'The runtime could not run this model on an image; check input shape and preprocessing with `moat inspect`.',
    exitCode.encoderNotSupported,
  ),

  'dataset-empty': user(
    'Name a folder that contains images (JPEG, PNG, WebP, GIF, TIFF), CIFAR batches, IDX or .npz files.',
  ),
  'dataset-unlabelled': user(
    'A task needs labels: one sub-folder per class, IDX labels, or `y` in the .npz.',
  ),
  'dataset-too-small': user('Add images, or lower the budget with --budgets.'),
  'dataset-unreadable': user('Every file of this data set failed to decode; check the format.'),
  'dataset-format': user('Check the file: its header does not match its format.'),

  'endpoint-secret-missing': user('Set the variable in the shell that starts Moat.', exitCode.usage),
  'endpoint-not-confirmed': user(
    'Look at the plan with --dry-run; then confirm the spending limit with --yes.',
    exitCode.usage,
  ),
  'endpoint-unreachable': environment(
    'Check the address and the connection, then run `moat resume`: recorded replies are not asked again.',
  ),
  'endpoint-refused': user(
    'Check the token and its rights, then run `moat resume`: recorded replies are not asked again.',
  ),
  'endpoint-rate-limited': environment(
    'Lower `rate` in the endpoint file and run the same command again, or wait and run `moat resume`: recorded replies are not asked again.',
  ),
  'endpoint-failed': environment(
    'See what the service says in its own log, then run `moat resume`: recorded replies are not asked again.',
  ),
  'endpoint-reply-malformed': user(
    'Compare `response` in the endpoint file with a reply of the service, then run the same command again.',
  ),
  'endpoint-dimension-changed': user(
    'Another model answers now: write another `revision` into the endpoint file and start a new audit.',
  ),
  'endpoint-limit-reached': user(
    'Raise `maxSpend` in the endpoint file and run the same command again: nothing is asked twice.',
  ),
  'plugin-invalid': user('Correct the file; docs/adding-an-attack.md has a whole one.', exitCode.usage),
  'plugin-changed': user(
    'Put the file back as it was, or start a new audit with the changed one.',
    exitCode.usage,
  ),

  'recording-incomplete': user(
    'Record the replies to every image of the pool and of the tasks, on each account.',
  ),
  'recording-changed': user('Start a new audit, or put the first file back.'),
  'mark-not-carried': user(
    'Audit the encoder that `moat train --watermark rotation` wrote together with this key, or leave the defense out.',
  ),
  'mark-key-changed': user('Start a new audit, or put the first file back.'),
  'budget-exhausted': user(
    'The attack asked for more queries than its budget; this is recorded with the cell.',
  ),
  'training-diverged': user(
    'The loss became not finite; the cell is recorded as failed. Lower the learning rate if this attack is your own.',
  ),
  'operation-unsupported': {
    hint: 'Use the reference engine (--engine reference), or report the operation.',
    fault: 'bug',
    retryable: false,
    exitCode: exitCode.error,
  },
  'engine-not-installed': user('Install it with `moat engine install tensorflow`, or use --engine onnx.'),
  'engine-broken': user('Install it again with `moat engine install tensorflow`, or use --engine onnx.'),
  'engine-busy': environment('Wait until it has ended, or end it there; then run the same command again.'),
  'engine-requirement-missing': environment('When that is done, run the same command again.'),
  'engine-download-failed': environment(
    'Check the connection to your package index and run the same command again, or name a wheel with --from.',
  ),
  'engine-wheel-invalid': user('Fetch the wheel again, or leave out --from and let pip fetch it.'),
  'engine-build-failed': environment(
    'Report this with the log file and your system; the onnx engine needs no building.',
  ),
  'not-applicable': user('This pair of attack and defense makes no sense; it is recorded as not applicable.'),

  'database-not-ours': user('Name another file with --db; this one was not written by Moat.'),
  'database-newer': user('Update Moat, or name another file with --db.'),
  'database-busy': environment('Wait for the other audit to end, cancel it, or name another file with --db.'),
  'database-read-only': user('Make the file and its folder writable, or name another file with --db.'),
  'database-corrupt': user('Restore the file from a copy, or name another file with --db.'),
  'disk-full': environment('Free some space, then run `moat resume`: finished cells are kept.'),
  'rows-damaged': environment('Remove the named folder and run the same command again: it is made anew.'),
  'file-unwritable': user('Choose a writable place.'),
  'browser-missing': environment(
    'Install Chrome, Chromium or Edge, or name one with MOAT_BROWSER; or write the report with --format html and print it from any browser.',
  ),
  'browser-failed': environment(
    'Write the report with --format html and print it from a browser; report this if it happens again.',
  ),

  'audit-unknown': user('List the audits with `moat list`.', exitCode.usage),
  'audit-nothing-to-resume': user(
    'Every cell of this audit has ended; look at it with `moat show`.',
    exitCode.usage,
  ),
  'reproduction-step-failed': environment('Its own lines above say why; run the same command again.'),
  cancelled: {
    hint: 'Continue with `moat resume`.',
    fault: 'user',
    retryable: true,
    exitCode: exitCode.cancelled,
  },
  'device-unavailable': environment(
    'See with `moat doctor` what this machine offers, or choose another with --device and --engine.',
  ),
  'device-out-of-memory': environment(
    'Use fewer --workers or a smaller --surrogate, or close other programs that use the device.',
  ),
  'device-lost': environment(
    'The cell is tried again in a new process; if it happens again, update the driver or use --device cpu.',
  ),
  'worker-died': environment(
    'The cell is tried again on resume; if it dies again, lower --workers or use a smaller surrogate.',
  ),
  'engine-ended': environment(
    'What is finished is kept. If it happens again, the crash log says why: in the app, Help > Show crash log.',
  ),
  internal: {
    hint: 'This is a bug in Moat: please report it with the log file.',
    fault: 'bug',
    retryable: false,
    exitCode: exitCode.error,
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

/** Not one cell is at fault but something all cells need: the audit stops where it is and goes on when that is mended. */
export function stopsAudit(code: ErrorCode): boolean {
  return code === 'disk-full' || code === 'plugin-changed' || code.startsWith('endpoint-');
}

export interface SerializedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly stack?: string;
}

/** An error as a window gets it: with what to do now there, and without a stack. */
export type WindowError = Omit<SerializedError, 'stack'> & { readonly hint: string };

/** An error with a code. `message` is one sentence a user can read: what happened, with which input. */
export class MoatError extends Error {
  override readonly name = 'MoatError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get row(): ErrorRow {
    return errorTable[this.code];
  }

  toJSON(): SerializedError {
    const stack = fullStack(this);
    return {
      code: this.code,
      message: this.message,
      details: this.details,
      ...(stack === undefined ? {} : { stack }),
    };
  }

  static fromJSON(serialized: SerializedError): MoatError {
    const error = new MoatError(serialized.code, serialized.message, { details: serialized.details });
    if (serialized.stack !== undefined) error.stack = serialized.stack;
    return error;
  }

  /** Any thrown value as a MoatError; an unknown one becomes `internal` and keeps its cause. */
  static from(thrown: unknown): MoatError {
    if (thrown instanceof MoatError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new MoatError(systemCode(thrown) ?? 'internal', message, { cause: thrown });
  }
}

/** Codes the operating system and SQLite give, where they have one meaning for a user. */
function systemCode(thrown: unknown): ErrorCode | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  const table: Record<string, ErrorCode> = {
    ENOSPC: 'disk-full',
    EFBIG: 'disk-full',
    EDQUOT: 'disk-full',
    SQLITE_FULL: 'disk-full',
    EACCES: 'file-unwritable',
    EPERM: 'file-unwritable',
    EROFS: 'file-unwritable',
    ENOTDIR: 'file-unwritable',
    EISDIR: 'file-unwritable',
    EEXIST: 'file-unwritable',
    SQLITE_READONLY: 'database-read-only',
    SQLITE_CORRUPT: 'database-corrupt',
    SQLITE_NOTADB: 'database-not-ours',
    SQLITE_BUSY: 'database-busy',
  };
  return table[String(thrown.code)];
}

function fullStack(error: Error): string | undefined {
  const parts = [error.stack ?? error.message];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
    parts.push(`caused by: ${cause.stack ?? cause.message}`);
  return parts.join('\n');
}
