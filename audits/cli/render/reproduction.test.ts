import { expect, test } from 'vitest';
import { above } from '../../reproduce/ordering.ts';
import { replaceBetween } from '../../report/markdown-markers.ts';
import {
  renderReproduction,
  renderReproductionMarkdown,
  tableNumbers,
  type Reproduction,
} from './reproduction.ts';
import { plainPaint } from './view.ts';

const ours = (value: number, low: number | null, high: number | null) => ({
  value,
  low,
  high,
  seeds: 3,
  deviation: null,
});
const reproduction: Reproduction = {
  table: {
    id: 'table8',
    alsoCalled: ['table7'],
    title: 'Other queries',
    setting: 'A victim, and queries.',
    unit: '%',
    differences: ['Something else.'],
  },
  scale: { id: 'reduced', sentence: 'Small.' },
  seeds: 3,
  steps: [{ command: 'audit a', wallMs: 90_000 }],
  reading: {
    values: [
      { row: 'MSE', column: 'CIFAR10', value: 75.5, ours: ours(55.25, 53, 57.5), notRun: null },
      { row: 'MSE', column: 'SVHN', value: 58.8, ours: null, notRun: 'SVHN is missing' },
      { row: 'control', column: 'CIFAR10', value: null, ours: ours(33, null, null), notRun: null },
      { row: 'control', column: 'SVHN', value: null, ours: null, notRun: 'SVHN is missing' },
    ],
    orderings: [
      {
        sentence: 'MSE is ahead.',
        answer: 'fails',
        comparisons: [
          {
            comparison: above(['MSE', 'CIFAR10'], ['control', 'CIFAR10'], 30),
            answer: 'fails',
            compared: { value: 22.2, low: 20, high: 24 },
          },
        ],
      },
      { sentence: 'Elsewhere too.', answer: 'not-measured', comparisons: [] },
    ],
  },
};

test('a table shows ours, the paper’s and the difference, and says what was not run and why', () => {
  const text = renderReproduction(reproduction, { columns: 100, paint: plainPaint }).join('\n');
  expect(text).toContain('Tables 7 and 8: Other queries');
  expect(text).toMatch(/MSE, CIFAR10 +55\.3 \[53\.0, 57\.5\] +75\.5 +-20\.3/);
  expect(text).toMatch(/control, CIFAR10 +33\.0 +– +–/);
  expect(text.replaceAll(/\s+/g, ' ')).toContain(
    'does not hold: MSE is ahead. (MSE, CIFAR10 less control, CIFAR10 above 30 points: 22.2 [20.0, 24.0])',
  );
  expect(text).toContain('not measured: Elsewhere too.');
  expect(text).toContain('SVHN (every row): SVHN is missing.');
  expect(text).toContain('1 command, 1 min 30 s');
});

test('the seeds named are those measured, not those asked for', () => {
  const once = reproduction.reading.values.map((value) => ({
    ...value,
    ours: value.ours === null ? null : { ...value.ours, seeds: 1 },
  }));
  const markdown = (values: Reproduction['reading']['values']) =>
    renderReproductionMarkdown({ ...reproduction, reading: { ...reproduction.reading, values } });
  expect(markdown(reproduction.reading.values)).toContain('Scale reduced, 3 seeds');
  expect(markdown(once)).toContain('Scale reduced, 1 seed, intervals over images, 1 min 30 s.');
  expect(markdown([])).toContain('Scale reduced, 3 seeds');
});

test('the same stands in a document between markers of the table', () => {
  const markdown = renderReproductionMarkdown(reproduction);
  expect(markdown).toContain('| MSE, CIFAR10 | 55.3 [53.0, 57.5] | 75.5 | -20.3 |');
  expect(markdown).toContain('| MSE is ahead. | **does not hold** |');
  expect(
    replaceBetween('a\n<!-- table8:begin -->\nstale\n<!-- table8:end -->\nb', 'table8', markdown),
  ).not.toContain('stale');
});

test('tables that are one experiment are named together', () => {
  expect(tableNumbers({ id: 'table13', alsoCalled: ['table14', 'table15'] })).toBe('Tables 13, 14 and 15');
  expect(tableNumbers({ id: 'table2', alsoCalled: [] })).toBe('Table 2');
});
