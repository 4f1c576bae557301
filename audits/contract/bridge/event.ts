import type { AuditId } from '../cell.ts';
import type { RunEvent } from '../events.ts';
import type { CellEntry } from './audits.ts';

/**
 * What every listener is told, in order, numbered from 1 within one life of the engine. A listener that sees a number left out
 * has missed something (it was away for longer than the engine remembers) and asks for snapshots again.
 */
export interface BridgeEvent {
  readonly sequence: number;
  /** New with every start of the engine: whoever knew another one asks for snapshots again. */
  readonly engineLife: string;
  readonly event:
    | { readonly type: 'run'; readonly auditId: AuditId; readonly run: RunEvent }
    /** An audit began, came into another state, ended, was annotated, deleted or restored. */
    | { readonly type: 'audits-changed' }
    | { readonly type: 'settings-changed' }
    /** An engine was installed or removed, or its installation began, failed or was cancelled. */
    | { readonly type: 'engines-changed' }
    /** A new point of the query curve, as a cell is done. */
    | { readonly type: 'cell-result'; readonly auditId: AuditId; readonly cell: CellEntry }
    /** Engine packs and benchmarks say how far they are. */
    | {
        readonly type: 'task';
        readonly task: string;
        readonly fraction: number | null;
        readonly sentence: string;
      }
    /** The engine died and is back: one calm line. */
    | {
        readonly type: 'engine';
        readonly state: 'restarting' | 'restarted' | 'failed';
        readonly sentence: string;
      };
}
