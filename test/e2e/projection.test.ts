import { rmSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditResult } from '../../audits/contract/result.ts';
import { runMoat } from '../helpers/moat.ts';
import { writeTinyEncoder } from '../helpers/tiny-encoder.ts';
import { makeTinyProject, type TinyProject } from '../helpers/tiny-project.ts';

/** An encoder file with a second output, its projection head's, through a whole audit. */

const flags =
  '--preset quick --budgets 40 --seeds 1 --surrogate small-cnn --attacks direct-extraction,access-head --defenses none,near-duplicate-guard --db x.db --out x --json'.split(
    ' ',
  );
let project: TinyProject;
beforeAll(async () => {
  project = await makeTinyProject();
  writeTinyEncoder(path.join(project.folder, 'encoder.onnx'), { projection: 7 });
});
afterAll(() => rmSync(project.folder, { recursive: true, force: true }));

async function audit(...more: readonly string[]): Promise<AuditResult> {
  const end = await runMoat(['audit', ...project.arguments, ...flags, ...more], { cwd: project.folder });
  expect(end.stderr).not.toMatch(/\n {4}at /);
  return JSON.parse(end.stdout) as AuditResult;
}

function keys(): ReadonlyMap<string, string> {
  const database = new Database(path.join(project.folder, 'x.db'), { readonly: true });
  try {
    const rows = database.prepare('SELECT key, state FROM cells').all() as readonly {
      readonly key: string;
      readonly state: string;
    }[];
    return new Map(rows.map(({ key, state }) => [key, state]));
  } finally {
    database.close();
  }
}

test('attacks and guards get the projections of the output that is named, and only then keys change', async () => {
  const without = await audit();
  const before = new Set(keys().keys());
  expect(
    without.matrix.filter(({ attack }) => attack === 'access-head').some(({ state }) => state === 'done'),
  ).toBe(false);
  expect(JSON.stringify(without)).toContain('this audit names none (--projection)');
  const withHead = await audit('--projection', 'projection');
  const stolen = withHead.matrix.filter(({ attack }) => attack === 'access-head');
  expect(stolen.map(({ defense, state }) => [defense, state])).toEqual([
    ['none', 'done'],
    ['near-duplicate-guard', 'done'],
  ]);
  expect(withHead.matrix.filter(({ state }) => state === 'failed')).toEqual([]);
  const after = new Set(keys().keys());
  expect(after.size).toBeGreaterThan(before.size);
  // Nothing new for the audit that names no projection: its cells are still found under the keys they had.
  await audit();
  expect(new Set(keys().keys())).toEqual(after);
}, 180_000);

test('a file without that output is refused with those it has', async () => {
  const end = await runMoat(['audit', ...project.arguments, ...flags, '--projection', 'head'], {
    cwd: project.folder,
  });
  expect(end.code).not.toBe(0);
  expect(end.stderr + end.stdout).toMatch(/no output "head"; its outputs are "embedding", "projection"/);
});

test('a service has no second output', async () => {
  const end = await runMoat(
    ['audit', 'https://embed.example/v1', '--projection', 'head', ...project.arguments.slice(1)],
    {
      cwd: project.folder,
    },
  );
  expect(end.code).not.toBe(0);
  expect(end.stderr).toMatch(/A service gives one kind of answer: --projection names a second output/);
});
