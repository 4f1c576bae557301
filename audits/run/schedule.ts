import type { CellKey, CellOutcome } from '../contract/cell.ts';
import { defenseName, UNDEFENDED } from '../contract/defense-name.ts';
import { MoatError, stopsAudit, type ErrorCode } from '../contract/errors.ts';
import { withSmallerBatch } from '../plan/smaller-batch.ts';
import type { AuditRow, CellRow, PreparationRecord } from '../store/types.ts';
import { judgingMs, leftOut, notRunReason } from '../plan/time-limit.ts';
import { expectedMs, remainingMs } from './eta.ts';
import { CANCEL_GRACE_MS, guarded, TICK_MS, timestamp, type RunOptions } from './run-options.ts';
import { forkWorker, type WorkerHost } from './worker-host.ts';

/** A dead worker may be bad luck (memory pressure); twice on the same cell is the cell's own doing. */
const MOST_ATTEMPTS = 2;

/** After these the worker's process is not to be trusted with another cell: its device is gone, or its memory in pieces. */
const endsProcess: ReadonlySet<ErrorCode> = new Set(['worker-died', 'device-lost', 'device-out-of-memory']);

interface Lane {
  host: WorkerHost;
  cell: CellRow | undefined;
  fraction: number;
  stage: string;
}

/** Hands cells to workers in the planned order, stores what comes back, keeps going when one fails. */
export class Schedule {
  readonly #audit: AuditRow;
  readonly #preparation: PreparationRecord;
  readonly #options: RunOptions;
  readonly #cells: Map<CellKey, CellRow>;
  readonly #queue: CellKey[];
  readonly #lanes: Lane[] = [];
  readonly #deaths = new Map<CellKey, number>();
  /** By when the last cell has to end, but for what judging takes. */
  readonly #endsAtMs: number | null;
  #stopping = false;

  /** @param beganAtMs of the audit's clock, when this run began: a time limit counts from there, less what earlier runs took */
  constructor(
    audit: AuditRow,
    preparation: PreparationRecord,
    options: RunOptions,
    beganAtMs: number = options.clock.monotonicMs(),
  ) {
    this.#audit = audit;
    this.#preparation = preparation;
    this.#options = options;
    const rows = options.store.cells.byAudit(audit.id);
    this.#cells = new Map(rows.map((row) => [row.key, row]));
    const { timeLimitMs, workers } = audit.config;
    // Cells that another audit of this database has measured took this one no time, and a run that resumes keeps its own.
    const spent = rows
      .filter((row) => row.state === 'done' && (row.startedAt ?? '') >= audit.createdAt)
      .reduce((sum, row) => sum + (row.elapsedMs ?? 0), 0);
    this.#endsAtMs = timeLimitMs === undefined ? null : beganAtMs + timeLimitMs - spent / workers;
    this.#queue = rows.filter((row) => row.state === 'pending').map((row) => row.key);
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    this.#options.onEvent({
      type: 'stage',
      stage: 'running',
      sentence:
        this.#endsAtMs === null
          ? `Running ${this.#queue.length} cells`
          : `Running the most telling of ${this.#queue.length} cells`,
    });
    const stop = (): void => this.#stop();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) this.#stop();
    const timer = setInterval(() => guarded(this.#options.log, () => this.#tick()), TICK_MS);
    try {
      const count = Math.min(this.#audit.config.workers, this.#queue.length);
      for (let i = 0; i < count; i++)
        this.#lanes.push({ host: this.#start(), cell: undefined, fraction: 0, stage: '' });
      // One lane that meets a full disk stops the others at a safe point before its error goes up.
      const ends = await Promise.allSettled(
        this.#lanes.map((lane) =>
          this.#drive(lane).catch((error: unknown) => {
            this.#stop();
            throw error;
          }),
        ),
      );
      const failed = ends.find((end) => end.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    } finally {
      clearInterval(timer);
      signal.removeEventListener('abort', stop);
      await Promise.all(this.#lanes.map((lane) => lane.host.stop(CANCEL_GRACE_MS)));
    }
    this.#report();
  }

  #start(): WorkerHost {
    return (this.#options.startWorker ?? forkWorker)((message) => this.#options.log.info(message));
  }

  async #drive(lane: Lane): Promise<void> {
    while (!this.#stopping) {
      const key = this.#next();
      const cell = key === undefined ? undefined : this.#cells.get(key);
      if (cell === undefined) return;
      await this.#runCell(lane, cell);
    }
  }

  /**
   * The next cell of the queue; with a time limit the first whose expected time still fits, by what its like has taken
   * so far. None fits: what is left is not run, and said so. A cell that began is never cut short.
   */
  #next(): CellKey | undefined {
    const endsAt = this.#endsAtMs;
    if (endsAt === null) return this.#queue.shift();
    const cells = [...this.#cells.values()];
    const finished = cells.filter(({ state }) => state === 'done').length;
    const left = endsAt - judgingMs(finished) - this.#options.clock.monotonicMs();
    const expected = expectedMs(cells);
    const at = this.#queue.findIndex((key) => {
      const cell = this.#cells.get(key);
      return cell !== undefined && expected(cell) <= left;
    });
    if (at >= 0) return this.#queue.splice(at, 1)[0];
    this.#leaveOut(this.#queue.splice(0));
    return undefined;
  }

  /** What of the queue will run: all of it, or what the time limit has room for by what its like has taken so far. */
  #toRun(): ReadonlySet<CellKey> {
    const endsAt = this.#endsAtMs;
    if (endsAt === null) return new Set(this.#queue);
    const cells = [...this.#cells.values()];
    const expected = expectedMs(cells);
    const finished = cells.filter(({ state }) => state === 'done').length;
    const queued = this.#queue.flatMap((key) => {
      const cell = this.#cells.get(key);
      return cell === undefined ? [] : [{ key, estimatedMs: expected(cell) }];
    });
    const dropped = leftOut(queued, {
      timeLimitMs: endsAt - judgingMs(finished) - this.#options.clock.monotonicMs(),
      workers: Math.max(1, this.#lanes.length),
      busyMs: this.#lanes.map(({ cell, fraction }) =>
        cell === undefined ? 0 : expected(cell) * (1 - fraction),
      ),
    });
    return new Set(this.#queue.filter((key) => !dropped.has(key)));
  }

  #leaveOut(keys: readonly CellKey[]): void {
    const { store } = this.#options;
    const { id, config } = this.#audit;
    const cells = keys.flatMap((key) => this.#cells.get(key) ?? []);
    const reason = notRunReason(config.timeLimitMs ?? 0);
    store.cells.plan(
      id,
      cells.map((cell) => ({ ...cell, state: 'not-run', reason })),
    );
    for (const cell of cells) this.#cells.set(cell.key, { ...cell, state: 'not-run', reason });
    if (cells.length > 0)
      this.#options.log.warning(`${cells.length} cells are not run: the time limit leaves no room for them.`);
  }

  async #runCell(lane: Lane, cell: CellRow): Promise<void> {
    const { store, clock } = this.#options;
    lane.cell = cell;
    lane.fraction = 0;
    lane.stage = 'starting';
    store.cells.setRunning(cell.key, timestamp(clock));
    this.#announce(cell, 'running');
    try {
      const outcome = await lane.host.run<CellOutcome>(
        {
          kind: 'cell',
          key: cell.key,
          work: cell.work,
          config: this.#audit.config,
          preparation: this.#preparation,
          artifactFolder: store.artifactFolder,
        },
        (fraction, stage) => {
          lane.fraction = fraction;
          lane.stage = stage;
        },
      );
      // Which worker, for the picture of the run.
      const diagnostics = { ...outcome.diagnostics, worker: this.#lanes.indexOf(lane) + 1 };
      store.cells.finish(cell.key, { ...outcome, diagnostics }, timestamp(clock));
      this.#update(cell, { state: 'done', elapsedMs: outcome.elapsedMs });
    } catch (error) {
      await this.#failed(lane, cell, MoatError.from(error));
    } finally {
      lane.cell = undefined;
    }
    this.#report();
  }

  async #failed(lane: Lane, cell: CellRow, error: MoatError): Promise<void> {
    const { store, clock } = this.#options;
    if (endsProcess.has(error.code)) {
      await lane.host.stop(0);
      if (!this.#stopping) {
        lane.host = this.#start();
        if (this.#continueSmaller(cell, error)) return;
        const deaths = (this.#deaths.get(cell.key) ?? 0) + 1;
        this.#deaths.set(cell.key, deaths);
        if (deaths < MOST_ATTEMPTS && error.code !== 'device-out-of-memory') {
          this.#options.log.warning(
            `${cellLabel(cell)}: ${error.message} The cell is tried again from its last checkpoint.`,
          );
          this.#queue.unshift(cell.key);
          return;
        }
      }
    }
    // Stopped, not failed: the row stays "running" until the next requeue puts it back.
    if (this.#stopping && (error.code === 'cancelled' || endsProcess.has(error.code))) return;
    // The disk or the service, not the cell, is at fault: the audit stops and resumes later.
    if (stopsAudit(error.code)) throw error;
    this.#options.log.error(`${cellLabel(cell)}: ${error.message}`, error);
    store.cells.fail(cell.key, error.toJSON(), timestamp(clock));
    this.#update(cell, { state: 'failed', elapsedMs: null });
    this.#options.onEvent({
      type: 'cell',
      key: cell.key,
      state: 'failed',
      label: cellLabel(cell),
      error: error.toJSON(),
    });
  }

  /** A batch that did not fit: the cell ends, and one with a smaller batch and its own key takes its place. */
  #continueSmaller(cell: CellRow, error: MoatError): boolean {
    const { store, clock, log } = this.#options;
    const { id, config } = this.#audit;
    const smaller = withSmallerBatch(cell, error, this.#preparation.inputs, config.seed);
    if (smaller === undefined) return false;
    store.cells.fail(cell.key, error.toJSON(), timestamp(clock));
    store.cells.replace(id, cell.key, smaller);
    this.#cells.delete(cell.key);
    const row = store.cells.get(smaller.key);
    if (row === undefined) throw new MoatError('internal', `The cell ${smaller.key} was not stored.`);
    this.#cells.set(row.key, row);
    const isNew = row.state !== 'done' && row.state !== 'failed' && !this.#queue.includes(row.key);
    if (isNew) this.#queue.unshift(row.key);
    log.warning(
      `${cellLabel(cell)}: ${error.message} It is run with a smaller batch instead, as another cell.`,
    );
    return true;
  }

  #update(cell: CellRow, change: Pick<CellRow, 'state' | 'elapsedMs'>): void {
    const updated: CellRow = { ...cell, ...change };
    this.#cells.set(cell.key, updated);
    if (change.state === 'done') this.#announce(updated, 'done');
  }

  #announce(cell: CellRow, state: 'running' | 'done'): void {
    this.#options.onEvent({ type: 'cell', key: cell.key, state, label: cellLabel(cell) });
  }

  #tick(): void {
    if (!this.#stopping && this.#options.store.audits.cancelRequested(this.#audit.id)) this.#stop();
    this.#report();
  }

  #stop(): void {
    if (this.#stopping) return;
    this.#stopping = true;
    for (const lane of this.#lanes) {
      lane.host.cancel();
      // A cell deep in one native call cannot hear the request: it loses its time since the last checkpoint.
      setTimeout(() => {
        if (lane.cell !== undefined) void lane.host.stop(0);
      }, CANCEL_GRACE_MS).unref();
    }
  }

  #report(): void {
    const rows = [...this.#cells.values()].filter(
      (row) => row.state !== 'not-applicable' && row.state !== 'not-run',
    );
    const ended = rows.filter((row) => row.state === 'done' || row.state === 'failed').length;
    const active = this.#lanes.filter((lane) => lane.cell !== undefined);
    const running = new Map(active.map((lane) => [lane.cell?.key ?? ('' as CellKey), lane.fraction]));
    const inProgress = active.reduce((sum, lane) => sum + lane.fraction, 0);
    const toRun = this.#toRun();
    const total = ended + active.length + toRun.size;
    this.#options.onEvent({
      type: 'progress',
      cellsDone: ended,
      cellsTotal: total,
      fraction: total === 0 ? 1 : (ended + inProgress) / total,
      etaMs: remainingMs(rows, toRun, running, Math.max(1, this.#lanes.length)),
      running: active.map((lane) => ({
        ...(lane.cell === undefined ? {} : { key: lane.cell.key }),
        label: lane.cell === undefined ? '' : cellLabel(lane.cell),
        fraction: lane.fraction,
        stage: lane.stage,
      })),
    });
  }
}

/** One line that names a cell for people. */
function cellLabel(cell: Pick<CellRow, 'work' | 'attackLabel' | 'defenseLabel'>): string {
  const { work } = cell;
  const defense = defenseName(cell.defenseLabel ?? UNDEFENDED);
  if (work.kind === 'victim') return 'victim';
  if (work.kind === 'independent') return `independent encoder ${cell.attackLabel}`;
  if (work.kind === 'detection') return `alarms of ${defense} · seed ${work.seed}`;
  if (work.kind === 'honest') return `honest users of ${defense} · seed ${work.seed}`;
  return `${cell.attackLabel} on ${defense} · ${work.budget} queries · seed ${work.seed}`;
}
