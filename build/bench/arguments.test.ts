import { describe, expect, test } from 'vitest';
import { readArguments } from './arguments.ts';

describe('the arguments of the bench', () => {
  test('without any it measures everything on all cores', () => {
    expect(readArguments([], 4)).toMatchObject({
      only: [],
      engines: [],
      threads: 4,
      usesPython: true,
      installsPython: false,
      profile: undefined,
    });
  });

  test('lists, numbers and files', () => {
    expect(
      readArguments([
        '--only',
        'training:resnet18, inference',
        '--rounds',
        '7',
        '--seconds=0.5',
        '--write',
        'a.md',
      ]),
    ).toMatchObject({ only: ['training:resnet18', 'inference'], rounds: 7, seconds: 0.5, write: 'a.md' });
  });

  test('a profile has its own', () => {
    expect(readArguments(['--profile', 'resnet18', '--batch', '64']).profile).toEqual({
      network: 'resnet18',
      batchSize: 64,
      steps: 5,
      top: 20,
      keep: undefined,
    });
  });

  test.each([
    [['--rounds', '0'], '--rounds takes a whole number from 1, not "0".'],
    [['--seconds', 'soon'], '--seconds takes a positive number, not "soon".'],
    [['--threads', '1.5'], '--threads takes'],
    [['--python', 'p', '--no-python'], 'exclude each other'],
    [['--fast'], "Unknown option '--fast'"],
  ])('%j is refused', (args, message) => {
    expect(() => readArguments(args)).toThrow(message);
  });
});
