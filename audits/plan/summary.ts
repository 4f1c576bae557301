import type { AuditConfig } from '../contract/audit.ts';
import { findAttack } from '../attacks/registry.ts';
import { defenseName } from '../contract/defense-name.ts';
import type { PlannedCell } from './cells.ts';
import { judgingMs, leftOut } from './time-limit.ts';

/** What the plan prints before anything runs. */
export interface PlanSummary {
  readonly cells: number;
  /** Rows the attackers may send, over all cells. */
  readonly queries: number;
  /** On this machine with the configured workers: what is to prepare, the cells, judging them. */
  readonly estimatedMs: number;
  /** Of that, before the first cell; 0 where it is done. */
  readonly preparationMs: number;
  /** At the user's API price, for all cells. */
  readonly dollars: number;
  /** Labels of cells for which a time limit leaves no room by the estimates, with how many of each. */
  readonly leftOut: readonly { readonly label: string; readonly cells: number }[];
  readonly notApplicable: readonly {
    readonly attack: string;
    readonly defense: string;
    readonly reason: string;
  }[];
}

/** What lies before the first cell. */
export interface BeforeCells {
  /** Gone already, of a time limit. */
  readonly spentMs?: number;
  /** Still to come. */
  readonly preparationMs?: number;
}

/** Totals over the cells that would run. */
export function summarizePlan(
  config: AuditConfig,
  cells: readonly PlannedCell[],
  { spentMs = 0, preparationMs = 0 }: BeforeCells = {},
): PlanSummary {
  const pending = cells.filter((cell) => cell.state === 'pending');
  const { timeLimitMs, workers } = config;
  const dropped =
    timeLimitMs === undefined
      ? new Set<string>()
      : droppedBy(pending, timeLimitMs - spentMs - preparationMs, workers);
  const runnable = pending.filter((cell) => !dropped.has(cell.key));
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
    estimatedMs:
      preparationMs +
      runnable.reduce((sum, cell) => sum + cell.estimatedMs, 0) / config.workers +
      judgingMs(runnable.length),
    preparationMs,
    dollars: queries * config.pricePerQuery,
    leftOut: counted(pending.filter((cell) => dropped.has(cell.key))),
    notApplicable: [...skipped.values()],
  };
}

/** What does not fit, with room kept for judging what does. */
function droppedBy(pending: readonly PlannedCell[], roomMs: number, workers: number): ReadonlySet<string> {
  const atMost = leftOut(pending, { timeLimitMs: roomMs - judgingMs(0), workers });
  return leftOut(pending, { timeLimitMs: roomMs - judgingMs(pending.length - atMost.size), workers });
}

function allowance(cell: PlannedCell): number {
  if (cell.work.kind !== 'attack') return 0;
  const { attack, budget } = cell.work;
  return findAttack(attack.id)?.queryAllowance?.(attack.config, budget) ?? budget;
}

function counted(cells: readonly PlannedCell[]): PlanSummary['leftOut'] {
  const counts = new Map<string, number>();
  for (const { work, attackLabel, defenseLabel } of cells) {
    const what =
      work.kind === 'attack' ? `${attackLabel ?? work.attack.id} at ${work.budget} queries` : work.kind;
    const label = defenseLabel === null ? what : `${what} on ${defenseName(defenseLabel)}`;
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].map(([label, count]) => ({ label, cells: count }));
}
