import type { CellKey, CellState } from './cell.ts';
import type { SerializedError } from './errors.ts';

/** What the runner tells its listeners (terminal, window, log). Small plain values, in order. */
export type RunEvent =
  | {
      readonly type: 'stage';
      readonly stage: 'preparing' | 'planning' | 'running' | 'judging' | 'done';
      readonly sentence: string;
    }
  | {
      readonly type: 'cell';
      readonly key: CellKey;
      readonly state: CellState;
      readonly label: string;
      readonly error?: SerializedError;
    }
  | {
      readonly type: 'progress';
      readonly cellsDone: number;
      readonly cellsTotal: number;
      readonly fraction: number;
      readonly etaMs: number | null;
      readonly running: readonly {
        /** Absent for what is no cell: the preparation. */
        readonly key?: CellKey;
        readonly label: string;
        readonly fraction: number;
        readonly stage: string;
      }[];
    }
  | { readonly type: 'log'; readonly level: 'info' | 'warning' | 'error'; readonly message: string };

/** What a worker process is asked and answers, over its IPC channel. */
export type WorkerRequest = { readonly type: 'run'; readonly job: unknown } | { readonly type: 'cancel' };

export type WorkerReply =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly fraction: number; readonly stage: string }
  | { readonly type: 'log'; readonly message: string }
  | { readonly type: 'done'; readonly outcome: unknown }
  | { readonly type: 'failed'; readonly error: SerializedError };
