import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditResult } from '../../audits/contract/result.ts';
import { decodeSurrogate } from '../../audits/surrogates/serialize.ts';
import { runMoat } from '../helpers/moat.ts';
import { makeTinyProject, type TinyProject } from '../helpers/tiny-project.ts';

/** A thief who trains on a frozen public encoder and names none: the built-in one is there for everybody. */

const flags =
  '--preset quick --budgets 40 --seeds 1 --attacks direct-extraction --defenses none --surrogate small-cnn,small-cnn:initialization=backbone-frozen,small-cnn:initialization=backbone-head --db x.db --out x --json'.split(
    ' ',
  );
let project: TinyProject;
beforeAll(async () => {
  project = await makeTinyProject();
});
afterAll(() => rmSync(project.folder, { recursive: true, force: true }));

test('three thieves, and the control of those who hold a backbone', async () => {
  const end = await runMoat(['audit', ...project.arguments, ...flags], { cwd: project.folder });
  expect(end.stderr).not.toMatch(/\n {4}at /);
  const result = JSON.parse(end.stdout) as AuditResult;
  expect(result.config.backbone).toBe('builtin:demo');
  expect(result.matrix.every(({ state }) => state === 'done')).toBe(true);
  expect(new Set(result.matrix.map(({ attack }) => attack))).toEqual(
    new Set([
      'no-victim',
      'no-victim:variant=backbone',
      'direct-extraction',
      'direct-extraction [small-cnn:initialization=backbone-frozen]',
      'direct-extraction [small-cnn:initialization=backbone-head]',
    ]),
  );
  const database = new Database(path.join(project.folder, 'x.db'), { readonly: true });
  const cells = database
    .prepare(
      `SELECT artifacts.path FROM artifacts JOIN cells ON cells.key = artifacts.cell_key WHERE work LIKE '%backbone-frozen%'`,
    )
    .pluck()
    .all() as readonly string[];
  database.close();
  expect(cells).toHaveLength(1);
  const stored = decodeSurrogate(readFileSync(path.join(project.folder, 'x.artifacts', cells[0] ?? '')));
  expect(stored).toMatchObject({ kind: 'linear-on-features', features: { kind: 'backbone' } });
});
