import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditResult } from '../../audits/contract/result.ts';
import { resultSchema } from '../../audits/report/result-schema.ts';
import { createEngine } from '../../audits/tensor/engine.ts';
import { runMoat, startMoat, type CommandEnd } from '../helpers/moat.ts';
import { makeTinyProject, measurementsOf, type TinyProject } from '../helpers/tiny-project.ts';

/** One whole audit through the command line, then everything a user does with it. */

const battery = [
  '--preset',
  'quick',
  '--budgets',
  '24,64',
  '--seeds',
  '3',
  '--attacks',
  'direct-extraction,backbone-stitching',
  '--defenses',
  'gaussian-noise:sigma=4,rounding:decimals=0',
];
let project: TinyProject;
let audit: CommandEnd;
let result: AuditResult;

beforeAll(async () => {
  project = await makeTinyProject();
  audit = await runMoat(['audit', ...project.arguments, ...battery, '--db', 'x.db', '--out', 'x', '--json'], {
    cwd: project.folder,
  });
  result = JSON.parse(audit.stdout) as AuditResult;
});
afterAll(() => rmSync(project.folder, { recursive: true, force: true }));

const moat = (...args: readonly string[]): Promise<CommandEnd> => runMoat(args, { cwd: project.folder });

test('a completed audit ends 0 and prints one JSON value that its schema accepts', () => {
  expect(audit.stderr).not.toMatch(/\n {4}at /);
  expect(audit.code).toBe(0);
  expect(resultSchema.parse(result)).toEqual(result);
  expect(result.state).toBe('completed');
});

test('the result is written into the folder named with --out, the database beside', () => {
  expect(JSON.parse(readFileSync(path.join(project.folder, 'x', 'result.json'), 'utf8'))).toEqual(result);
  expect(existsSync(path.join(project.folder, 'x.db'))).toBe(true);
});

test('every pair of the battery is in the matrix, the adaptive attack that noise must face added to it', () => {
  const pairs = new Set(result.matrix.map((cell) => `${cell.attack} | ${cell.defense}`));
  for (const defense of ['none', 'gaussian-noise:sigma=4', 'rounding:decimals=0'])
    for (const attack of ['direct-extraction', 'backbone-stitching'])
      expect(pairs).toContain(`${attack} | ${defense}`);
  expect(pairs).toContain('repeat-averaging | gaussian-noise:sigma=4');
  expect(result.matrix.every((cell) => cell.state === 'done')).toBe(true);
});

test('every surrogate lies beside the database as an ONNX file that opens', async () => {
  const database = new Database(path.join(project.folder, 'x.db'), { readonly: true });
  const files = database
    .prepare(
      `SELECT artifacts.path FROM artifacts JOIN cells ON cells.key = artifacts.cell_key
       WHERE artifacts.kind = 'surrogate-onnx'`,
    )
    .pluck()
    .all() as readonly string[];
  const attacks = database.prepare(`SELECT count(*) FROM artifacts WHERE kind = 'surrogate'`).pluck().get();
  database.close();
  expect(files.length).toBe(attacks);
  const engine = await createEngine('onnx', { threads: 1 });
  const model = await engine.loadModel(path.join(project.folder, 'x.artifacts', files[0] ?? ''));
  expect(model.inputs.map(({ name }) => name)).toEqual(['image']);
  expect(model.outputs.map(({ name }) => name)).toEqual(['embedding']);
  await model.dispose();
  await engine.dispose();
});

test('no attack got more answers than its budget', () => {
  for (const cell of result.matrix) expect(cell.queriesUsed ?? 0).toBeLessThanOrEqual(cell.budget);
});

test('quick never clears a defense, and every verdict has a reason', () => {
  expect(result.verdicts.map((verdict) => verdict.defense)).toEqual([
    'none',
    'gaussian-noise:sigma=4',
    'rounding:decimals=0',
  ]);
  for (const { verdict, reason } of result.verdicts) {
    expect(verdict).not.toBe('pass');
    expect(reason).toMatch(/\w+ .*\.$/);
  }
});

test('noise four times the size of the embeddings ruins honest retrieval, and the result says so', () => {
  const noisy = result.verdicts.find(({ defense }) => defense === 'gaussian-noise:sigma=4');
  expect(noisy?.worstRecallAt10?.value).toBeLessThan(0.6);
  expect(noisy?.verdict).toBe('fail');
});

test('show prints the stored result again, in words and as JSON', async () => {
  const shown = await moat('show', '--db', 'x.db', '--json');
  expect(JSON.parse(shown.stdout)).toEqual(result);
  const words = await moat('show', '--db', 'x.db');
  expect(words.code).toBe(0);
  expect(words.stdout).toContain(result.headline.split(' ')[0]);
  expect(words.stdout).toContain('rounding:decimals=0');
});

test('list names the audit', async () => {
  const listed = await moat('list', '--db', 'x.db', '--json');
  expect(JSON.parse(listed.stdout)).toMatchObject([{ id: result.auditId, state: 'completed' }]);
});

test('the documented views answer an analyst', () => {
  const database = new Database(path.join(project.folder, 'x.db'), { readonly: true });
  const count = (view: string): number =>
    database.prepare(`SELECT count(*) FROM ${view}`).pluck().get() as number;
  expect(count('report_matrix')).toBe(result.matrix.length);
  expect(count('report_measurements')).toBeGreaterThan(result.matrix.length);
  expect(count('report_findings')).toBe(result.findings.length);
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  database.close();
});

test('the same audit again in the same database reuses every cell', async () => {
  const before = measurementsOf(path.join(project.folder, 'x.db'));
  const again = await moat('audit', ...project.arguments, ...battery, '--db', 'x.db', '--json');
  expect(again.code).toBe(0);
  expect(measurementsOf(path.join(project.folder, 'x.db'))).toEqual(before);
  const repeated = JSON.parse(again.stdout) as AuditResult;
  expect(repeated.auditId).not.toBe(result.auditId);
  expect(repeated.matrix).toEqual(result.matrix);
});

test('the same seed in a fresh database measures the same numbers', async () => {
  const fresh = await moat(
    'audit',
    ...project.arguments,
    ...battery,
    '--db',
    'fresh.db',
    '--workers',
    '1',
    '--json',
  );
  expect(fresh.code).toBe(0);
  expect(measurementsOf(path.join(project.folder, 'fresh.db'))).toEqual(
    measurementsOf(path.join(project.folder, 'x.db')),
  );
});

test('a dry run prints the plan and runs nothing', async () => {
  const dry = await moat('audit', ...project.arguments, ...battery, '--db', 'dry.db', '--dry-run', '--json');
  expect(dry.code).toBe(0);
  const plan = JSON.parse(dry.stdout) as {
    readonly summary: { readonly cells: number; readonly queries: number };
  };
  expect(plan.summary.cells).toBeGreaterThan(40);
  expect(plan.summary.queries).toBeGreaterThan(0);
  const database = path.join(project.folder, 'dry.db');
  expect(existsSync(database) ? measurementsOf(database) : []).toEqual([]);
});

test('with a policy the exit code is the verdict: quick measures, but never passes', async () => {
  writeFileSync(path.join(project.folder, 'policy.json'), JSON.stringify({ budget: 64, accounts: [1] }));
  const judged = await moat(
    'audit',
    ...project.arguments,
    ...battery,
    '--db',
    'x.db',
    '--policy',
    'policy.json',
    '--json',
  );
  expect([1, 2]).toContain(judged.code);
});

test('a second audit on a file in use is refused by name, and readers are not', async () => {
  const running = startMoat(
    ['audit', ...project.arguments, '--preset', 'quick', '--budgets', '64', '--db', 'busy.db'],
    {
      cwd: project.folder,
    },
  );
  await running.waitFor(/\d+\/\d+|cells/);
  const second = await moat('audit', ...project.arguments, '--preset', 'quick', '--db', 'busy.db');
  expect(second.code).toBe(2);
  expect(second.stderr).toContain(String(running.process.pid));
  const reader = await moat('list', '--db', 'busy.db', '--json');
  expect(JSON.parse(reader.stdout)).toHaveLength(1);
  const cancelled = await moat('cancel', '--db', 'busy.db');
  expect(cancelled.code).toBe(0);
  expect((await running.end).code).toBe(5);
});
