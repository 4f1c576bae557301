import type { AuditEntry, CellEntry } from '../contract/bridge.ts';
import { decideGate } from '../score/gate.ts';
import type { AuditSummary, CellRow } from '../store/types.ts';

/** Rows of the store as a window is told of them. */

export function auditEntry({ verdicts, ...summary }: AuditSummary): AuditEntry {
  const state = summary.state === 'completed' ? 'completed' : 'incomplete';
  return {
    ...summary,
    verdict:
      verdicts === null
        ? null
        : decideGate({ state, verdicts: verdicts.map((verdict) => ({ verdict })) }).verdict,
  };
}

/** @param fraction of a cell that is being worked on */
export function cellEntry(cell: CellRow, gain: number | null, fraction: number): CellEntry {
  const { key, work, state, attackLabel, defenseLabel, elapsedMs, reason, error } = cell;
  const isAttack = work.kind === 'attack';
  return {
    key,
    kind: work.kind,
    state,
    attack: attackLabel,
    defense: defenseLabel,
    budget: isAttack ? work.budget : null,
    accounts: isAttack ? work.accounts : null,
    seed: work.seed,
    fraction: state === 'done' ? 1 : state === 'running' ? fraction : 0,
    elapsedMs,
    stolenGain: state === 'done' ? gain : null,
    reason: reason ?? error?.message ?? null,
  };
}
