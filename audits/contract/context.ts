/** Effects come in from the rim: nothing in `audits/` reads a clock or writes to a terminal by itself. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds on a clock that never jumps. */
  monotonicMs(): number;
}

export interface Log {
  info(message: string): void;
  warning(message: string): void;
  error(message: string, cause?: unknown): void;
}

export const silentLog: Log = { info: () => undefined, warning: () => undefined, error: () => undefined };
