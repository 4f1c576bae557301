import type { BridgeEvent, BridgeMethod, BridgeReply, BridgeRequest } from '../../audits/contract/bridge.ts';
import type { ErrorCode, WindowError } from '../../audits/contract/errors.ts';

/** The window's only way to the engine: requests, one stream of events, and what the host can do on this machine. */
export interface Bridge {
  readonly host: 'electron' | 'http';
  /** @throws BridgeError */
  readonly call: <Name extends BridgeMethod>(
    name: Name,
    request: BridgeRequest<Name>,
  ) => Promise<BridgeReply<Name>>;
  /** Events in order. After `watchConnection` said `open` again, some may be missing: ask for snapshots. */
  readonly subscribe: (listener: (event: BridgeEvent) => void) => Stop;
  /** Told at once how things stand, then of every change. */
  readonly watchConnection: (listener: (connection: Connection) => void) => Stop;
  /** Null where the engine may run on another machine: there `files.browse` is asked instead. */
  readonly dialogs: NativeDialogs | null;
  /** Where a dropped file lies; null where the host does not tell. */
  readonly pathOfFile: (file: File) => string | null;
  /** A menu, a tray or a link asks for a place in the app, such as `#/run/ID`. */
  readonly watchNavigation: (listener: (hash: string) => void) => Stop;
  /** A menu asks for a command of the registry in `app/commands.ts`. */
  readonly watchCommands: (listener: (id: string) => void) => Stop;
}

/** Each answers null where the user cancelled. They throw a BridgeError with what to do where the system fails. */
export interface NativeDialogs {
  readonly chooseFolder: (title: string) => Promise<string | null>;
  /** @param extensions without dots; empty: every file */
  readonly chooseFile: (title: string, extensions: readonly string[]) => Promise<string | null>;
  /** A file that will be written; asks before one is replaced. @param name what it might be called */
  readonly saveFile: (title: string, name: string) => Promise<string | null>;
  /** Opens a folder or a written report with the system's own program. */
  readonly openPath: (path: string) => Promise<void>;
}

export type Stop = () => void;

/** `refused`: the token is missing or wrong, and trying again will not help. */
export type Connection = 'connecting' | 'open' | 'lost' | 'refused';

export type BridgeErrorCode = ErrorCode | 'connection-lost' | 'token-refused';

/** What the engine answered instead of a reply, or that it could not be asked. */
export class BridgeError extends Error {
  override readonly name = 'BridgeError';
  readonly code: BridgeErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  /** What to do now, one sentence; empty where the message says it. */
  readonly hint: string;

  constructor(
    error: Pick<WindowError, 'message'> & {
      readonly code: BridgeErrorCode;
      readonly details?: object;
      readonly hint?: string;
    },
  ) {
    super(error.message);
    this.code = error.code;
    this.hint = error.hint ?? '';
    this.details = { ...error.details };
  }
}

/** What happened and what to do, for the user, out of whatever was thrown. */
export function sentenceOf(error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)).trim();
  const hint = error instanceof BridgeError ? error.hint.trim() : '';
  if (hint === '' || message.includes(hint)) return message;
  // What a system says about itself often has no full stop.
  return `${message}${/[.!?…]$/.test(message) ? '' : '.'} ${hint}`;
}
