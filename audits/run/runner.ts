import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { AuditConfig } from '../contract/audit.ts';
import type { AuditId, CellKey, CellOutcome } from '../contract/cell.ts';
import type { Clock, Log } from '../contract/context.ts';
import { MoatError } from '../contract/errors.ts';
import type { RunEvent } from '../contract/events.ts';
import type { AuditResult } from '../contract/result.ts';
import { planCells, type PlannedCell } from '../plan/cells.ts';
import { summarizePlan, type PlanSummary } from '../plan/summary.ts';
import { describeEnvironment } from '../report/environment.ts';
import type { AuditRow, CellRow, PreparationRecord, Store } from '../store/types.ts';
import { remainingMs } from './eta.ts';
import type { Job } from './jobs.ts';
import { readRecord } from './prepared.ts';
import { forkWorker, type StartWorker, type WorkerHost } from './worker-host.ts';

export interface RunOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborting stops at the next safe point; everything finished is kept. */
  readonly signal: AbortSignal;
  onEvent(event: RunEvent): void;
  readonly moatVersion: string;
  readonly startWorker?: StartWorker;
}

export interface RunEnd {
  readonly auditId: AuditId;
  readonly result: AuditResult;
  readonly state: AuditResult['state'];
}

/** A cell in progress gets this long to reach a safe point after a cancel before its process is ended. */
const CANCEL_GRACE_MS = 5000;
const TICK_MS = 250;
/** A dead worker may be bad luck (memory pressure); twice on the same cell is the cell's own doing. */
const MOST_ATTEMPTS = 2;

/** Starts a new audit and runs it to its end. */
export async function runAudit(config: AuditConfig, options: RunOptions): Promise<RunEnd> {
  const { store, clock } = options;
  const id = randomBytes(4).toString('hex') as AuditId;
  store.audits.create({
    id,
    createdAt: timestamp(clock),
    moatVersion: options.moatVersion,
    config,
    environment: describeEnvironment(config.engine),
  });
  // Cells are shared by key: what failed in an earlier audit of this database gets another chance in this one.
  return continueAudit(id, options, { failed: true });
}

/**
 * Runs what is left of a stored audit. Cells that a dead runner left behind start from their last checkpoint.
 * @throws MoatError `audit-unknown`, and whatever made the preparation impossible
 */
export async function continueAudit(
  id: AuditId,
  options: RunOptions,
  retry: { readonly failed: boolean } = { failed: false },
): Promise<RunEnd> {
  const { store, clock } = options;
  const audit = store.audits.get(id);
  if (audit === undefined) throw new MoatError('audit-unknown', `This database has no audit ${id}.`);
  store.audits.setState(id, 'preparing', timestamp(clock));
  try {
    const preparation = await preparationOf(audit, options);
    store.audits.setPreparation(id, preparation);
    store.cells.plan(id, planCells(audit.config, preparation.inputs));
    // After planning: a cell left behind by another audit's dead runner is now one of ours too.
    store.cells.requeue(id, retry);
    store.audits.setState(id, 'running', timestamp(clock));
    await new Schedule(store.audits.get(id) ?? audit, preparation, options).run();
  } catch (error) {
    const known = MoatError.from(error);
    const cancelled = known.code === 'cancelled';
    // A full disk takes no more rows, not even this one: the audit is then found as interrupted.
    try {
      store.audits.setState(id, cancelled ? 'cancelled' : 'failed', timestamp(clock), known.toJSON());
    } catch (storeError) {
      options.log.error('the audit’s state could not be stored', storeError);
    }
    throw new MoatError(known.code, known.message, {
      details: { ...known.details, auditId: id },
      cause: error,
    });
  }
  options.onEvent({ type: 'stage', stage: 'judging', sentence: 'Judging' });
  return judgeStored(id, options);
}

/** Judges, in a worker, what is in the store now; stores and returns the result. */
async function judgeStored(id: AuditId, options: RunOptions): Promise<RunEnd> {
  const { store, clock } = options;
  const cells = store.cells.byAudit(id);
  const stopped = cells.some((cell) => cell.state === 'pending' || cell.state === 'running');
  const at = timestamp(clock);
  const state = stopped ? 'cancelled' : 'completed';
  const stored = store.audits.get(id);
  if (stored === undefined) throw new MoatError('audit-unknown', `This database has no audit ${id}.`);
  const audit: AuditRow = { ...stored, state, finishedAt: at };
  const worker = (options.startWorker ?? forkWorker)((message) => options.log.info(message));
  try {
    const job: Job = { kind: 'judge', audit, cells, measurements: store.measurements.byAudit(id) };
    const result = await worker.run<AuditResult>(job, () => undefined);
    // The report before the state: a kill in between leaves an audit that resumes, not one without a report.
    store.reports.save(id, result, at);
    store.audits.setState(id, state, at);
    return { auditId: id, result, state: result.state };
  } finally {
    await worker.stop(CANCEL_GRACE_MS);
  }
}

/** What an audit would do: prepares (decodes, embeds) for real, so that the plan speaks of the rows at hand. */
export async function planAudit(
  config: AuditConfig,
  options: Omit<RunOptions, 'store'> & { readonly artifactFolder: string },
): Promise<{
  readonly preparation: PreparationRecord;
  readonly cells: readonly PlannedCell[];
  readonly summary: PlanSummary;
}> {
  const preparation = await prepare(config, options);
  const cells = planCells(config, preparation.inputs);
  return { preparation, cells, summary: summarizePlan(config, cells) };
}

/** The stored preparation while its files are still there, else a new one. */
async function preparationOf(audit: AuditRow, options: RunOptions): Promise<PreparationRecord> {
  const { preparation } = audit;
  const { artifactFolder, audits } = options.store;
  if (preparation !== null && readRecord(path.join(artifactFolder, preparation.folder)) !== undefined)
    return preparation;
  return prepare(audit.config, options, () => audits.cancelRequested(audit.id));
}

async function prepare(
  config: AuditConfig,
  options: Omit<RunOptions, 'store'> & ({ readonly store: Store } | { readonly artifactFolder: string }),
  cancelRequested: () => boolean = () => false,
): Promise<PreparationRecord> {
  options.onEvent({ type: 'stage', stage: 'preparing', sentence: 'Reading the encoder and the images' });
  const worker = (options.startWorker ?? forkWorker)((message) => options.log.info(message));
  let stopped = false;
  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    worker.cancel();
    setTimeout(() => void worker.stop(0), CANCEL_GRACE_MS).unref();
  };
  const timer = setInterval(() => guarded(options.log, () => cancelRequested() && stop()), TICK_MS);
  options.signal.addEventListener('abort', stop, { once: true });
  try {
    if (options.signal.aborted) throw new MoatError('cancelled', 'The audit was stopped before it began.');
    const artifactFolder = 'store' in options ? options.store.artifactFolder : options.artifactFolder;
    return await worker.run<PreparationRecord>(
      { kind: 'prepare', config, artifactFolder },
      (fraction, stage) =>
        options.onEvent({
          type: 'progress',
          cellsDone: 0,
          cellsTotal: 0,
          fraction: 0,
          etaMs: null,
          running: [{ label: 'preparation', fraction, stage }],
        }),
    );
  } catch (error) {
    if (stopped && MoatError.from(error).code === 'worker-died')
      throw new MoatError('cancelled', 'The preparation was stopped.');
    throw error;
  } finally {
    clearInterval(timer);
    options.signal.removeEventListener('abort', stop);
    await worker.stop(CANCEL_GRACE_MS);
  }
}

/** For timers: an error there (a busy database, say) is logged and the run goes on. */
function guarded(log: Log, action: () => unknown): void {
  try {
    action();
  } catch (error) {
    log.warning(`a look at the database failed and is tried again: ${MoatError.from(error).message}`);
  }
}

function timestamp(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}

interface Lane {
  host: WorkerHost;
  cell: CellRow | undefined;
  fraction: number;
  stage: string;
}

/** Hands cells to workers in the planned order, stores what comes back, keeps going when one fails. */
class Schedule {
  readonly #audit: AuditRow;
  readonly #preparation: PreparationRecord;
  readonly #options: RunOptions;
  readonly #cells: Map<CellKey, CellRow>;
  readonly #queue: CellKey[];
  readonly #lanes: Lane[] = [];
  readonly #deaths = new Map<CellKey, number>();
  #stopping = false;

  constructor(audit: AuditRow, preparation: PreparationRecord, options: RunOptions) {
    this.#audit = audit;
    this.#preparation = preparation;
    this.#options = options;
    const rows = options.store.cells.byAudit(audit.id);
    this.#cells = new Map(rows.map((row) => [row.key, row]));
    this.#queue = rows.filter((row) => row.state === 'pending').map((row) => row.key);
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    this.#options.onEvent({
      type: 'stage',
      stage: 'running',
      sentence: `Running ${this.#queue.length} cells`,
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
      const key = this.#queue.shift();
      const cell = key === undefined ? undefined : this.#cells.get(key);
      if (cell === undefined) return;
      await this.#runCell(lane, cell);
    }
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
      store.cells.finish(cell.key, outcome, timestamp(clock));
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
    if (error.code === 'worker-died') {
      await lane.host.stop(0);
      if (!this.#stopping) {
        lane.host = this.#start();
        const deaths = (this.#deaths.get(cell.key) ?? 0) + 1;
        this.#deaths.set(cell.key, deaths);
        if (deaths < MOST_ATTEMPTS) {
          this.#options.log.warning(
            `${cellLabel(cell)}: ${error.message} It is tried again from its last checkpoint.`,
          );
          this.#queue.unshift(cell.key);
          return;
        }
      }
    }
    // Stopped, not failed: the row stays "running" until the next requeue puts it back.
    if (this.#stopping && (error.code === 'cancelled' || error.code === 'worker-died')) return;
    // The disk, not the cell, is at fault: nothing more can be kept, so the audit stops and resumes later.
    if (error.code === 'disk-full') throw error;
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
    this.#options.onEvent({
      type: 'progress',
      cellsDone: ended,
      cellsTotal: rows.length,
      fraction: rows.length === 0 ? 1 : (ended + inProgress) / rows.length,
      etaMs: remainingMs(rows, new Set(this.#queue), running, Math.max(1, this.#lanes.length)),
      running: active.map((lane) => ({
        label: lane.cell === undefined ? '' : cellLabel(lane.cell),
        fraction: lane.fraction,
        stage: lane.stage,
      })),
    });
  }
}

/** One line that names a cell for people. */
export function cellLabel(cell: Pick<CellRow, 'work' | 'attackLabel' | 'defenseLabel'>): string {
  const { work } = cell;
  if (work.kind === 'victim') return 'victim';
  if (work.kind === 'honest') return `honest users of ${cell.defenseLabel} · seed ${work.seed}`;
  return `${cell.attackLabel} on ${cell.defenseLabel} · ${work.budget} queries · seed ${work.seed}`;
}
