import { expect, test, describe } from 'vitest';
import { parseOwnershipTests } from '../ownership/judge.ts';
import { parseAttack, spellAttack } from '../attacks/resolve.ts';
import { parseChain, spellChain } from '../defenses/chain.ts';
import type { DataAtHand } from './data-at-hand.ts';
import { judgeOrdering, type ComparedValues } from './ordering.ts';
import { findTable, paperTables } from './registry.ts';
import { scales } from './scale.ts';
import { place, SOFTNN_TEMPERATURE, type Means, type PaperTable } from './table.ts';

const everything: DataAtHand = {
  cifar10: { whole: '/data/cifar10', test: '/data/cifar10/test' },
  svhn: { whole: '/data/svhn', test: '/data/svhn/test_32x32.mat' },
  stl10: { whole: '/data/stl10', test: '/data/stl10/test_X.bin' },
};
const everyMeans: readonly Means[] = scales.flatMap((scale) =>
  [everything, { cifar10: everything.cifar10 }, {}].flatMap((data) =>
    [
      { victim: undefined, projection: undefined },
      { victim: '/victim.onnx', projection: 'projection' },
    ].map((own) => ({ scale, data: data as DataAtHand, seeds: 3, ...own })),
  ),
);

function printedValues({ values }: PaperTable): ComparedValues {
  const known = new Map(values.map(({ row, column, value }) => [place(row, column), value]));
  const exact = (value: number | null | undefined) =>
    value === null || value === undefined ? undefined : { value, low: null, high: null };
  return {
    value: (at) => exact(known.get(at)),
    difference: (a, b) => {
      const [left, right] = [known.get(a), known.get(b)];
      return left === null || left === undefined || right === null || right === undefined
        ? undefined
        : exact(left - right);
    },
  };
}

describe.each(paperTables.map((table) => [table.id, table] as const))('%s', (_, table) => {
  test('every ordering holds, comparison by comparison, on the paper’s own numbers', () => {
    expect(table.orderings.length).toBeGreaterThan(0);
    for (const ordering of table.orderings) {
      const { comparisons } = judgeOrdering(ordering, printedValues(table));
      expect(comparisons.length, ordering.sentence).toBeGreaterThan(0);
      expect(
        comparisons.filter(({ answer }) => answer !== 'holds'),
        ordering.sentence,
      ).toEqual([]);
    }
  });

  test('no place has two values', () => {
    const places = table.values.map(({ row, column }) => place(row, column));
    expect(new Set(places).size).toBe(places.length);
  });

  test('whatever is at hand, each value has a source that a step makes, or a reason', () => {
    for (const means of everyMeans) {
      const { steps, sources } = table.plan(means);
      expect(new Set(steps.map(({ id }) => id)).size).toBe(steps.length);
      for (const { row, column } of table.values) {
        const source = sources.get(place(row, column));
        expect(source, place(row, column)).toBeDefined();
        if (source?.kind === 'not-run') expect(source.reason).not.toBe('');
        else expect(steps.map(({ id }) => id)).toContain(source?.step);
      }
      expect(sources.size).toBe(table.values.length);
    }
  });

  test('what is asked of audits and tests is spelled as their results spell it', () => {
    for (const means of everyMeans)
      for (const step of table.plan(means).steps) {
        const after = (flag: string): readonly string[] =>
          step.arguments[step.arguments.indexOf(flag) + 1]?.split(',') ?? [];
        if (step.kind === 'own') for (const text of after('--tests')) parseOwnershipTests(text);
        if (step.kind !== 'audit') continue;
        for (const text of after('--attacks')) {
          const attack = text.replace(SOFTNN_TEMPERATURE, '0.19');
          expect(spellAttack(parseAttack(attack))).toBe(attack);
        }
        for (const text of after('--defenses'))
          expect(text === 'none' ? text : spellChain(parseChain(text))).toBe(text);
      }
  });
});

test('a table is found by number, by name and by the table it is printed with', () => {
  expect(findTable('2')).toBe(findTable('table2'));
  expect(findTable('table7')).toBe(findTable('Table8'));
  expect(() => findTable('3')).toThrow('ImageNet');
  expect(() => findTable('40')).toThrow('There is no table "40"; there are 1, 2, 4, 5, 6, 7');
});

test('the figures of the introduction are in the tables', () => {
  const value = (id: string, row: string, column: string): number | null | undefined =>
    findTable(id).values.find((one) => one.row === row && one.column === column)?.value;
  // paper-spec 6.15
  expect(value('table2', 'SoftNN', 'CIFAR10')).toBe(76.9);
  expect(value('table4', 'SL fine-tune', 'CIFAR10')).toBe(66.9);
  expect(value('table4', 'SSL stealing', 'CIFAR10')).toBe(75.5);
});

const at = (value: number, low: number | null = null, high: number | null = null): ComparedValues => ({
  value: () => ({ value, low, high }),
  difference: () => ({ value, low, high }),
});

test('an interval settles a comparison, holds it in the mean, or refutes it', () => {
  const answer = (values: ComparedValues): string =>
    judgeOrdering(
      { sentence: '', comparisons: [{ kind: 'above', larger: 'a', smaller: 'b', by: 5 }] },
      values,
    ).answer;
  expect(answer(at(6, 5.5, 6.5))).toBe('holds');
  expect(answer(at(6, 4, 8))).toBe('holds-in-the-mean');
  expect(answer(at(5))).toBe('fails');
  expect(answer(at(4, 3, 6))).toBe('fails-in-the-mean');
  expect(answer(at(4, 3, 4.5))).toBe('fails');
});

test('an ordering is as good as its worst comparison, and what was not measured is left out', () => {
  const comparisons = ['a', 'b', 'c'].map((value) => ({ kind: 'between' as const, value, low: 0, high: 1 }));
  const values: ComparedValues = {
    value: (name) =>
      ({ a: { value: 0.5, low: 0.4, high: 0.6 }, b: { value: 0.5, low: 0.4, high: 1.2 } })[name],
    difference: () => undefined,
  };
  const finding = judgeOrdering({ sentence: '', comparisons }, values);
  expect(finding.answer).toBe('holds-in-the-mean');
  expect(finding.comparisons.map(({ answer: word }) => word)).toEqual([
    'holds',
    'holds-in-the-mean',
    'not-measured',
  ]);
  expect(judgeOrdering({ sentence: '', comparisons: comparisons.slice(2) }, values).answer).toBe(
    'not-measured',
  );
});
