import type { CellEntry } from '../contract/bridge.ts';
import type { AuditId, CellKey } from '../contract/cell.ts';
import type { RunEvent } from '../contract/events.ts';
import { cellGains, gainMetric, type GainedCell } from '../score/cell-gain.ts';
import { registeredFacts } from '../score/method-facts.ts';
import type { CellRow, Store } from '../store/types.ts';
import { cellEntry } from './entries.ts';

export type LogLine = Extract<RunEvent, { type: 'log' }>;

/** Lines a window is given when it opens; the log file has all of them. */
export const LOG_LINES = 200;

/** What is known of an audit under way and not in the store: stage, fractions, the last lines of its log. */
export class LiveAudit {
  readonly #id: AuditId;
  readonly #store: Store;
  stage: 'waiting' | 'preparing' | 'planning' | 'running' | 'judging' | 'done' = 'waiting';
  fraction = 0;
  etaMs: number | null = null;
  readonly #fractions = new Map<CellKey, number>();
  readonly #log: LogLine[];
  /** Of the cells that are done, what a window was told last. */
  readonly #told = new Map<CellKey, number | null>();
  readonly #cells = new Map<CellKey, GainedCell>();
  readonly #accuracies = new Map<CellKey, ReadonlyMap<string, number>>();
  #gainOf: (cell: GainedCell) => number | null = () => null;

  /** @param earlier lines of a run before this one */
  constructor(id: AuditId, store: Store, earlier: readonly LogLine[] = []) {
    this.#id = id;
    this.#store = store;
    this.#log = [...earlier];
  }

  get log(): readonly LogLine[] {
    return this.#log;
  }

  fractionOf(key: CellKey): number {
    return this.#fractions.get(key) ?? 0;
  }

  /** @returns cells of which there is more to say than the event itself does */
  observe(event: RunEvent): readonly CellEntry[] {
    if (event.type === 'log') {
      this.#log.push(event);
      if (this.#log.length > LOG_LINES) this.#log.shift();
    } else if (event.type === 'stage') {
      this.stage = event.stage;
      if (event.stage === 'running') this.#readCells();
    } else if (event.type === 'progress') {
      this.fraction = event.fraction;
      this.etaMs = event.etaMs;
      this.#fractions.clear();
      for (const { key, fraction } of event.running)
        if (key !== undefined) this.#fractions.set(key, fraction);
    } else return this.#observeCell(event.key);
    return [];
  }

  #readCells(): void {
    for (const cell of this.#store.cells.byAudit(this.#id)) this.#cells.set(cell.key, cell);
    for (const [key, accuracy] of this.#store.measurements.values(this.#id, gainMetric))
      this.#accuracies.set(key, accuracy);
    this.#gainOf = cellGains([...this.#cells.values()], this.#accuracies, registeredFacts);
    for (const [key, cell] of this.#cells)
      if (this.#accuracies.has(key)) this.#told.set(key, this.#gainOf(cell));
  }

  #observeCell(key: CellKey): readonly CellEntry[] {
    const row = this.#store.cells.get(key);
    if (row === undefined) return [];
    const isNew = !this.#cells.has(key);
    this.#cells.set(key, row);
    if (row.state === 'failed') return [cellEntry(row, null, 0)];
    // One that took the place of another: nobody has seen it yet.
    if (row.state !== 'done') return isNew ? [cellEntry(row, null, this.fractionOf(key))] : [];
    this.#accuracies.set(key, this.#accuracyOf(key));
    const moved = this.#isReference(row) ? this.#reckonAnew(key) : [];
    const gain = this.#gainOf(row);
    this.#told.set(key, gain);
    return [cellEntry(row, gain, 1), ...moved];
  }

  #accuracyOf(key: CellKey): ReadonlyMap<string, number> {
    const probes = this.#store.measurements.byCell(key).filter(({ metric }) => metric === gainMetric);
    return new Map(probes.flatMap(({ task, value }) => (task === null ? [] : [[task, value] as const])));
  }

  /** The victim and the controls are what all gains are reckoned from. */
  #isReference({ work }: CellRow): boolean {
    return work.kind === 'victim' || (work.kind === 'attack' && registeredFacts.isControl(work.attack));
  }

  /** @returns cells done earlier whose gain has moved */
  #reckonAnew(justDone: CellKey): readonly CellEntry[] {
    this.#gainOf = cellGains([...this.#cells.values()], this.#accuracies, registeredFacts);
    return [...this.#told].flatMap(([key, before]) => {
      const cell = this.#cells.get(key);
      const gain = cell === undefined ? null : this.#gainOf(cell);
      if (key === justDone || gain === before) return [];
      this.#told.set(key, gain);
      const row = this.#store.cells.get(key);
      return row === undefined ? [] : [cellEntry(row, gain, 1)];
    });
  }
}
