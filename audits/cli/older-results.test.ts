import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resultSchemaVersion, type AuditResult } from '../contract/result.ts';
import { defaultCosts } from '../plan/cost-assumptions.ts';
import { resultSchema } from '../report/result-schema.ts';

/**
 * A result that an earlier build stored. `first-build.db.gz` was made by Moat at commit 162914a, whose results had schema
 * version 1 (no curves, no costs, no surrogate in a row) and whose configurations had no prices:
 *   moat audit --preset demo --attacks no-victim,direct-extraction --defenses none,gaussian-noise --budgets 100 --seeds 2
 * on the tensorflow engine; then the folder of the program and the build of the operating system were cut out, and the file packed (VACUUM, gzip).
 */
const fixture = path.join(import.meta.dirname, '../store/fixtures/first-build.db.gz');
const auditId = '5519061f';

let folder = '';
let database = '';
let earlier: Pick<AuditResult, 'matrix' | 'verdicts' | 'baselines'> & { readonly schemaVersion: number };
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'moat-older-'));
  database = path.join(folder, 'first-build.db');
  writeFileSync(database, gunzipSync(readFileSync(fixture)));
  const raw = new Database(database, { readonly: true });
  earlier = JSON.parse(
    raw.prepare<[], string>('SELECT result FROM reports').pluck().get() ?? '',
  ) as typeof earlier;
  raw.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function moat(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, 'main.ts'), ...args],
    {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: '1', NODE_OPTIONS: undefined },
    },
  );
  if (status !== 0) throw new Error(`moat ${args.join(' ')} ended with ${status}:\n${stderr}`);
  return stdout;
}

test('the fixture is what an earlier build stored', () => {
  expect(earlier.schemaVersion).toBe(1);
  expect(earlier.schemaVersion).toBeLessThan(resultSchemaVersion);
  expect(resultSchema.safeParse(earlier).success).toBe(false);
});

test('show --json builds it again, whole, with the numbers that were measured', () => {
  const result = resultSchema.parse(JSON.parse(moat('show', auditId, '--db', database, '--json')));
  expect(result).toMatchObject({ schemaVersion: resultSchemaVersion, auditId, state: 'completed' });
  expect(result.config.costs).toEqual(defaultCosts);
  expect(result.theft.costs.map(({ defense }) => defense)).toContain('gaussian-noise');
  const figures = ({ matrix }: Pick<AuditResult, 'matrix'>): readonly (readonly [string, unknown])[] =>
    matrix.map((row) => [
      `${row.attack}/${row.defense}/${row.budget}`,
      [row.probeAccuracy, row.knnAccuracy, row.cka].map((estimate) => estimate?.value.toFixed(6)),
    ]);
  expect(figures(earlier).length).toBeGreaterThanOrEqual(3);
  expect(new Map(figures(result as AuditResult))).toEqual(new Map(figures(earlier)));
  const verdicts = (of: Pick<AuditResult, 'verdicts'>): readonly string[] =>
    of.verdicts.map(({ defense, strongestAttack }) => `${defense}: ${strongestAttack}`);
  expect(verdicts(result as AuditResult)).toEqual(verdicts(earlier));
});

test('show as text has every section of today', () => {
  const text = moat('show', '--db', database);
  for (const part of ['gaussian-noise', 'direct-extraction', 'What theft takes', 'Q90', 'Flags'])
    expect(text).toContain(part);
});

test('list names it', () => {
  expect(moat('list', '--db', database)).toContain(auditId);
});

test('report writes formats from what was measured then', () => {
  const out = path.join(folder, 'report');
  const printed = moat('report', auditId, '--db', database, '--format', 'json,csv,md,sarif', '--out', out);
  expect(printed).toMatch(/^audit 5519061f: (fail|not measured): /);
  const result = JSON.parse(readFileSync(path.join(out, 'result.json'), 'utf8')) as AuditResult;
  expect(result).toEqual(JSON.parse(moat('show', auditId, '--db', database, '--json')));
  expect(readFileSync(path.join(out, 'report.md'), 'utf8')).toContain('`gaussian-noise`');
  expect(readFileSync(path.join(out, 'report.csv'), 'utf8')).toContain(',stolen-gain,');
});

test('a report says what changed since the last audit of the same encoder, which is never the audit itself', () => {
  const html = (...flags: readonly string[]): string => {
    moat('report', auditId, '--db', database, '--format', 'html', '--out', 'page', ...flags);
    return readFileSync(path.join(folder, 'page', 'report.html'), 'utf8');
  };
  expect(html()).toContain('no earlier audit of this encoder was compared');
  expect(() => html('--baseline', auditId)).toThrow(/cannot be its own baseline/);
  const raw = new Database(database);
  const columns = raw.pragma('table_info(audits)') as readonly { readonly name: string }[];
  const copied = columns.map(({ name }) =>
    name === 'id' ? "'earlier1'" : name === 'created_at' ? "'2020-01-02T03:04:05.000Z'" : name,
  );
  raw.prepare(`INSERT INTO audits SELECT ${copied.join(', ')} FROM audits WHERE id = ?`).run(auditId);
  raw.close();
  expect(html()).toContain('Since audit earlier1 of 2020-01-02');
}, 600_000);
