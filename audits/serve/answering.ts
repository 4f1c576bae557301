import { MoatError, type ErrorCode } from '../contract/errors.ts';
import type { Answers, Question } from '../run/questions.ts';
import { forkWorker, type StartWorker, type WorkerHost } from '../run/worker-host.ts';
import type { ServeContext } from './method.ts';

/** Loading the engine's parts takes a second: whoever changes a setting asks again before this is over. */
const IDLE_MS = 60_000;
/** Nobody waits longer in front of a form. */
const LONGEST_MS = 180_000;
const GRACE_MS = 500;

/** What a question that ended its process is answered with. */
const deathOf: Readonly<Record<Question['kind'], { readonly code: ErrorCode; readonly what: string }>> = {
  inspect: { code: 'encoder-failed', what: 'looked at this encoder' },
  look: { code: 'dataset-unreadable', what: 'looked at this data' },
  estimate: { code: 'internal', what: 'estimated this audit' },
};

/**
 * A process that answers one question after the other and is ended when nobody asks any more. One that dies or takes too
 * long costs its question, and the next one gets a new process.
 */
export class Answering {
  readonly #start: StartWorker;
  readonly #log: (message: string) => void;
  readonly #longestMs: number;
  #worker: WorkerHost | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(start: StartWorker, log: (message: string) => void, longestMs = LONGEST_MS) {
    this.#start = start;
    this.#log = log;
    this.#longestMs = longestMs;
  }

  /** @throws MoatError as the job, or that its process ended */
  ask<Kind extends Question['kind']>(question: Extract<Question, { kind: Kind }>): Promise<Answers[Kind]> {
    clearTimeout(this.#idle);
    this.#waiting++;
    const answer = this.#last.then(() => this.#answer<Answers[Kind]>(question));
    this.#last = answer.catch(() => undefined).finally(() => this.#rest());
    return answer;
  }

  async stop(): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.stop(GRACE_MS);
  }

  async #answer<Answer>(question: Question): Promise<Answer> {
    const worker = (this.#worker ??= this.#start(this.#log));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      void worker.stop(0);
    }, this.#longestMs);
    try {
      return await worker.run<Answer>(question, () => undefined);
    } catch (thrown) {
      const error = MoatError.from(thrown);
      if (error.code !== 'worker-died') throw error;
      if (this.#worker === worker) this.#worker = undefined;
      const { code, what } = deathOf[question.kind];
      const why = late
        ? `took longer than ${this.#longestMs / 1000} s and was ended`
        : 'ended unexpectedly; the file may be damaged';
      throw new MoatError(code, `The process that ${what} ${why}.`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  #rest(): void {
    this.#waiting--;
    if (this.#waiting === 0) this.#idle = setTimeout(() => void this.stop(), IDLE_MS).unref();
  }
}

/** Each engine's own, for as long as the engine lives. An encoder that takes long holds up no estimate. */
const answeringOf = new WeakMap<ServeContext, Readonly<Record<'encoder' | 'data', Answering>>>();

export function ask<Kind extends Question['kind']>(
  context: ServeContext,
  question: Extract<Question, { kind: Kind }>,
): Promise<Answers[Kind]> {
  const both = answeringOf.get(context) ?? openBoth(context);
  return (question.kind === 'inspect' ? both.encoder : both.data).ask<Kind>(question);
}

/** Ends the processes; for an engine that ends. */
export async function stopAnswering(context: ServeContext): Promise<void> {
  const both = answeringOf.get(context);
  answeringOf.delete(context);
  await Promise.all([both?.encoder.stop(), both?.data.stop()]);
}

function openBoth(context: ServeContext): Readonly<Record<'encoder' | 'data', Answering>> {
  const start = context.startWorker ?? forkWorker;
  const open = (): Answering => new Answering(start, (message) => context.log.info(message));
  const both = { encoder: open(), data: open() };
  answeringOf.set(context, both);
  context.whenClosing(() => stopAnswering(context));
  return both;
}
