import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BridgeEvent } from '../contract/bridge.ts';
import type { AuditId } from '../contract/cell.ts';
import { defaultPolicy } from '../plan/policy.ts';
import { earlierAuditId, judgedDatabase } from '../../test/helpers/earlier-database.ts';
import { pretendingWorkers, sampleWindow } from './engine.sample.ts';
import { openServe, type ServedEngine } from './open-engine.ts';

/** What windows do with audits that have ended: on a real database of a real audit. */

const id = earlierAuditId as AuditId;
let folder: string;
let engine: ServedEngine;
const events: BridgeEvent[] = [];

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-history-'));
  process.env['MOAT_DATA'] = path.join(folder, 'data');
  engine = openServe({
    database: judgedDatabase(folder),
    host: 'http',
    moatVersion: '0.0.0',
    command: 'test',
    startWorker: pretendingWorkers(),
  });
  engine.subscribe((event) => events.push(event));
});
afterAll(async () => {
  await engine.close();
  delete process.env['MOAT_DATA'];
  rmSync(folder, { recursive: true, force: true });
});

const { call, refusal } = sampleWindow(() => engine);

const changed = (): number => events.filter(({ event }) => event.type === 'audits-changed').length;

test('tags and a note are kept, and every window is told', async () => {
  const before = changed();
  const entry = await call('audits.annotate', {
    id,
    tags: [' release ', 'release', 'eu'],
    note: 'with the new head',
  });
  expect(entry).toMatchObject({ tags: ['release', 'eu'], note: 'with the new head' });
  expect(await call('audits.annotate', { id, note: '' })).toMatchObject({
    tags: ['release', 'eu'],
    note: '',
  });
  expect(changed()).toBe(before + 2);
  expect((await refusal('audits.annotate', { id, tags: [''] })).code).toBe('usage');
  expect((await refusal('audits.annotate', { id: 'nobody', note: '' })).code).toBe('audit-unknown');
});

test('deleted is out of sight, and comes back', async () => {
  expect((await call('audits.delete', { id })).deletedAt).not.toBeNull();
  expect(await call('audits.list', {})).toEqual([]);
  expect((await refusal('audits.resume', { id, retryFailed: true })).message).toContain('restore it');
  expect((await call('audits.list', { deleted: true })).map((entry) => entry.id)).toEqual([id]);
  expect((await call('audits.restore', { id })).deletedAt).toBeNull();
  expect(await call('audits.list', {})).toHaveLength(1);
});

test('settings are kept beside the database, each parsed, and survive the engine', async () => {
  const defaults = await call('settings.get', {});
  expect(defaults).toMatchObject({ theme: 'system', engine: 'auto', workers: null });
  expect(defaults.reportFolder).toBe(path.join(folder, 'moat-report'));
  const set = await call('settings.set', { changes: { theme: 'dark', price: 0.002 } });
  expect(set).toEqual({ ...defaults, theme: 'dark', price: 0.002 });
  expect(await call('settings.get', {})).toEqual(set);
  for (const changes of [
    { theme: 'pink' },
    { workers: 0 },
    { price: -1 },
    { reportFolder: 'here' },
    { other: 1 },
  ])
    expect((await refusal('settings.set', { changes })).code).toBe('usage');
  expect(events.filter(({ event }) => event.type === 'settings-changed').length).toBe(1);
  const file = path.join(folder, 'first-build.settings', 'settings.json');
  writeFileSync(file, '{"theme": 3}');
  expect((await refusal('settings.get', {})).message).toContain('settings.json: theme');
  rmSync(file);
});

test('what was typed into a form is kept beside the settings, whatever its fields are called', async () => {
  expect(await call('draft.get', {})).toEqual({ draft: null });
  const draft = { encoder: '/e.onnx', pools: [{ path: '/photos', share: '' }], attacks: null };
  expect(await call('draft.set', { draft })).toEqual({ kept: true });
  expect(await call('draft.get', {})).toEqual({ draft });
  expect((await refusal('draft.set', { draft: 'text' })).code).toBe('usage');
  expect((await refusal('draft.set', { draft: { note: 'x'.repeat(1_000_001) } })).code).toBe('usage');
  expect(await call('draft.get', {})).toEqual({ draft });
  // One that cannot be read is none.
  const file = path.join(folder, 'first-build.settings', 'new-audit.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(draft);
  writeFileSync(file, '{"encoder": ');
  expect(await call('draft.get', {})).toEqual({ draft: null });
  rmSync(file);
});

test('findings are accepted with a reason and a last day, in the file that the command line reads', async () => {
  const { result } = await call('audits.result', { id });
  const [finding] = result.findings;
  if (finding === undefined) throw new Error('the stored audit has findings');
  const acceptance = { finding: finding.id, reason: 'known, fixed in autumn', expires: '2099-01-01' };
  expect(await call('findings.accept', acceptance)).toEqual([acceptance]);
  expect(await call('findings.accept', { ...acceptance, reason: 'said again' })).toHaveLength(1);
  expect((await refusal('findings.accept', { ...acceptance, reason: ' ' })).code).toBe('usage');
  expect((await refusal('findings.accept', { ...acceptance, expires: 'soon' })).code).toBe('usage');
  const file = path.join(folder, 'first-build.settings', 'accepted.json');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
    accepted: [{ ...acceptance, reason: 'said again' }],
  });
  const comparison = await call('audits.compare', { from: { id }, to: { id } });
  const accepted = comparison.findings.filter(({ status }) => status === 'accepted');
  expect(accepted.map((change) => change.finding.id)).toEqual([finding.id]);
  expect(await call('findings.revoke', { finding: finding.id })).toEqual([]);
});

test('two defenses of one audit are compared; one that it has not is refused', async () => {
  const { result } = await call('audits.result', { id });
  const [first, second] = result.verdicts.map(({ defense }) => defense);
  if (first === undefined || second === undefined) throw new Error('the stored audit has two defenses');
  const comparison = await call('audits.compare', {
    from: { id, defense: first },
    to: { id, defense: second },
  });
  expect([comparison.before.defense, comparison.after.defense]).toEqual([first, second]);
  expect(comparison.changes.length).toBeGreaterThan(0);
  expect(await refusal('audits.compare', { from: { id, defense: 'moat' }, to: { id } })).toMatchObject({
    code: 'usage',
    message: expect.stringContaining(first),
  });
});

test('the gate answers under the policy asked, and changes nothing that is stored', async () => {
  const before = await call('audits.result', { id });
  const asked = await call('audits.assert', { id, policy: { ...defaultPolicy, budget: 5000 } });
  expect(asked).toMatchObject({ verdict: 'not-measured', exitCode: 2 });
  expect(asked.reasons.join()).toContain('The policy asks for 5 000 queries, 100 were judged');
  const smaller = await call('audits.assert', {
    id,
    policy: { ...defaultPolicy, budget: 100 },
    baseline: id,
  });
  expect(smaller.reasons.join()).not.toContain('queries, 100 were judged');
  expect((await call('audits.result', { id })).result).toEqual(before.result);
  expect((await refusal('audits.assert', { id, policy: { budgets: 3 } })).code).toBe('usage');
});

test('reports are written into a folder, signed, and verified; a changed file is told', async () => {
  const formats = await call('reports.formats', {});
  expect(formats.map((format) => format.id)).toContain('json');
  const out = path.join(folder, 'out');
  const { files } = await call('reports.export', { id, formats: ['json', 'csv'], folder: out, sign: true });
  expect(files.map(({ format }) => format)).toEqual(['json', 'csv', 'attestation']);
  for (const file of files) expect(readFileSync(file.path).length).toBe(file.sizeBytes);
  const attestation = files.at(-1)?.path ?? '';
  expect(await call('reports.verify', { path: attestation })).toMatchObject({ ok: true });
  writeFileSync(files[1]?.path ?? '', 'other numbers');
  const { ok, lines } = await call('reports.verify', { path: attestation });
  expect(ok).toBe(false);
  expect(lines.filter((line) => line.startsWith('differs: ')).join()).toContain('report.csv');
  expect((await refusal('reports.export', { id, formats: ['docx'], folder: out })).message).toContain('docx');
  expect((await refusal('reports.export', { id, formats: ['json'], folder: 'out' })).code).toBe('usage');
  expect((await refusal('reports.verify', { path: path.join(folder, 'nothing') })).code).toBe('path-missing');
});

test('a report is saved as the one file that was named', async () => {
  const file = path.join(folder, 'mine.json');
  writeFileSync(file, 'an earlier report');
  const saved = await call('reports.save', { id, format: 'json', file });
  expect(saved).toMatchObject({ format: 'json', path: file });
  expect(readFileSync(file).length).toBe(saved.sizeBytes);
  const figures = await call('reports.save', {
    id,
    format: 'figures',
    file: path.join(folder, 'figures.zip'),
  });
  expect(readFileSync(figures.path).subarray(0, 2).toString('latin1')).toBe('PK');
  expect((await refusal('reports.save', { id, format: 'json', file: 'mine.json' })).code).toBe('usage');
  const nowhere = path.join(file, 'report.json');
  expect((await refusal('reports.save', { id, format: 'json', file: nowhere })).code).toBe('file-unwritable');
});

test('the gauge counts this process and what it started', async () => {
  const { residentBytes, totalBytes } = await call('machine.gauge', {});
  expect(residentBytes).toBeGreaterThan(10e6);
  expect(totalBytes).toBeGreaterThan(residentBytes);
});

test('engines are listed with the devices they can use here', async () => {
  const engines = await call('engines.list', {});
  expect(engines.map((entry) => entry.id)).toEqual(['onnx', 'tensorflow', 'reference']);
  expect(engines[0]).toMatchObject({ state: 'ready', canInstall: false, canRemove: false });
  expect(engines[0]?.devices).toContain('cpu');
});

test('purging erases deleted audits and their files, and no file outside', async () => {
  const artifacts = path.join(folder, 'first-build.artifacts');
  const outside = path.join(folder, 'outside.txt');
  writeFileSync(outside, 'somebody else’s');
  mkdirSync(path.join(artifacts, 'cells'), { recursive: true });
  writeFileSync(path.join(artifacts, 'cells', 'copy.moat'), 'x'.repeat(1000));
  symlinkSync(outside, path.join(artifacts, 'link.moat'));
  // What a database from a stranger may hold.
  const raw = new Database(path.join(folder, 'first-build.db'));
  const key = raw.prepare('SELECT key FROM cells LIMIT 1').pluck().get();
  raw.exec('DELETE FROM artifacts');
  for (const name of ['cells/copy.moat', '../outside.txt', outside, 'link.moat', '.', '..', ''])
    raw
      .prepare(
        `INSERT INTO artifacts (cell_key, path, sha256, size_bytes, kind) VALUES (?, ?, '', 0, 'surrogate')`,
      )
      .run(key, name);
  raw.close();
  const before = await call('history.usage', {});
  expect(before.deletedBytes).toBe(0);
  expect(before.artifactBytes).toBeGreaterThanOrEqual(1000);
  expect(before.databaseBytes).toBeGreaterThan(10_000);
  await call('audits.delete', { id });
  expect((await call('history.usage', {})).deletedBytes).toBe(1000);
  const after = await call('history.purge', {});
  expect(after).toMatchObject({ deletedBytes: 0 });
  expect(existsSync(path.join(artifacts, 'cells', 'copy.moat'))).toBe(false);
  expect(readFileSync(outside, 'utf8')).toBe('somebody else’s');
  expect(existsSync(artifacts)).toBe(true);
  expect(await call('audits.list', { deleted: true })).toEqual([]);
  expect((await refusal('audits.restore', { id })).code).toBe('audit-unknown');
});
