import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AuditConfig } from '../contract/audit.ts';
import type { CellOutcome, CellWork, Measurement } from '../contract/cell.ts';
import { silentLog } from '../contract/context.ts';
import { MoatError } from '../contract/errors.ts';
import type { RunEvent } from '../contract/events.ts';
import { completeAttack } from '../attacks/resolve.ts';
import { parseChain } from '../defenses/chain.ts';
import { buildResult } from '../report/build.ts';
import { exampleConfig, examplePreparation, fixedClock } from '../store/fixtures/example.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/types.ts';
import type { Job } from './jobs.ts';
import { continueAudit, runAudit, type RunOptions } from './runner.ts';
import type { StartWorker } from './worker-host.ts';

/** The runner with the real store and workers that only pretend to compute. */

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-runner-'));
  store = openStore(path.join(folder, 'x.db'), { mode: 'write', clock: fixedClock });
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const config: AuditConfig = {
  ...exampleConfig,
  attacks: [
    completeAttack({ id: 'no-victim', config: {} }),
    completeAttack({ id: 'direct-extraction', config: {} }),
  ],
  defenses: [[], parseChain('rounding')],
  budgets: [500],
  seeds: 2,
  workers: 2,
};

const fraction = (metric: string, value: number): Measurement => ({
  metric,
  task: 'shapes',
  value,
  unit: 'fraction',
  n: 4,
  items: Float32Array.of(1, value > 0.5 ? 1 : 0, 0, 1),
});

function pretend(work: CellWork): CellOutcome {
  const measurements =
    work.kind === 'honest'
      ? [
          'clean-probe-accuracy',
          'clean-knn-accuracy',
          'honest-probe-accuracy',
          'honest-knn-accuracy',
          'honest-recall-10',
        ].map((metric) => fraction(metric, 0.75))
      : [
          'probe-accuracy',
          'knn-accuracy',
          'few-label-probe-accuracy',
          'cka',
          'neighbor-overlap-10',
          'agreement',
        ].map((metric) => fraction(metric, 0.75));
  return { measurements, diagnostics: {}, ledger: [], artifacts: [], elapsedMs: 10 };
}

/** @param answer throws to fail a job; the number counts the jobs of all workers from 0 */
function workers(answer: (job: Job, index: number) => unknown): StartWorker {
  let jobs = 0;
  return () => ({
    async run<Result>(job: unknown): Promise<Result> {
      const asked = job as Job;
      await new Promise((resolve) => setImmediate(resolve));
      if (asked.kind === 'prepare') return examplePreparation as Result;
      return (asked.kind === 'judge' ? buildResult(asked) : answer(asked, jobs++)) as Result;
    },
    cancel: () => undefined,
    stop: () => Promise.resolve(),
  });
}

function options(startWorker: StartWorker, change: Partial<RunOptions> = {}): RunOptions {
  return {
    store,
    clock: fixedClock,
    log: silentLog,
    signal: new AbortController().signal,
    onEvent: () => undefined,
    moatVersion: '0.0.0',
    startWorker,
    ...change,
  };
}

const states = (): readonly string[] =>
  store.audits.list().flatMap((audit) => store.cells.byAudit(audit.id).map((cell) => cell.state));
const workOf = (job: Job): CellWork => (job.kind === 'cell' ? job.work : { kind: 'victim', seed: 0 });

test('every planned cell ends, and the result is stored', async () => {
  const end = await runAudit(config, options(workers((job) => pretend(workOf(job)))));
  expect(end.state).toBe('completed');
  // One victim; per seed one control, one pair undefended, one pair and the honest users of rounding.
  expect(states().filter((state) => state === 'done').length).toBeGreaterThanOrEqual(9);
  expect(store.reports.get(end.auditId)).toEqual(end.result);
});

test('a failing cell is a recorded result, the audit goes on and nothing reads it as a pass', async () => {
  const end = await runAudit(
    config,
    options(
      workers((job) => {
        const work = workOf(job);
        if (work.kind === 'attack' && work.defense.length > 0)
          throw new MoatError('training-diverged', 'The loss became NaN at step 3.');
        return pretend(work);
      }),
    ),
  );
  expect(end.state).toBe('completed');
  expect(new Set(states())).toEqual(new Set(['done', 'failed']));
  const failed = end.result.matrix.filter((cell) => cell.defense === 'rounding');
  expect(failed.map((cell) => [cell.state, cell.errorCode])).toEqual(
    failed.map(() => ['failed', 'training-diverged']),
  );
  expect(end.result.verdicts.find(({ defense }) => defense === 'rounding')?.verdict).not.toBe('pass');
});

test('a worker that dies once has its cell tried again; twice, and the cell is given up', async () => {
  let deaths = 0;
  await runAudit(
    config,
    options(
      workers((job, index) => {
        if (index === 1 && deaths++ === 0) throw new MoatError('worker-died', 'Killed.');
        return pretend(workOf(job));
      }),
    ),
  );
  expect(new Set(states())).toEqual(new Set(['done']));
});

test('a cell on which every worker dies is recorded as failed', async () => {
  await runAudit(
    { ...config, workers: 1 },
    options(
      workers((job) => {
        const work = workOf(job);
        if (work.kind === 'victim') throw new MoatError('worker-died', 'Killed.');
        return pretend(work);
      }),
    ),
  );
  expect(states().filter((state) => state === 'failed')).toHaveLength(1);
});

test('a stopped audit keeps what it has and resumes with the rest', async () => {
  const controller = new AbortController();
  const seen: string[] = [];
  const record = (job: Job): CellOutcome => {
    if (job.kind === 'cell') seen.push(job.key);
    return pretend(workOf(job));
  };
  const stopped = await runAudit(
    config,
    options(
      workers((job, index) => {
        if (index === 3) controller.abort();
        return record(job);
      }),
      { signal: controller.signal },
    ),
  );
  expect(stopped.state).toBe('cancelled');
  expect(states()).toContain('pending');
  const resumed = await continueAudit(stopped.auditId, options(workers(record)));
  expect(resumed.state).toBe('completed');
  expect(new Set(seen).size).toBe(seen.length);
});

test('a full disk stops the audit with its own code; what was stored stays', async () => {
  await expect(
    runAudit(
      config,
      options(
        workers((job, index) => {
          if (index >= 2) throw new MoatError('disk-full', 'No space left.');
          return pretend(workOf(job));
        }),
      ),
    ),
  ).rejects.toMatchObject({ code: 'disk-full' });
  expect(states().filter((state) => state === 'done').length).toBeGreaterThan(0);
  expect(states()).not.toContain('failed');
});

test('progress counts up to all cells and never past', async () => {
  const events: RunEvent[] = [];
  await runAudit(
    config,
    options(
      workers((job) => pretend(workOf(job))),
      { onEvent: (event) => events.push(event) },
    ),
  );
  const progress = events.filter((event) => event.type === 'progress' && event.cellsTotal > 0);
  const last = progress.at(-1);
  expect(last).toMatchObject({ fraction: 1, etaMs: 0 });
  expect(progress.every((event) => event.type === 'progress' && event.fraction <= 1)).toBe(true);
});
