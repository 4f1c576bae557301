import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { earlierAuditId, judgedDatabase } from '../../test/helpers/earlier-database.ts';
import { runCommand } from '../../test/helpers/run-command.ts';
import type { Comparison } from '../report/compare/compare-results.ts';
import { registerAssert } from './assert.ts';
import { registerCompare } from './compare.ts';
import { registerReport } from './report.ts';

/** On the measurements of a small real audit. */

let folder = '';
let database = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'moat-compare-'));
  database = judgedDatabase(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (registration: Parameters<typeof runCommand>[0], ...args: readonly string[]) =>
  runCommand(registration, [...args, '--db', database], { folder, now: '2026-03-01T00:00:00.000Z' });

test('two defenses of one audit: text, JSON and files say the same', async () => {
  const sides = [`${earlierAuditId}@none`, `${earlierAuditId}@gaussian-noise`];
  const { text } = await run(registerCompare, 'compare', ...sides);
  expect(text).toContain(`audit ${earlierAuditId} (gaussian-noise)`);
  const { json } = await run(registerCompare, 'compare', ...sides, '--json');
  const comparison = json as Comparison;
  expect(comparison.changes.length).toBeGreaterThan(5);
  expect(comparison.configuration).toEqual([]);
  await run(registerCompare, 'compare', ...sides, '--out', 'out');
  expect(JSON.parse(readFileSync(path.join(folder, 'out/comparison.json'), 'utf8'))).toEqual(json);
  expect(readFileSync(path.join(folder, 'out/comparison.md'), 'utf8')).toMatch(/^## What changed/);
});

test('a defense that was not audited and a format that is none are mistakes', async () => {
  await expect(run(registerCompare, 'compare', earlierAuditId, `${earlierAuditId}@top-k`)).rejects.toThrow(
    /has no defense "top-k"/,
  );
  await expect(
    run(registerCompare, 'compare', earlierAuditId, earlierAuditId, '--format', 'docx'),
  ).rejects.toThrow(/"docx"/);
});

test('assert answers another policy from the same measurements; the word and the exit code agree', async () => {
  const exitCodes = { pass: 0, fail: 1, inconclusive: 1, 'not-measured': 2 } as const;
  const lenient = { budget: 100, accounts: [1], minProtection: 0, maxHonestLoss: 1, minRecallAt10: 0 };
  for (const policy of [{}, lenient]) {
    writeFileSync(path.join(folder, 'policy.json'), JSON.stringify(policy));
    const { json, exitCode } = await run(
      registerAssert,
      'assert',
      earlierAuditId,
      '--policy',
      'policy.json',
      '--json',
    );
    const {
      verdict,
      exitCode: printed,
      policy: used,
    } = json as {
      readonly verdict: keyof typeof exitCodes;
      readonly exitCode: number;
      readonly policy: object;
    };
    expect(exitCode).toBe(exitCodes[verdict]);
    expect(printed).toBe(exitCode);
    expect(used).toMatchObject(policy);
  }
});

test('a result file of a report is a baseline', async () => {
  await run(registerReport, 'report', '--format', 'json', '--out', 'baseline');
  const { text } = await run(registerAssert, 'assert', '--baseline', 'baseline/result.json');
  expect(text).not.toContain('New since the baseline');
  const { json, exitCode } = await run(
    registerAssert,
    'assert',
    '--baseline',
    'baseline/result.json',
    '--json',
  );
  const { verdict } = json as { readonly verdict: string };
  expect(text.startsWith(`${verdict.replaceAll('-', ' ')}: `)).toBe(true);
  expect(exitCode).not.toBe(0);
  await expect(run(registerAssert, 'assert', '--baseline', 'none.json')).rejects.toThrow(
    /none\.json does not exist/,
  );
});
