import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { checkSettings, mergeSettings, readSettings, settingsFile } from './settings.ts';

function folderWith(content: string): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'moat-settings-'));
  writeFileSync(path.join(folder, settingsFile), content);
  return folder;
}

test('flags win over the file, absent flags leave it', () => {
  const file = checkSettings({ preset: 'standard', budgets: [500], db: 'a.db' }, settingsFile);
  expect(mergeSettings(file, { budgets: [900], db: undefined })).toEqual({
    preset: 'standard',
    budgets: [900],
    db: 'a.db',
  });
});

test('without a file there are no settings', () => {
  expect(readSettings(mkdtempSync(path.join(os.tmpdir(), 'moat-settings-')))).toEqual({});
});

test('a policy in the file is completed by the default policy', () => {
  const folder = folderWith('{ "policy": { "budget": 900 } }');
  expect(readSettings(folder).policy).toMatchObject({ budget: 900, minProtection: 0.5 });
});

test.each([
  ['{ "budget": [500] }', /moat\.config\.json: .*budget/],
  ['{ "budgets": [0] }', /moat\.config\.json: budgets\.0: /],
  ['{ "budgets": ', /moat\.config\.json is not JSON/],
  ['[]', /moat\.config\.json: /],
])('%s is refused with the entry named', (content, message) => {
  expect(() => readSettings(folderWith(content))).toThrow(message);
});
