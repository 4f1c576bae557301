/**
 * `npm test` (everything) and `npm run check` (format, lint, types, unit, architecture).
 * Ends with one line: N passed, N failed[, N skipped].
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';

const root = path.join(import.meta.dirname, '..');
const onlyCheck = process.argv[2] === 'check';

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

const vitestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  numFailedTestSuites: z.number(),
  success: z.boolean(),
});

function runNode(file: string, args: readonly string[]): number {
  const result = spawnSync(process.execPath, [path.join(root, 'node_modules', file), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  return result.status ?? 1;
}

function step(title: string, run: () => number): Tally {
  console.log(`\n== ${title}`);
  const failed = run() === 0 ? 0 : 1;
  return { passed: 1 - failed, failed, skipped: 0 };
}

function vitest(project: string): Tally {
  console.log(`\n== tests: ${project}`);
  const folder = mkdtempSync(path.join(tmpdir(), 'moat-test-'));
  const file = path.join(folder, 'report.json');
  const status = runNode('vitest/vitest.mjs', [
    'run',
    '--config=build/vitest.config.ts',
    `--project=${project}`,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ]);
  try {
    const report = vitestReport.parse(JSON.parse(readFileSync(file, 'utf8')));
    // A file that fails to load, or an error outside any test, has no failed test of its own.
    const failedOutside = status !== 0 && report.numFailedTests === 0 ? 1 : 0;
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + failedOutside,
      skipped: report.numPendingTests + report.numTodoTests,
    };
  } catch (error) {
    console.error(`The report of the ${project} tests could not be read: ${String(error)}`);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const tallies = [
  step('format', () => runNode('prettier/bin/prettier.cjs', ['--check', '--log-level=warn', '.'])),
  step('lint', () => runNode('oxlint/bin/oxlint', ['--type-aware', '--deny-warnings', '.'])),
  step('types: audits', () => runNode('typescript/bin/tsc', ['-p', 'audits'])),
  step('types: test, build', () => runNode('typescript/bin/tsc', ['-p', 'test'])),
  step('types: electron', () => runNode('typescript/bin/tsc', ['-p', 'electron'])),
  step('types: renderer', () =>
    runNode('../build/svelte-check/node_modules/svelte-check/bin/svelte-check', [
      '--tsconfig=renderer/tsconfig.json',
      '--fail-on-warnings',
    ]),
  ),
  vitest('unit'),
  ...(onlyCheck ? [] : [vitest('real')]),
];
const sum = (key: keyof Tally): number => tallies.reduce((total, tally) => total + tally[key], 0);
const skipped = sum('skipped');
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(sum('failed') === 0 ? 0 : 1);
