import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { AuditConfig } from '../contract/audit.ts';
import type { AuditId } from '../contract/cell.ts';
import { MoatError } from '../contract/errors.ts';
import type { AuditResult } from '../contract/result.ts';
import { networkUse } from '../endpoint/endpoint.ts';
import { planCells, type PlannedCell } from '../plan/cells.ts';
import { preflightCost } from '../plan/cost.ts';
import { keepSmallerBatches } from '../plan/smaller-batch.ts';
import { summarizePlan, type PlanSummary } from '../plan/summary.ts';
import { usePlugins } from '../plugins/load.ts';
import { describeEnvironment } from '../report/environment.ts';
import type { AuditRow, CellRow, PreparationRecord, Store } from '../store/types.ts';
import { SpeedEstimate } from './eta.ts';
import type { Job } from './jobs.ts';
import { readRecord } from './prepared.ts';
import { CANCEL_GRACE_MS, guarded, TICK_MS, timestamp, type RunOptions } from './run-options.ts';
import { Schedule } from './schedule.ts';
import { forkWorker } from './worker-host.ts';

export type { RunOptions } from './run-options.ts';

export interface RunEnd {
  readonly auditId: AuditId;
  readonly result: AuditResult;
  readonly state: AuditResult['state'];
}

/** Starts a new audit and runs it to its end. */
export async function runAudit(config: AuditConfig, options: RunOptions): Promise<RunEnd> {
  const id = createAudit(config, options);
  // Cells are shared by key: what failed in an earlier audit of this database gets another chance in this one.
  return continueAudit(id, options, { failed: true });
}

/** Stores a new audit of which nothing has run yet: `continueAudit` runs it. */
export function createAudit(
  config: AuditConfig,
  options: Pick<RunOptions, 'store' | 'clock' | 'moatVersion' | 'deviceReason'>,
): AuditId {
  const { store, clock } = options;
  const id = randomBytes(4).toString('hex') as AuditId;
  store.audits.create({
    id,
    createdAt: timestamp(clock),
    moatVersion: options.moatVersion,
    config,
    environment: describeEnvironment(config, options.deviceReason),
  });
  return id;
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
  await usePlugins(audit.config.plugins);
  const beganAtMs = options.beganAtMs ?? clock.monotonicMs();
  store.audits.setState(id, 'preparing', timestamp(clock));
  try {
    const preparation = await preparationOf(audit, options);
    store.audits.setPreparation(id, preparation);
    const victim = preflightCost(audit.config, preparation.preflight);
    const cells = planCells(audit.config, preparation.inputs, victim);
    const before = store.cells.byAudit(id);
    store.cells.plan(id, keepLeftOut(keepSmallerBatches(cells, before), before));
    // After planning: a cell left behind by another audit's dead runner is now one of ours too.
    store.cells.requeue(id, retry);
    store.audits.setState(id, 'running', timestamp(clock));
    await new Schedule(store.audits.get(id) ?? audit, preparation, options, beganAtMs).run();
  } catch (error) {
    const known = MoatError.from(error);
    const cancelled = known.code === 'cancelled';
    // A full disk takes no more rows, not even this one: the next process then finds the audit interrupted.
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

/** What a time limit left no room for stays left out when the audit goes on. */
function keepLeftOut(planned: readonly PlannedCell[], stored: readonly CellRow[]): readonly PlannedCell[] {
  const reasons = new Map(
    stored.flatMap(({ key, state, reason }) => (state === 'not-run' ? [[key, reason] as const] : [])),
  );
  return planned.map((cell) =>
    reasons.has(cell.key) ? { ...cell, state: 'not-run', reason: reasons.get(cell.key) ?? null } : cell,
  );
}

/** Judges, in a worker, what is in the store now; stores and returns the result. */
async function judgeStored(id: AuditId, options: RunOptions): Promise<RunEnd> {
  const { store, clock } = options;
  const stopped = store.cells.byAudit(id).some(({ state }) => state === 'pending' || state === 'running');
  const at = timestamp(clock);
  const state = stopped ? 'cancelled' : 'completed';
  const stored = store.audits.get(id);
  if (stored === undefined) throw new MoatError('audit-unknown', `This database has no audit ${id}.`);
  const result = await judgeAudit({ ...stored, state, finishedAt: at }, options);
  // The report before the state: a kill in between leaves an audit that resumes, not one without a report.
  store.reports.save(id, result, at);
  store.audits.setState(id, state, at);
  return { auditId: id, result, state: result.state };
}

/** What the cells in the store amount to now, judged in a worker; stores nothing. */
export async function judgeAudit(
  audit: AuditRow,
  options: Pick<RunOptions, 'store' | 'log' | 'startWorker'>,
): Promise<AuditResult> {
  const { store } = options;
  const worker = (options.startWorker ?? forkWorker)((message) => options.log.info(message));
  try {
    const { encoder: url, endpoint: settings } = audit.config;
    const network = settings === undefined ? undefined : networkUse({ url, settings }, store.artifactFolder);
    const cells = store.cells.byAudit(audit.id);
    const measurements = store.measurements.byAudit(audit.id);
    const job: Job = { kind: 'judge', audit, cells, measurements, network };
    return await worker.run<AuditResult>(job, () => undefined);
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
  const beganAtMs = options.beganAtMs ?? options.clock.monotonicMs();
  const preparation = await prepare(config, options);
  const victim = preflightCost(config, preparation.preflight);
  const cells = planCells(config, preparation.inputs, victim);
  const spentMs = options.clock.monotonicMs() - beganAtMs;
  return { preparation, cells, summary: summarizePlan(config, cells, { spentMs }) };
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
  const estimate = new SpeedEstimate();
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
          etaMs: estimate.observe(options.clock.monotonicMs(), fraction),
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
