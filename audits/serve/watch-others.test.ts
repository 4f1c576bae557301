import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createAudit, exampleId, fixedClock } from '../store/fixtures/example.ts';
import { openStore } from '../store/open.ts';
import { openServedDatabase } from './database.ts';
import { watchOthers } from './watch-others.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-watch-'));
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

test('what another process writes is told, once, and nothing where nobody else writes', () => {
  const file = path.join(folder, 'audits.db');
  const writer = openStore(file, { mode: 'write', clock: fixedClock });
  const database = openServedDatabase(file, 'test', fixedClock);
  const told = vi.fn();
  const stop = watchOthers(database, told);
  vi.advanceTimersByTime(5000);
  expect(told).toHaveBeenCalledTimes(0);
  createAudit(writer, exampleId);
  vi.advanceTimersByTime(5000);
  expect(told).toHaveBeenCalledTimes(1);
  writer.close();
  // Its own changes are told by those who make them.
  database.writable().audits.annotate(exampleId, { note: 'mine' });
  vi.advanceTimersByTime(5000);
  expect(told).toHaveBeenCalledTimes(1);
  stop();
  database.close();
});
