import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AuditConfig } from '../contract/audit.ts';
import type { AuditId, CellOutcome, CellWork, Measurement } from '../contract/cell.ts';
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

/** What a worker says whose device does not hold a batch of more than `most` images. */
function tooLarge(work: CellWork, most: number): MoatError | undefined {
  if (work.kind !== 'attack' || work.attack.id !== 'direct-extraction') return undefined;
  const { batchSize } = work.surrogate;
  if (batchSize <= most) return undefined;
  return new MoatError('device-out-of-memory', `A batch of ${batchSize} images does not fit.`, {
    details: { batchSize, smallerBatchSize: Math.floor(batchSize / 2) },
  });
}

const attackCells = (id: AuditId) =>
  store.cells
    .byAudit(id)
    .flatMap(({ key, state, work }) =>
      work.kind === 'attack' && work.attack.id === 'direct-extraction'
        ? [{ key, state, batchSize: work.surrogate.batchSize }]
        : [],
    );

test('a batch that does not fit is halved until it does, under another key, and the result says so', async () => {
  const asked = { ...config, surrogate: { ...config.surrogate, batchSize: 64 } };
  const whole = await runAudit(asked, options(workers((job) => pretend(workOf(job)))));
  const before = attackCells(whole.auditId);
  const tried: number[] = [];
  const small = workers((job) => {
    const work = workOf(job);
    if (work.kind === 'attack' && work.attack.id === 'direct-extraction')
      tried.push(work.surrogate.batchSize);
    const error = tooLarge(work, 16);
    if (error !== undefined) throw error;
    return pretend(work);
  });
  // Another seed: cells of the first audit would be reused.
  const end = await runAudit({ ...asked, seed: 5 }, options(small));
  const cells = attackCells(end.auditId);
  expect(cells).toHaveLength(before.length);
  expect(new Set(cells.map(({ batchSize }) => batchSize))).toEqual(new Set([16]));
  expect(cells.every(({ state }) => state === 'done')).toBe(true);
  expect(new Set(tried)).toEqual(new Set([64, 32, 16]));
  expect(cells.some(({ key }) => before.some((other) => other.key === key))).toBe(false);
  expect(end.result.flags.find(({ id }) => id === 'smaller-batch')?.sentence).toContain(
    'batches of 16 instead of 64 images',
  );
  expect(end.result.matrix.every(({ state }) => state === 'done')).toBe(true);
});

test('an audit that goes on keeps its smaller batches, also in plan and order', async () => {
  const controller = new AbortController();
  const asked = { ...config, workers: 1, surrogate: { ...config.surrogate, batchSize: 64 } };
  const small = workers((job) => {
    const error = tooLarge(workOf(job), 32);
    if (error !== undefined) throw error;
    // The first smaller batch is the last cell before the stop.
    if (workOf(job).kind === 'attack' && tooLarge(workOf(job), 0) !== undefined) controller.abort();
    return pretend(workOf(job));
  });
  const stopped = await runAudit(asked, options(small, { signal: controller.signal }));
  expect(stopped.state).toBe('cancelled');
  const [first] = attackCells(stopped.auditId);
  expect(first).toMatchObject({ state: 'done', batchSize: 32 });
  const count = store.cells.byAudit(stopped.auditId).length;
  const end = await continueAudit(stopped.auditId, options(small));
  expect(end.state).toBe('completed');
  expect(store.cells.byAudit(end.auditId)).toHaveLength(count);
  expect(attackCells(end.auditId)[0]).toEqual(first);
});

test('a batch that never fits fails, and is not tried for ever', async () => {
  let tried = 0;
  const never = workers((job) => {
    const work = workOf(job);
    const error = tooLarge(work, 0);
    if (error === undefined) return pretend(work);
    tried += 1;
    // The training of two images asks for none smaller.
    const hasSmaller = Number(error.details['batchSize']) > 2;
    throw hasSmaller ? error : new MoatError('device-out-of-memory', 'Two images do not fit.');
  });
  const asked = { ...config, surrogate: { ...config.surrogate, batchSize: 8 } };
  const end = await runAudit(asked, options(never));
  const cells = attackCells(end.auditId);
  expect(cells.every(({ state, batchSize }) => state === 'failed' && batchSize === 2)).toBe(true);
  expect(tried).toBe(3 * cells.length);
});

test('a lost device costs a cell its time, not its result', async () => {
  let lost = 0;
  const flaky = workers((job, index) => {
    if (index === 0) {
      lost += 1;
      throw new MoatError('device-lost', 'The device webgpu was lost.');
    }
    return pretend(workOf(job));
  });
  const end = await runAudit(config, options(flaky));
  expect([lost, end.state]).toEqual([1, 'completed']);
  expect(states()).not.toContain('failed');
});

test('a time limit: what fits by what cells have taken so far is run, the rest is not, and a resume keeps to it', async () => {
  let now = 0;
  const clock = { now: () => fixedClock.now(), monotonicMs: () => now };
  const asked = { ...config, seeds: 3, workers: 1, timeLimitMs: 100_000 };
  const slow = workers((job) => {
    now += 12_000;
    return { ...pretend(workOf(job)), elapsedMs: 12_000 };
  });
  const events: RunEvent[] = [];
  const end = await runAudit(asked, options(slow, { clock, onEvent: (event) => events.push(event) }));
  expect(end.state).toBe('completed');
  // Eight cells of twelve seconds fit into a hundred; a ninth would not.
  expect(now).toBe(96_000);
  // Progress is about the cells that fit, and never promises more time than the limit has.
  const progress = events.filter((event) => event.type === 'progress');
  expect(progress.length).toBeGreaterThan(7);
  expect(Math.max(...progress.map(({ etaMs }) => etaMs ?? 0))).toBeLessThanOrEqual(100_000);
  expect(progress.at(-1)).toMatchObject({ cellsDone: 8, fraction: 1, etaMs: 0 });
  const cells = store.cells.byAudit(end.auditId);
  expect(cells.filter(({ state }) => state === 'done')).toHaveLength(8);
  const left = cells.filter(({ state }) => state === 'not-run');
  expect(left).toHaveLength(cells.length - 8);
  expect(left[0]?.reason).toContain('no time left');
  expect(end.result.matrix.filter(({ state }) => state === 'not-run').length).toBeGreaterThan(0);
  expect(end.result.verdicts.every(({ verdict }) => verdict !== 'pass')).toBe(true);
  const again = await continueAudit(end.auditId, options(slow, { clock }));
  expect(store.cells.byAudit(again.auditId).filter(({ state }) => state === 'done')).toHaveLength(8);
});

test('a time limit counts from the start of the command, and leaves room for judging', async () => {
  let now = 0;
  const clock = { now: () => fixedClock.now(), monotonicMs: () => now };
  const slow = workers((job) => {
    now += 12_000;
    return { ...pretend(workOf(job)), elapsedMs: 12_000 };
  });
  const asked = { ...config, seeds: 3, workers: 1, timeLimitMs: 100_000 };
  await runAudit(asked, options(slow, { clock, beganAtMs: -51_000 }));
  // 49 s are left and would hold four cells of twelve, were it not for what judging takes.
  expect(now).toBe(36_000);
});
