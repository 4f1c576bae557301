import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { earlierAuditId, judgedDatabase } from '../../test/helpers/earlier-database.ts';
import { runCommand } from '../../test/helpers/run-command.ts';
import { dataFolderVariable } from '../data-folder.ts';
import type { Verification } from '../report/attestation/verify-attestation.ts';
import { registerReport } from './report.ts';
import { registerVerify } from './verify.ts';

/** A report that is signed on the command line, and what `moat verify` says when something is changed afterwards. */

let folder = '';
let database = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'moat-verify-'));
  vi.stubEnv(dataFolderVariable, path.join(folder, 'data'));
  database = judgedDatabase(folder);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const run = (registration: Parameters<typeof runCommand>[0], ...args: readonly string[]) =>
  runCommand(registration, args, { folder, now: '2026-03-01T00:00:00.000Z' });
const own = () => path.join(folder, 'data/keys/report-ed25519.pem');
const differing = (json: unknown) =>
  (json as Verification).checks
    .filter(({ state }) => state === 'differs')
    .map(({ subject, name }) => [subject, name]);

test('the first signature makes a key that the user alone may read; later ones use it', async () => {
  await run(
    registerReport,
    'report',
    earlierAuditId,
    '--db',
    database,
    '--format',
    'json,md',
    '--out',
    'out',
    '--sign',
  );
  expect(statSync(own()).mode & 0o777).toBe(0o600);
  const key = readFileSync(own(), 'utf8');
  await run(registerReport, 'report', '--db', database, '--format', 'json,md', '--out', 'out', '--sign');
  expect(readFileSync(own(), 'utf8')).toBe(key);
  const { text, exitCode } = await run(registerVerify, 'verify', 'out/report.intoto.json', '--db', database);
  expect(text).toMatch(/\nverified: audit 5519061f, .*, signed 2026-03-01$/);
  expect(exitCode).toBe(0);
});

test('a given public key is the one that is believed', async () => {
  const args = ['verify', 'out/report.intoto.json', '--public-key'];
  expect((await run(registerVerify, ...args, 'data/keys/report-ed25519.public.pem')).exitCode).toBe(0);
  await expect(run(registerVerify, ...args, 'first-build.db')).rejects.toThrow(/no Ed25519 public key/);
});

test('a measurement changed in the database is found, and the number that it makes is named', async () => {
  const raw = new Database(database);
  const before = raw
    .prepare<[], { readonly id: number; readonly value: number; readonly task: string }>(
      `SELECT m.id, m.value, m.task FROM measurements m JOIN audit_cells a ON a.cell_key = m.cell_key
       WHERE m.metric = 'probe-accuracy' AND a.attack_label LIKE 'direct-extraction%' AND a.defense_label <> 'none'
       ORDER BY m.id LIMIT 1`,
    )
    .get();
  if (before === undefined) throw new Error('the database has a copy');
  const set = raw.prepare('UPDATE measurements SET value = ? WHERE id = ?');
  const verify = () => run(registerVerify, 'verify', 'out/report.intoto.json', '--db', database, '--json');
  expect(differing((await verify()).json)).toEqual([]);
  set.run(before.value - 0.125, before.id);
  const { json, exitCode } = await verify();
  const name = expect.stringMatching(/^probe-accuracy: direct-extraction.* through gaussian-noise/) as string;
  expect(differing(json)).toEqual([['measurements', name]]);
  expect(exitCode).toBe(1);
  const text = (await run(registerVerify, 'verify', 'out/report.intoto.json', '--db', database)).text;
  expect(text.replaceAll(/\s+/g, ' ')).toMatch(
    /DIFFERS The result does not follow from the measurements in the database: probe-accuracy: direct-extraction.* is 0\.\d+ .* in the result and 0\.\d+ .* by the measurements;/,
  );
  set.run(before.value, before.id);
  expect((await verify()).exitCode).toBe(0);
  raw.close();
});

test('a number changed in the database is found, then a changed file', async () => {
  const raw = new Database(database);
  raw.exec("UPDATE reports SET result = json_set(result, '$.matrix[0].seedsDone', 9)");
  raw.close();
  const changed = await run(registerVerify, 'verify', 'out/report.intoto.json', '--db', database, '--json');
  expect(differing(changed.json)).toEqual([
    ['database', null],
    ['measurements', 'matrix.0.seedsDone'],
  ]);
  expect(changed.exitCode).toBe(1);
  appendFileSync(path.join(folder, 'out/report.md'), 'pass');
  const { json, exitCode } = await run(registerVerify, 'verify', 'out/report.intoto.json', '--json');
  expect(differing(json)).toEqual([['file', 'report.md']]);
  expect(exitCode).toBe(1);
});
