import type { AuditEntry, AuditSnapshot, BridgeEvent, CellEntry } from '../../audits/contract/bridge.ts';
import type { CellKey, CellState } from '../../audits/contract/cell.ts';
import { defenseName, UNDEFENDED } from '../../audits/contract/defense-name.ts';
import type { SerializedError } from '../../audits/contract/errors.ts';
import type { RunEvent } from '../../audits/contract/events.ts';

/** Lines of the log that are kept; older ones stand in the log file. */
export const LOG_LINES = 300;

export interface LogLine {
  /** Counts up within one model: what a list is keyed by. */
  readonly number: number;
  readonly level: 'info' | 'warning' | 'error';
  readonly message: string;
}

export interface RunningCell {
  /** Null for the preparation, which is no cell. */
  readonly key: CellKey | null;
  readonly label: string;
  readonly fraction: number;
  readonly stage: string;
}

/**
 * `applied`: the model stands where the event left it. `ignored`: it is already in the model, or not about this audit.
 * `refresh`: the model cannot follow (another life of the engine, a gap, a cell it does not know) or a stage has begun that
 * changes many cells at once: it needs a new snapshot.
 */
export type Acceptance = 'applied' | 'ignored' | 'refresh';

export type StateCounts = Readonly<Record<CellState, number>>;

/**
 * One audit as a window knows it: a snapshot, and every event since. What an event costs does not depend on how many cells
 * there are, and nothing in here grows with the number of events.
 */
export class RunModel {
  readonly auditId: string;
  entry: AuditEntry | null = null;
  stage = '';
  sentence = '';
  fraction = 0;
  etaMs: number | null = null;
  cellsDone = 0;
  cellsTotal = 0;
  running: readonly RunningCell[] = [];
  error: SerializedError | null = null;
  engineLife: string | null = null;
  sequence = 0;

  readonly #cells = new Map<CellKey, CellEntry>();
  readonly #counts: Record<CellState, number> = noCounts();
  /** By label, since an event may name a running cell by nothing else. */
  readonly #runningKeys = new Map<string, CellKey>();
  readonly #log: LogLine[] = [];
  #nextLine = 1;
  #changed = new Set<CellKey>();

  constructor(auditId: string) {
    this.auditId = auditId;
  }

  get cells(): ReadonlyMap<CellKey, CellEntry> {
    return this.#cells;
  }

  get counts(): StateCounts {
    return { ...this.#counts };
  }

  get log(): readonly LogLine[] {
    return [...this.#log];
  }

  /** Number of the newest line: a cheap way to see whether the log has moved. */
  get lastLine(): number {
    return this.#nextLine - 1;
  }

  /** Cells changed since the last call; bounded by the number of cells, however long nobody calls. */
  takeChanged(): ReadonlySet<CellKey> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  /** @returns whether other cells are there than before, so that what is laid out by them is laid out again */
  load(snapshot: AuditSnapshot): { readonly cellsDiffer: boolean } {
    const cellsDiffer =
      snapshot.cells.length !== this.#cells.size || snapshot.cells.some(({ key }) => !this.#cells.has(key));
    this.entry = snapshot.entry;
    this.engineLife = snapshot.engineLife;
    this.sequence = snapshot.sequence;
    this.stage = snapshot.stage;
    this.sentence = '';
    this.fraction = snapshot.fraction;
    this.etaMs = snapshot.etaMs;
    this.cellsDone = snapshot.entry.cellsDone;
    this.cellsTotal = snapshot.entry.cellsTotal;
    this.error = snapshot.error;
    if (cellsDiffer) this.#cells.clear();
    Object.assign(this.#counts, noCounts());
    this.#runningKeys.clear();
    for (const cell of snapshot.cells) {
      if (!sameCell(this.#cells.get(cell.key), cell)) this.#changed.add(cell.key);
      this.#cells.set(cell.key, cell);
      this.#counts[cell.state] += 1;
    }
    this.running = snapshot.cells
      .filter(({ state }) => state === 'running')
      .map((cell) => ({ key: cell.key, label: labelOf(cell), fraction: cell.fraction, stage: '' }));
    for (const { key, label } of this.running) if (key !== null) this.#runningKeys.set(label, key);
    this.#log.length = 0;
    for (const line of snapshot.log.slice(-LOG_LINES)) this.#write(line.level, line.message);
    return { cellsDiffer };
  }

  accept({ sequence, engineLife, event }: BridgeEvent): Acceptance {
    if (engineLife !== this.engineLife) return 'refresh';
    if (sequence <= this.sequence) return 'ignored';
    if (sequence !== this.sequence + 1) return 'refresh';
    this.sequence = sequence;
    switch (event.type) {
      case 'run':
        return event.auditId === this.auditId ? this.#run(event.run) : 'ignored';
      case 'cell-result':
        return event.auditId === this.auditId ? this.#replace(event.cell) : 'ignored';
      case 'audits-changed':
        return 'refresh';
      case 'settings-changed':
      case 'engines-changed':
      case 'task':
      case 'engine':
        return 'ignored';
    }
  }

  #run(event: RunEvent): Acceptance {
    switch (event.type) {
      case 'stage':
        this.stage = event.stage;
        this.sentence = event.sentence;
        // Cells have just been planned, or left out, or queued again: no event says so of each.
        return event.stage === 'preparing' ? 'applied' : 'refresh';
      case 'progress':
        return this.#progress(event);
      case 'cell': {
        const cell = this.#cells.get(event.key);
        if (cell === undefined) return 'refresh';
        if (event.state === 'running') this.#runningKeys.set(event.label, event.key);
        else this.#runningKeys.delete(event.label);
        return this.#replace({
          ...cell,
          state: event.state,
          fraction: event.state === 'done' ? 1 : 0,
          reason: event.error?.message ?? cell.reason,
        });
      }
      case 'log':
        this.#write(event.level, event.message);
        return 'applied';
    }
  }

  #progress(event: Extract<RunEvent, { type: 'progress' }>): Acceptance {
    this.fraction = event.fraction;
    this.etaMs = event.etaMs;
    this.cellsDone = event.cellsDone;
    this.cellsTotal = event.cellsTotal;
    this.running = event.running.map(({ key, label, fraction, stage }) => ({
      key: key ?? this.#runningKeys.get(label) ?? null,
      label,
      fraction,
      stage,
    }));
    for (const { key, fraction } of this.running) {
      const cell = key === null ? undefined : this.#cells.get(key);
      // A whole per cent is what can be seen: less than that redraws nothing.
      if (cell?.state !== 'running' || wholePercent(cell.fraction) === wholePercent(fraction)) continue;
      this.#cells.set(cell.key, { ...cell, fraction });
      this.#changed.add(cell.key);
    }
    return 'applied';
  }

  #replace(cell: CellEntry): Acceptance {
    const before = this.#cells.get(cell.key);
    if (before === undefined) return 'refresh';
    this.#counts[before.state] -= 1;
    this.#counts[cell.state] += 1;
    this.#cells.set(cell.key, cell);
    this.#changed.add(cell.key);
    return 'applied';
  }

  #write(level: LogLine['level'], message: string): void {
    this.#log.push({ number: this.#nextLine, level, message });
    this.#nextLine += 1;
    if (this.#log.length > LOG_LINES) this.#log.shift();
  }
}

export function wholePercent(fraction: number): number {
  return Math.floor(Math.min(1, Math.max(0, fraction)) * 100);
}

function noCounts(): Record<CellState, number> {
  return { pending: 0, running: 0, done: 0, failed: 0, 'not-applicable': 0, 'not-run': 0 };
}

function sameCell(a: CellEntry | undefined, b: CellEntry): boolean {
  return (
    a !== undefined &&
    a.state === b.state &&
    a.fraction === b.fraction &&
    a.stolenGain === b.stolenGain &&
    a.reason === b.reason &&
    a.elapsedMs === b.elapsedMs
  );
}

/** A cell in one line, as the runner spells it. */
export function labelOf({ kind, attack, defense: label, budget, seed }: CellEntry): string {
  const defense = defenseName(label ?? UNDEFENDED);
  switch (kind) {
    case 'victim':
      return 'victim';
    case 'independent':
      return `independent encoder ${attack ?? ''}`.trim();
    case 'honest':
      return `honest users of ${defense} · seed ${seed}`;
    case 'detection':
      return `alarms of ${defense} · seed ${seed}`;
    case 'attack':
      return `${attack ?? ''} on ${defense} · ${budget ?? 0} queries · seed ${seed}`;
  }
}
