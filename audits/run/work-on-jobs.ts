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

/** One end of what a worker and its runner talk over. */
export interface JobChannel {
  readonly reply: (message: WorkerReply) => void;
  readonly listen: (listener: (request: WorkerRequest) => void) => void;
}

/** What a worker process does: takes one job at a time, answers with data. */
export function workOnJobs(channel: JobChannel): void {
  let controller = new AbortController();
  const executor = createCellExecutor({ clock: systemClock });
  const answer = createAnswers(systemClock);

  async function outcomeOf(job: Job, context: JobContext): Promise<unknown> {
    if (isQuestion(job)) return answer(job);
    await usePlugins(job.kind === 'judge' ? job.audit.config.plugins : job.config.plugins);
    if (job.kind === 'prepare') return prepareAudit(job, { ...context, clock: systemClock });
    if (job.kind === 'cell') return executor.execute(job, context);
    return buildResult(job);
  }

  async function work(job: Job): Promise<void> {
    controller = new AbortController();
    const context = {
      signal: controller.signal,
      progress: throttled(channel.reply),
      log: (message: string) => channel.reply({ type: 'log', message }),
    };
    try {
      channel.reply({ type: 'done', outcome: await outcomeOf(job, context) });
    } catch (error) {
      channel.reply({ type: 'failed', error: MoatError.from(error).toJSON() });
    }
  }

  channel.listen((request) => {
    if (request.type === 'cancel') controller.abort();
    else void work(request.job as Job);
  });
  channel.reply({ type: 'ready' });
}

/** At most five reports a second: a cell with thousands of steps must not flood the runner. */
function throttled(reply: JobChannel['reply']): (fraction: number, stage: string) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (fraction, stage) => {
    const now = systemClock.monotonicMs();
    if (now - last < PROGRESS_EVERY_MS) return;
    last = now;
    reply({ type: 'progress', fraction, stage });
  };
}
