/** Entry of a worker process: takes one job at a time over IPC, answers with data. */
import process from 'node:process';
import { MoatError } from '../contract/errors.ts';
import type { WorkerReply, WorkerRequest } from '../contract/events.ts';
import { buildResult } from '../report/build.ts';
import { createCellExecutor } from './execute-cell.ts';
import type { Job, JobContext } from './jobs.ts';
import { prepareAudit } from './prepare.ts';
import { createAnswers, isQuestion } from './questions.ts';
import { usePlugins } from '../plugins/load.ts';
import { systemClock } from './system-clock.ts';

const PROGRESS_EVERY_MS = 200;

let controller = new AbortController();
const executor = createCellExecutor({ clock: systemClock });
const answer = createAnswers(systemClock);

function reply(message: WorkerReply): void {
  if (process.connected) process.send?.(message);
}

/** At most five reports a second: a cell with thousands of steps must not flood the runner. */
function throttled(): (fraction: number, stage: string) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (fraction, stage) => {
    const now = systemClock.monotonicMs();
    if (now - last < PROGRESS_EVERY_MS) return;
    last = now;
    reply({ type: 'progress', fraction, stage });
  };
}

async function work(job: Job): Promise<void> {
  controller = new AbortController();
  const context = {
    signal: controller.signal,
    progress: throttled(),
    log: (message: string) => reply({ type: 'log', message }),
  };
  try {
    reply({ type: 'done', outcome: await outcomeOf(job, context) });
  } catch (error) {
    reply({ type: 'failed', error: MoatError.from(error).toJSON() });
  }
}

async function outcomeOf(job: Job, context: JobContext): Promise<unknown> {
  if (isQuestion(job)) return answer(job);
  await usePlugins(job.kind === 'judge' ? job.audit.config.plugins : job.config.plugins);
  if (job.kind === 'prepare') return prepareAudit(job, { ...context, clock: systemClock });
  if (job.kind === 'cell') return executor.execute(job, context);
  return buildResult(job);
}

// Ctrl-C reaches the whole process group; only the runner decides what it means.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', (request: WorkerRequest) => {
  if (request.type === 'cancel') controller.abort();
  else void work(request.job as Job);
});
reply({ type: 'ready' });
