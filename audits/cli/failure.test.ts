import { mkdtempSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { errorTable, MoatError, type ErrorCode } from '../contract/errors.ts';
import { reportFailure } from './failure.ts';
import { plainPaint } from './render/view.ts';
import type { Terminal } from './terminal.ts';

function recorder(): { readonly terminal: Terminal; readonly notes: string[]; readonly values: unknown[] } {
  const notes: string[] = [];
  const values: unknown[] = [];
  const view = { columns: 80, paint: plainPaint };
  const terminal: Terminal = {
    output: view,
    progress: view,
    hasLiveProgress: false,
    print: () => undefined,
    printJson: (value) => void values.push(value),
    note: (line) => void notes.push(line),
    writeProgress: () => undefined,
  };
  return { terminal, notes, values };
}

const logFile = (): string => path.join(mkdtempSync(path.join(os.tmpdir(), 'moat-failure-')), 'moat.log');

test('a bug is one sentence on the screen, its whole stack with every cause in the log', () => {
  const { terminal, notes } = recorder();
  const file = logFile();
  const bug = new Error('x is not a function', { cause: new TypeError('the first cause') });
  expect(reportFailure(bug, { terminal, json: false, logFile: file, now: 0 })).toBe(2);
  expect(notes).toEqual(['error: X is not a function.', `-> ${errorTable.internal.hint}`, `   log: ${file}`]);
  const log = readFileSync(file, 'utf8');
  expect(log).toContain('failure.test.ts');
  expect(log).toContain('TypeError: the first cause');
});

test('a log that cannot be written does not hide the error', () => {
  const { terminal, notes } = recorder();
  const file = path.join(logFile(), 'no', 'such', 'folder.log');
  reportFailure(new MoatError('disk-full', 'The disk is full.'), {
    terminal,
    json: false,
    logFile: file,
    now: 0,
  });
  expect(notes[0]).toBe('error: The disk is full.');
});

test('with --json the error is a value, too', () => {
  const { terminal, values } = recorder();
  reportFailure(new MoatError('audit-unknown', 'There is no audit 9.'), {
    terminal,
    json: true,
    logFile: null,
    now: 0,
  });
  expect(values).toEqual([
    {
      error: {
        code: 'audit-unknown',
        message: 'There is no audit 9.',
        hint: errorTable['audit-unknown'].hint,
      },
    },
  ]);
});

test('being stopped is no error', () => {
  const { terminal, notes } = recorder();
  const stop = new MoatError('cancelled', 'The audit was stopped before it began.');
  expect(reportFailure(stop, { terminal, json: false, logFile: null, now: 0 })).toBe(5);
  expect(notes[0]).toBe('stopped: The audit was stopped before it began.');
});

test('names from files cannot command the terminal', () => {
  const { terminal, notes } = recorder();
  reportFailure(new MoatError('dataset-format', 'bad\u001b[2J\u0007 file\nerror: fake'), {
    terminal,
    json: false,
    logFile: null,
    now: 0,
  });
  expect(notes[0]).toBe('error: Bad  file error: fake.');
});

test.each(Object.keys(errorTable) as ErrorCode[])('%s has advice and an exit code of the table', (code) => {
  const { terminal, notes } = recorder();
  const exit = reportFailure(new MoatError(code, 'It happened.'), {
    terminal,
    json: false,
    logFile: null,
    now: 0,
  });
  expect([2, 3, 4, 5]).toContain(exit);
  expect(notes[1]).toMatch(/^-> .+[.)]$/);
});
