import type { TrainingMethodId } from './choices.ts';

/** Which encoders a zoo consists of, and how long it still takes. */

/** One encoder of a zoo: what it is trained on, by which method, from which seed. */
export interface ZooMember {
  /** Place of its image set among those named. */
  readonly set: number;
  readonly method: TrainingMethodId;
  readonly seed: number;
}

export interface ZooOrder {
  readonly count: number;
  /** Methods that can be used on each image set; none is empty. */
  readonly methods: readonly (readonly TrainingMethodId[])[];
  readonly firstSeed: number;
}

/**
 * The members in the order in which they are trained: every method on every image set with the first seed, then all of them
 * with the next. A zoo that is ended early is as mixed as a whole one, and a larger count only adds to the end.
 * @throws RangeError where there is nothing to combine
 */
export function zooMembers({ count, methods, firstSeed }: ZooOrder): readonly ZooMember[] {
  const combinations = methods.flatMap((usable, set) => usable.map((method) => ({ set, method })));
  if (combinations.length === 0) throw new RangeError('a zoo of no methods');
  return Array.from({ length: count }, (_, at) => {
    const { set, method } = combinations[at % combinations.length] ?? { set: 0, method: 'simclr' };
    return { set, method, seed: firstSeed + Math.floor(at / combinations.length) };
  });
}

/** What is known of the time members take, in milliseconds. */
export interface ZooTimes {
  /** Of members that are done. */
  readonly finishedMs: readonly number[];
  /** Members after the one under way. */
  readonly waiting: number;
  /** Of the one under way; its rest is null while its speed is unknown. */
  readonly currentMs: number;
  readonly currentLeftMs: number | null;
}

/** Time left for all members, as if each took what those known took on average; null while nothing is known. */
export function zooTimeLeft({ finishedMs, waiting, currentMs, currentLeftMs }: ZooTimes): number | null {
  const current = currentLeftMs === null ? [] : [currentMs + currentLeftMs];
  const known = finishedMs.length > 0 ? finishedMs : current;
  if (known.length === 0) return null;
  const mean = known.reduce((sum, each) => sum + each, 0) / known.length;
  return (currentLeftMs ?? Math.max(0, mean - currentMs)) + waiting * mean;
}
