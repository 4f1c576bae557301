import { MoatError } from '../contract/errors.ts';
import type { ServeContext } from './method.ts';

/** Of each engine, what of this kind is under way. */
const underWay = new WeakMap<ServeContext, Set<string>>();

/** Two windows may ask for the same long work: the second one is told. @throws MoatError `usage` */
export async function oneAtATime<T>(
  context: ServeContext,
  task: string,
  refusal: string,
  work: () => Promise<T>,
): Promise<T> {
  const tasks = underWay.get(context) ?? new Set<string>();
  underWay.set(context, tasks);
  if (tasks.has(task)) throw new MoatError('usage', refusal);
  tasks.add(task);
  try {
    return await work();
  } finally {
    tasks.delete(task);
  }
}
