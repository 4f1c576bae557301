import { Command } from 'commander';
import { expect, test } from 'vitest';
import { addBatteryOptions } from './audit.ts';
import { collectTask, readChoice, readList, readTriple, readWhole, readWholes } from './flags.ts';

test('lists may have spaces after the commas', () => {
  expect(readList('--attacks')('a:x=1, b')).toEqual(['a:x=1', 'b']);
  expect(readWholes('--budgets')('500, 2000')).toEqual([500, 2000]);
});

test('a list that is given again adds to what it said before', () => {
  const flags = [
    ['--defenses', 'none,b4b', '--defenses', 'rounding'],
    ['--attacks', 'rda', '--attacks', 'no-victim'],
    ['--surrogate', 'small-cnn', '--surrogate', 'resnet18'],
    ['--query-policy', 'random', '--query-policy', 'k-center'],
    ['--budgets', '500', '--budgets', '2000,5000'],
    ['--accounts', '1', '--accounts', '5'],
  ];
  expect(addBatteryOptions(new Command()).parse(flags.flat(), { from: 'user' }).opts()).toEqual({
    defenses: ['none', 'b4b', 'rounding'],
    attacks: ['rda', 'no-victim'],
    surrogate: ['small-cnn', 'resnet18'],
    queryPolicy: ['random', 'k-center'],
    budgets: [500, 2000, 5000],
    accounts: [1, 5],
  });
});

test('flags that were not given say nothing', () => {
  expect(addBatteryOptions(new Command()).parse([], { from: 'user' }).opts()).toEqual({});
});

test('one number stands for all three channels', () => {
  expect(readTriple('--mean')('0.5')).toEqual([0.5, 0.5, 0.5]);
  expect(readTriple('--mean')('0.4,0.5,0.6')).toEqual([0.4, 0.5, 0.6]);
});

test('tasks are collected by name, and a folder may contain an equals sign', () => {
  expect(collectTask('b=data/x=1', { a: 'data' })).toEqual({ a: 'data', b: 'data/x=1' });
});

test.each([
  ['--budgets', () => readWholes('--budgets')('500,1e400')],
  ['--budgets', () => readWholes('--budgets')(',')],
  ['--seeds', () => readWhole('--seeds')('0')],
  ['--seeds', () => readWhole('--seeds')('2.5')],
  ['--std', () => readTriple('--std')('1,2')],
  ['--range', () => readChoice('--range', ['0-1', '0-255'])('0-2')],
  ['--task', () => collectTask('=folder', undefined)],
])('a bad value of %s is a usage error that names the flag', (flag, read) => {
  expect(read).toThrow(flag);
});
