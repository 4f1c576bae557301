import type { AuditEntry, AuditSnapshot, CellEntry, CellSheet } from '../../audits/contract/bridge.ts';
import type { AuditId, CellKey } from '../../audits/contract/cell.ts';
import { fakeAudit, type FakeEngine } from './fake-engine.ts';

/** Audits of any size in any state, as the engine would tell a window of them. */

export const sketchId = 'aaaa0000' as AuditId;

export function sketchedEntry(change: Partial<AuditEntry> = {}): AuditEntry {
  return fakeAudit({
    id: sketchId,
    finishedAt: null,
    state: 'running',
    encoder: '/models/encoder.onnx',
    verdict: null,
    ...change,
  });
}

export interface Sketch {
  readonly defenses: readonly string[];
  readonly attacks: readonly string[];
  readonly budgets: readonly number[];
  readonly seeds: number;
}

/** Cells of every attack on every defense, in the order an audit plans them. */
export function sketchCells(
  { defenses, attacks, budgets, seeds }: Sketch,
  change: (cell: CellEntry, number: number) => Partial<CellEntry> = () => ({}),
): readonly CellEntry[] {
  const cells: CellEntry[] = [];
  for (const defense of defenses)
    for (const attack of attacks)
      for (const budget of budgets)
        for (let seed = 0; seed < seeds; seed++) {
          const cell: CellEntry = {
            key: `${cells.length.toString(16).padStart(8, '0')}${'0'.repeat(56)}` as CellKey,
            kind: 'attack',
            state: 'pending',
            attack,
            defense,
            budget,
            accounts: 1,
            seed,
            fraction: 0,
            elapsedMs: null,
            stolenGain: null,
            reason: null,
          };
          cells.push({ ...cell, ...change(cell, cells.length) });
        }
  return cells;
}

export function sketchSnapshot(
  engine: Pick<FakeEngine, 'engineLife' | 'sequence'>,
  cells: readonly CellEntry[],
  change: Partial<AuditSnapshot> = {},
): AuditSnapshot {
  const count = (state: CellEntry['state']): number => cells.filter((cell) => cell.state === state).length;
  const total = cells.length - count('not-applicable') - count('not-run');
  return {
    entry: sketchedEntry({ cellsTotal: total, cellsDone: count('done'), cellsFailed: count('failed') }),
    engineLife: engine.engineLife,
    sequence: engine.sequence,
    stage: 'running',
    fraction: total === 0 ? 0 : (count('done') + count('failed')) / total,
    etaMs: 25 * 60_000,
    cells,
    log: [],
    error: null,
    ...change,
  };
}

export function sketchSheet(cell: CellEntry, change: Partial<CellSheet> = {}): CellSheet {
  return {
    cell,
    config: { attack: { id: cell.attack, epochs: 30 }, defense: cell.defense },
    measurements:
      cell.stolenGain === null
        ? []
        : [{ metric: 'probe-accuracy', task: 'cifar10', value: 0.7342, unit: 'fraction', n: 2000 }],
    diagnostics: { finalLoss: 0.0123 },
    error: null,
    artifacts: [],
    ...change,
  };
}
