import type { Measurement } from '../contract/cell.ts';
import type { Clock } from '../contract/context.ts';
import { matrix, selectRows, type Matrix } from '../contract/data.ts';
import type { DefenseSession, MethodSpec, ProviderStatistics } from '../contract/method.ts';
import { openChainSession, type Recordings } from '../defenses/chain.ts';
import type { TaskEmbeddings } from '../metrics/evaluate.ts';
import { evaluateHonestUser, measureDrift, shareOf } from '../metrics/evaluate-honest.ts';
import { honestUsers } from '../metrics/honest-users.ts';
import type { MetricContext } from '../metrics/metric.ts';
import type { Rng } from '../rng.ts';

/** A task as honest users meet it: clean embeddings and the identity of every image. */
export interface HonestTask {
  readonly clean: TaskEmbeddings;
  readonly fitHashes: readonly string[];
  readonly scoreHashes: readonly string[];
  /** The victim's projections of the same images, where it has them. */
  readonly fitProjections?: Matrix | undefined;
  readonly scoreProjections?: Matrix | undefined;
}

export interface HonestOptions {
  readonly defense: readonly MethodSpec[];
  readonly calibration: readonly ProviderStatistics[];
  /** The service's key. */
  readonly key: Rng;
  /** Which rows are whose. */
  readonly users: Rng;
  readonly clock: Clock;
  /** Recorded tables which the defense answers from. */
  readonly recordings?: Recordings;
}

const BYTES_PER_VALUE = 4;

/**
 * Every honest user is an account of their own, whose own images (training set and gallery at once, embedded a single time)
 * and then queries pass the defense in this order. Measurements of all but the user with the whole task carry `@USER`.
 * @returns measurements, and the time a reply took as a diagnostic, which no result depends on
 */
export async function measureHonestUsers(
  context: MetricContext,
  tasks: readonly HonestTask[],
  options: HonestOptions,
): Promise<{
  readonly measurements: readonly Measurement[];
  readonly diagnostics: Readonly<Record<string, number>>;
}> {
  const measurements: Measurement[] = [];
  const meter = { replies: 0, milliseconds: 0 };
  // The users with a whole task come first: their accounts are the tasks' numbers.
  let account = tasks.length;
  for (const [index, task] of tasks.entries()) {
    const { clean } = task;
    const users = honestUsers({ fit: clean.fit.labels, score: clean.score.labels }, clean.classes, {
      classes: context.rng.derive(`honest-classes/${clean.name}`),
      rows: options.users.derive(clean.name),
    });
    for (const user of users) {
      const service = openAccount(options, user.id === '' ? index : account++, meter);
      const share = user.id === '' ? clean : shareOf(clean, user);
      const replies = {
        fit: service(
          share.fit.embeddings,
          pick(task.fitHashes, user.fit),
          task.fitProjections && selectRows(task.fitProjections, user.fit),
        ),
        score: service(
          share.score.embeddings,
          pick(task.scoreHashes, user.score),
          task.scoreProjections && selectRows(task.scoreProjections, user.score),
        ),
      };
      const own = await evaluateHonestUser(context, share, replies);
      measurements.push(...own.map((entry) => ({ ...entry, metric: named(entry.metric, user.id) })));
      if (user.id !== '') continue;
      const again = openAccount(options, account++, meter)(
        clean.score.embeddings,
        task.scoreHashes,
        task.scoreProjections,
      );
      measurements.push(...(await measureDrift(context, clean, replies, again)));
      measurements.push({
        metric: 'honest-reply-bytes',
        task: clean.name,
        unit: 'bytes',
        value: replies.fit.columns * BYTES_PER_VALUE,
        n: replies.fit.rows,
      });
    }
  }
  const microseconds = meter.replies === 0 ? 0 : (meter.milliseconds * 1000) / meter.replies;
  return { measurements, diagnostics: { microsecondsPerReply: microseconds } };
}

/** One account: what it sends after a refusal is not answered, as at the oracle. */
function openAccount(
  { defense, calibration, key, clock, recordings }: HonestOptions,
  account: number,
  meter: { replies: number; milliseconds: number },
): (embeddings: Matrix, hashes: readonly string[], projections: Matrix | undefined) => Matrix {
  const session: DefenseSession = openChainSession(defense, calibration, account, key, recordings);
  let isOpen = true;
  let columns = 0;
  return (embeddings, hashes, projections) => {
    if (!isOpen || embeddings.rows === 0) return matrix(new Float32Array(0), 0, columns);
    const started = clock.monotonicMs();
    const reply = session.reply(embeddings, hashes, projections);
    meter.milliseconds += clock.monotonicMs() - started;
    meter.replies += reply.rows;
    isOpen = reply.rows === embeddings.rows;
    ({ columns } = reply);
    return reply;
  };
}

function pick(hashes: readonly string[], rows: Int32Array): readonly string[] {
  return Array.from(rows, (row) => hashes[row] ?? '');
}

function named(metric: string, user: string): string {
  return user === '' ? metric : `${metric}@${user}`;
}
