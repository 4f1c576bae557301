import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { earlierAuditId, judgedDatabase } from '../../test/helpers/earlier-database.ts';
import { runCommand } from '../../test/helpers/run-command.ts';
import { exitCode } from '../contract/errors.ts';
import { browserVariable } from '../report/pdf/chromium.ts';
import { registerCompare } from './compare.ts';
import { registerReport } from './report.ts';

/** A machine that has no browser, or one that does not start: nothing but paper and pictures is missing. */

let folder = '';
let database = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'moat-no-browser-'));
  database = judgedDatabase(folder);
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (registration: Parameters<typeof runCommand>[0], ...args: readonly string[]) =>
  runCommand(registration, [...args, '--db', database], { folder, now: '2026-03-01T00:00:00.000Z' });
const written = (name: string): readonly string[] => readdirSync(path.join(folder, name)).toSorted();

test('every other format is written, one line says what is not, and the process ends with the code for it', () => {
  const formats = 'html,pdf,json,csv,sarif,md,cyclonedx,figures';
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      path.join(import.meta.dirname, 'main.ts'),
      'report',
      earlierAuditId,
      '--format',
      formats,
      '--out',
      'all',
      '--db',
      database,
      '--json',
    ],
    {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, [browserVariable]: 'none', NODE_OPTIONS: undefined },
    },
  );
  expect(status, stderr).toBe(exitCode.error);
  expect(written('all')).toEqual(
    [
      'bom.cdx.json',
      'figures',
      'report.csv',
      'report.html',
      'report.md',
      'report.sarif',
      'result.json',
    ].toSorted(),
  );
  const figures = written('all/figures');
  expect(figures.filter((name) => name.endsWith('.svg')).length).toBeGreaterThan(3);
  expect(figures.filter((name) => name.endsWith('.png'))).toEqual([]);
  const lines = stderr.split('\n').filter((line) => line.includes('left out'));
  expect(lines.find((line) => line.startsWith('report.pdf'))).toMatch(/no browser.*Install Chrome/);
  expect(lines.find((line) => line.startsWith('figures'))).toMatch(/PNG.*Install Chrome/);
  expect(lines).toHaveLength(2);
  expect(JSON.parse(stdout)).toMatchObject({ leftOut: [{ format: 'pdf', code: 'browser-missing' }] });
  // The first report compiles the pages, where no build of these sources is there.
}, 600_000);

test('figures alone are whole without their pictures', async () => {
  vi.stubEnv(browserVariable, 'none');
  const { exitCode: code } = await run(
    registerReport,
    'report',
    earlierAuditId,
    '--format',
    'figures',
    '--out',
    'f',
  );
  expect(code).toBe(exitCode.ok);
});

test('a PDF alone is an error that says what to do, and an earlier one is left as it was', async () => {
  vi.stubEnv(browserVariable, path.join(folder, 'no-such-program'));
  await expect(
    run(registerReport, 'report', earlierAuditId, '--format', 'pdf', '--out', 'alone'),
  ).rejects.toMatchObject({
    code: 'browser-missing',
    message: expect.stringContaining('no-such-program') as string,
  });
  expect(existsSync(path.join(folder, 'alone'))).toBe(false);
});

test('a browser that does not start leaves the others written, and an old PDF is not taken for a new one', async () => {
  const broken = path.join(folder, 'broken-browser');
  writeFileSync(broken, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  vi.stubEnv(browserVariable, broken);
  await run(registerReport, 'report', earlierAuditId, '--format', 'md', '--out', 'old');
  writeFileSync(path.join(folder, 'old', 'report.pdf'), 'of last week');
  const { exitCode: code, notes } = await run(
    registerReport,
    'report',
    earlierAuditId,
    '--format',
    'pdf,json',
    '--out',
    'old',
  );
  expect(code).toBe(exitCode.error);
  expect(written('old')).toEqual(['report.md', 'report.pdf', 'result.json']);
  expect(notes.join('\n')).toMatch(/report\.pdf is left out.*could not print.*earlier one/s);
});

test('a comparison writes its other files before it says that there is no paper', async () => {
  vi.stubEnv(browserVariable, 'none');
  await expect(
    run(
      registerCompare,
      'compare',
      `${earlierAuditId}@none`,
      `${earlierAuditId}@gaussian-noise`,
      '--format',
      'pdf,md,json',
      '--out',
      'compared',
    ),
  ).rejects.toMatchObject({ code: 'browser-missing' });
  expect(written('compared')).toEqual(['comparison.json', 'comparison.md']);
  expect(readFileSync(path.join(folder, 'compared/comparison.md'), 'utf8')).toMatch(/^## What changed/);
});
