/**
 * Runs tasks that were asked for before they are needed, and yields their results in order: while the caller works on
 * one, the next `limit` are under way. Never more than `limit` results wait, so memory stays bounded.
 * A caller that stops early (break, throw) starts no further task; those under way are waited for.
 */
export async function* ahead<T>(tasks: Iterable<() => Promise<T>>, limit: number): AsyncGenerator<T> {
  const iterator = tasks[Symbol.iterator]();
  const running: Promise<T>[] = [];
  const fill = (): void => {
    while (running.length < limit) {
      const next = iterator.next();
      if (next.done === true) return;
      const task = next.value();
      // It is thrown when its turn comes; until then it is not an unhandled one.
      task.catch(() => undefined);
      running.push(task);
    }
  };
  try {
    fill();
    for (let first = running.shift(); first !== undefined; first = running.shift()) {
      const result = await first;
      fill();
      yield result;
    }
  } finally {
    await Promise.allSettled(running);
  }
}
