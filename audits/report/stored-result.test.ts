import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createAudit, exampleId, fixedClock } from '../store/fixtures/example.ts';
import { openStore } from '../store/open.ts';
import { storedResult } from './stored-result.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'moat-stored-result-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['preparing', /still reading its data/],
  ['interrupted', /was interrupted while it read its data; .*resume/],
] as const)('an audit without data that is %s says what to do', async (state, sentence) => {
  const store = openStore(path.join(folder, `${state}.db`), { mode: 'write', clock: fixedClock });
  try {
    createAudit(store, exampleId);
    const audit = store.audits.get(exampleId);
    if (audit === undefined) throw new Error('the audit was not stored');
    const shown = storedResult(store, { ...audit, state, preparation: null, error: null }, () => undefined);
    await expect(shown).rejects.toThrow(sentence);
  } finally {
    store.close();
  }
});
