import { mkdtempSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { appendToLog } from './file-log.ts';

test('hostile names in messages, stacks and their causes steer no terminal that shows the log', () => {
  const file = path.join(mkdtempSync(path.join(os.tmpdir(), 'moat-log-')), 'moat.log');
  const hostile = 'a\u001b[2Jb\u009b31mc\u202egnp\u0007\rd';
  const error = new Error(hostile, { cause: new Error(hostile) });
  expect(appendToLog(file, 0, 'error', `${hostile} cannot be read.`, error)).toBe(true);
  const text = readFileSync(file, 'utf8');
  expect(text).toMatch(/^[\n -~]*$/);
  expect(text).toMatch(/^1970-01-01T00:00:00\.000Z error abc gnp d cannot be read\.\nError: abc gnp d\n/);
  expect(text).toContain('\ncaused by: Error: abc gnp d\n');
});
