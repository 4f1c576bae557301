import type { AuditConfig } from '../contract/audit.ts';
import { findAttack } from '../attacks/registry.ts';
import type { PlannedCell } from './cells.ts';

/** What the plan prints before anything runs. */
export interface PlanSummary {
  readonly cells: number;
  /** Rows the attackers may send, over all cells. */
  readonly queries: number;
  /** On this machine with the configured workers. */
  readonly estimatedMs: number;
  /** At the user's API price, for all cells. */
  readonly dollars: number;
  readonly notApplicable: readonly {
    readonly attack: string;
    readonly defense: string;
    readonly reason: string;
  }[];
}

/** Totals over the cells that would run. */
export function summarizePlan(config: AuditConfig, cells: readonly PlannedCell[]): PlanSummary {
  const runnable = cells.filter((cell) => cell.state === 'pending');
  const queries = runnable.reduce((sum, cell) => sum + allowance(cell), 0);
  const skipped = new Map(
    cells
      .filter((cell) => cell.state === 'not-applicable')
      .map((cell) => [
        `${cell.attackLabel} ${cell.defenseLabel}`,
        { attack: cell.attackLabel ?? '', defense: cell.defenseLabel ?? '', reason: cell.reason ?? '' },
      ]),
  );
  return {
    cells: runnable.length,
    queries,
    estimatedMs: runnable.reduce((sum, cell) => sum + cell.estimatedMs, 0) / config.workers,
    dollars: queries * config.pricePerQuery,
    notApplicable: [...skipped.values()],
  };
}

function allowance(cell: PlannedCell): number {
  if (cell.work.kind !== 'attack') return 0;
  const { attack, budget } = cell.work;
  return findAttack(attack.id)?.queryAllowance?.(attack.config, budget) ?? budget;
}
