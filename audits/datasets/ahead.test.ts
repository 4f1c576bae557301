import { expect, test } from 'vitest';
import { ahead } from './ahead.ts';

async function collected<T>(results: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const result of results) all.push(result);
  return all;
}

/** Tasks that end when they are told to, and a diary of what happened. */
function tasks(count: number): {
  readonly list: readonly (() => Promise<number>)[];
  readonly diary: string[];
  readonly end: (task: number) => void;
  readonly fail: (task: number) => void;
} {
  const diary: string[] = [];
  const deferred = Array.from({ length: count }, () => Promise.withResolvers<number>());
  return {
    list: deferred.map(({ promise }, i) => () => {
      diary.push(`start ${i}`);
      return promise;
    }),
    diary,
    end: (task) => deferred[task]?.resolve(task),
    fail: (task) => deferred[task]?.reject(new Error(`task ${task}`)),
  };
}

test('results come in order, whatever order they end in', async () => {
  const { list, end } = tasks(3);
  const all = collected(ahead(list, 3));
  for (const task of [2, 0, 1]) end(task);
  expect(await all).toEqual([0, 1, 2]);
});

test('while the caller works on one result, the next ones are under way, and no more than the limit', async () => {
  const { list, diary, end } = tasks(5);
  for (const task of [0, 1, 2, 3, 4]) end(task);
  for await (const result of ahead(list, 2)) diary.push(`use ${result}`);
  expect(diary).toEqual([
    'start 0',
    'start 1',
    'start 2',
    'use 0',
    'start 3',
    'use 1',
    'start 4',
    'use 2',
    'use 3',
    'use 4',
  ]);
});

test('who stops early starts nothing further and waits for what is under way', async () => {
  const { list, diary, end } = tasks(6);
  end(0);
  const loop = (async () => {
    for await (const result of ahead(list, 2)) {
      diary.push(`use ${result}`);
      break;
    }
    diary.push('stopped');
  })();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(diary).not.toContain('stopped');
  end(1);
  end(2);
  await loop;
  expect(diary).toEqual(['start 0', 'start 1', 'start 2', 'use 0', 'stopped']);
});

test('a failed task is thrown at its place, after the results before it', async () => {
  const { list, end, fail } = tasks(3);
  fail(1);
  end(0);
  end(2);
  const seen: number[] = [];
  await expect(
    (async () => {
      for await (const result of ahead(list, 3)) seen.push(result);
    })(),
  ).rejects.toThrow('task 1');
  expect(seen).toEqual([0]);
});

test('no tasks, no results', async () => {
  expect(await collected(ahead([], 4))).toEqual([]);
});
