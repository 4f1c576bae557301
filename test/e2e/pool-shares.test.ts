import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditResult } from '../../audits/contract/result.ts';
import { runMoat } from '../helpers/moat.ts';
import { makeTinyProject, type TinyProject } from '../helpers/tiny-project.ts';

/** Images from elsewhere beside the project's own, sent by several policies, by a thief who trained on the pool first. */

const mnist = path.join(import.meta.dirname, '../../../shared/data/mnist');
const flags =
  '--preset quick --budgets 20,40 --seeds 1 --attacks direct-extraction --defenses none --surrogate small-cnn,small-cnn:initialization=own-ssl --query-policy random,k-center --db x.db --out x --json'.split(
    ' ',
  );
let project: TinyProject;
beforeAll(async () => {
  project = await makeTinyProject();
});
afterAll(() => rmSync(project.folder, { recursive: true, force: true }));

test.skipIf(!existsSync(mnist))(
  'MNIST as three tenths of the queries, k-center and own SSL, in one audit',
  async () => {
    const pool = project.arguments.indexOf('--pool');
    const given = [...project.arguments];
    given.splice(pool + 2, 0, `${mnist}=0.3`);
    const end = await runMoat(['audit', ...given, ...flags], { cwd: project.folder });
    expect(end.stderr).not.toMatch(/\n {4}at /);
    const result = JSON.parse(end.stdout) as AuditResult;
    expect(result.data.pool.sources?.map(({ share }) => share)).toEqual([0.7, 0.3]);
    expect(result.data.pool.sources?.[1]?.name).toBe('mnist');
    expect(result.matrix.every(({ state }) => state === 'done')).toBe(true);
    expect(new Set(result.matrix.map(({ attack }) => attack))).toEqual(
      new Set([
        'no-victim',
        'no-victim:variant=own-ssl',
        'direct-extraction',
        'direct-extraction [k-center]',
        'direct-extraction [small-cnn:initialization=own-ssl]',
        'direct-extraction [small-cnn:initialization=own-ssl, k-center]',
      ]),
    );
    const database = new Database(path.join(project.folder, 'x.db'), { readonly: true });
    const rows = database
      .prepare(`SELECT diagnostics FROM cells WHERE work LIKE '%k-center%'`)
      .pluck()
      .all() as readonly string[];
    database.close();
    // What choosing took is kept with the cells that chose.
    expect(rows).toHaveLength(4);
    for (const row of rows)
      expect((JSON.parse(row) as { queryPolicyMs?: number }).queryPolicyMs).toBeGreaterThan(0);
  },
  120_000,
);
