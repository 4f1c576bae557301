import type { BridgeEvent } from '../../audits/contract/bridge.ts';
import type { WindowError } from '../../audits/contract/errors.ts';

/** What the preload script puts at `window.moat`: functions and plain data, nothing of Electron. */
export interface MoatWindow {
  /** Errors are data here: classes do not survive the way between the two worlds. */
  readonly call: (name: string, request: unknown) => Promise<MoatReply>;
  readonly subscribe: (listener: (event: BridgeEvent) => void) => () => void;
  /** Empty where the file does not lie on a disk. */
  readonly pathOfFile: (file: File) => string;
  /** Of these three the value is a path, or null where the user cancelled. */
  readonly chooseFolder: (title: string) => Promise<MoatReply>;
  readonly chooseFile: (title: string, extensions: readonly string[]) => Promise<MoatReply>;
  readonly saveFile: (title: string, name: string) => Promise<MoatReply>;
  readonly openPath: (path: string) => Promise<MoatReply>;
  readonly watchNavigation: (listener: (hash: string) => void) => () => void;
  readonly watchCommands: (listener: (id: string) => void) => () => void;
}

export type MoatReply =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: WindowError };

declare global {
  interface Window {
    /** Present in the desktop app alone. */
    readonly moat?: MoatWindow;
  }
}
