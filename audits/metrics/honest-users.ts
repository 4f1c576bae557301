import type { Rng } from '../rng.ts';
import { stratifiedDraw } from './split.ts';

/** Who honest users are: customers with their own labelled images, few or many, of all classes or of some. */

export type Breadth = 'broad' | 'narrow';

/** One user's share of a task: which rows are theirs. */
export interface HonestUser {
  /** Stands behind the `@` of this user's measurements; empty for the user who has the whole task. */
  readonly id: string;
  readonly breadth: Breadth;
  /** Rows to fit that are theirs, ascending: training set and gallery. */
  readonly fit: Int32Array;
  /** Rows to score: their queries. */
  readonly score: Int32Array;
  /** The task's class of each of the user's own classes. */
  readonly classes: Int32Array;
}

/** Own images of a user: a trial, a product, a platform (landscape section 6). */
export const OWN_ROWS = [100, 1000, 10_000] as const;

/**
 * The user with the whole task, then a broad and a narrow one of each size that the task has rows for. A narrow user has
 * half of the classes, the same in every seed, so that their test rows are too.
 * @param streams `classes`: equal for the whole audit; `rows`: may differ from seed to seed
 */
export function honestUsers(
  labels: { readonly fit: Int32Array; readonly score: Int32Array },
  classes: number,
  streams: { readonly classes: Rng; readonly rows: Rng },
): readonly HonestUser[] {
  const every = Int32Array.from({ length: classes }, (_, i) => i);
  const half = streams.classes.permutation(classes).subarray(0, Math.ceil(classes / 2));
  const groups: readonly (readonly [Breadth, Int32Array])[] = [
    ['broad', every],
    // Two classes are no narrower than one decision.
    ...(classes < 4 ? [] : [['narrow', Int32Array.from(half).sort()] as const]),
  ];
  const whole: HonestUser = {
    id: '',
    breadth: 'broad',
    fit: rowsOf(labels.fit, every),
    score: rowsOf(labels.score, every),
    classes: every,
  };
  const users = groups.flatMap(([breadth, own]) => {
    const fit = rowsOf(labels.fit, own);
    const score = rowsOf(labels.score, own);
    return OWN_ROWS.filter((rows) => rows < fit.length && score.length > 0).map((rows): HonestUser => {
      const { drawn } = stratifiedDraw(
        streams.rows.derive(`${breadth}/${rows}`),
        fit.map((row) => labels.fit[row] ?? 0),
        rows,
      );
      return {
        id: `${breadth}-${rows}`,
        breadth,
        fit: drawn.map((at) => fit[at] ?? 0),
        score,
        classes: own,
      };
    });
  });
  return [whole, ...users];
}

/** Breadth and nominal rows of a user's id; undefined for anything else. */
export function readUserId(id: string): { readonly breadth: Breadth; readonly rows: number } | undefined {
  const match = /^(broad|narrow)-(\d+)$/.exec(id);
  if (match === null) return undefined;
  return { breadth: match[1] === 'narrow' ? 'narrow' : 'broad', rows: Number(match[2]) };
}

function rowsOf(labels: Int32Array, classes: Int32Array): Int32Array {
  const own = new Set(classes);
  return Int32Array.from(labels.keys()).filter((row) => own.has(labels[row] ?? -1));
}
