import type { BridgeEvent } from '../../audits/contract/bridge.ts';
import type { SerializedError } from '../../audits/contract/errors.ts';

/** Processes that an engine may ask for: what they run is the main process's to say. */
export type ProcessKind = 'worker' | 'trial' | 'side' | 'pack';

/** What the main process tells the engine's process. A `process` comes with a message port. */
export type ToEngine =
  /** The first message, once. */
  | { readonly type: 'begin'; readonly database: string; readonly moatVersion: string }
  | { readonly type: 'call'; readonly call: number; readonly method: string; readonly request: unknown }
  | { readonly type: 'process'; readonly kind: ProcessKind; readonly process: number }
  | {
      readonly type: 'process-ended';
      readonly kind: ProcessKind;
      readonly process: number;
      readonly code: number;
    }
  | { readonly type: 'printed'; readonly print: number; readonly pdf: Uint8Array }
  | { readonly type: 'not-printed'; readonly print: number; readonly error: SerializedError }
  /** Stop at the next safe point, close the database, end. */
  | { readonly type: 'close' };

/** What the engine's process tells the main process. */
export type FromEngine =
  | { readonly type: 'open' }
  /** The database cannot be opened; starting again would not help. */
  | { readonly type: 'refused'; readonly error: SerializedError }
  | { readonly type: 'reply'; readonly call: number; readonly reply: unknown }
  | { readonly type: 'failure'; readonly call: number; readonly error: SerializedError }
  | { readonly type: 'event'; readonly event: BridgeEvent }
  | { readonly type: 'start-process'; readonly kind: ProcessKind; readonly process: number }
  | { readonly type: 'kill-process'; readonly kind: ProcessKind; readonly process: number }
  | { readonly type: 'print'; readonly print: number; readonly html: string };
