import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRng } from '../../audits/rng.ts';
import { runMoat, startMoat, type RunningCommand } from '../helpers/moat.ts';
import { makeTinyProject, measurementsOf, type TinyProject } from '../helpers/tiny-project.ts';

/** Whatever happens to a run, resuming it gives the numbers of a run that was left alone. */

const battery = [
  '--preset',
  'quick',
  '--budgets',
  '64',
  '--seeds',
  '2',
  '--attacks',
  'direct-extraction',
  '--defenses',
  'gaussian-noise',
  // No trial: it would be part of the first run's time, by which the others are stopped.
  '--engine',
  'onnx',
  '--device',
  'cpu',
];
const SOME_CELLS = 3;

let project: TinyProject;
let undisturbed: readonly unknown[];
let undisturbedMs: number;

beforeAll(async () => {
  project = await makeTinyProject();
  const started = performance.now();
  const run = await runMoat(['audit', ...project.arguments, ...battery, '--db', 'whole.db'], {
    cwd: project.folder,
  });
  undisturbedMs = performance.now() - started;
  expect(run.code).toBe(0);
  undisturbed = measurementsOf(path.join(project.folder, 'whole.db'));
  expect(undisturbed.length).toBeGreaterThan(20);
});
afterAll(() => rmSync(project.folder, { recursive: true, force: true }));

/** What a user does after a crash: resume, or start again where the run died before anything was stored. */
async function goOn(database: string): Promise<void> {
  const resumed = await runMoat(['resume', '--db', database], { cwd: project.folder });
  if (resumed.code === 0) return;
  // Nothing to resume: no file yet, no audit in it, or every cell had ended.
  expect(resumed.code).toBe(4);
  const again = await runMoat(['audit', ...project.arguments, ...battery, '--db', database], {
    cwd: project.folder,
  });
  expect(again.code).toBe(0);
}

/** Some cells of a run that works on one at a time are done, most are not: seen in the database, whatever the speed. */
async function inTheMiddle(run: RunningCommand, database: string): Promise<void> {
  await run.waitFor(/plan: /);
  while (cellsDone(database) < SOME_CELLS) {
    if (run.process.exitCode !== null) throw new Error('the run ended before it could be stopped');
    await sleep(10);
  }
}

function cellsDone(database: string): number {
  const connection = new Database(path.join(project.folder, database), { readonly: true });
  try {
    return connection.prepare("SELECT count(*) FROM cells WHERE state = 'done'").pluck().get() as number;
  } finally {
    connection.close();
  }
}

const seed = createRng('kill points');
test.each(Array.from({ length: 6 }, (_, i) => ({ name: `kill ${i + 1}`, share: (i + seed.uniform()) / 6 })))(
  'killed with -9 at $share of the run, then resumed: $name measures the same',
  async ({ share, name }) => {
    const database = `${name.replace(' ', '-')}.db`;
    const run = startMoat(['audit', ...project.arguments, ...battery, '--db', database], {
      cwd: project.folder,
    });
    await Promise.race([sleep(share * undisturbedMs), run.end]);
    run.killGroup();
    await run.end;
    await goOn(database);
    expect(measurementsOf(path.join(project.folder, database))).toEqual(undisturbed);
  },
);

test('killed, then simply started again: the new audit takes over what was done and finishes the rest', async () => {
  const run = startMoat(['audit', ...project.arguments, ...battery, '--db', 'again.db', '--workers', '1'], {
    cwd: project.folder,
  });
  await inTheMiddle(run, 'again.db');
  run.killGroup();
  await run.end;
  const again = await runMoat(['audit', ...project.arguments, ...battery, '--db', 'again.db'], {
    cwd: project.folder,
  });
  expect(again.code).toBe(0);
  expect(measurementsOf(path.join(project.folder, 'again.db'))).toEqual(undisturbed);
});

test('prepared files that are gone are made again', async () => {
  const run = startMoat(['audit', ...project.arguments, ...battery, '--db', 'bare.db', '--workers', '1'], {
    cwd: project.folder,
  });
  await inTheMiddle(run, 'bare.db');
  run.process.kill('SIGINT');
  expect((await run.end).code).toBe(5);
  rmSync(path.join(project.folder, 'bare.artifacts'), { recursive: true });
  const resumed = await runMoat(['resume', '--db', 'bare.db'], { cwd: project.folder });
  expect(resumed.code).toBe(0);
  expect(measurementsOf(path.join(project.folder, 'bare.db'))).toEqual(undisturbed);
});

test('Ctrl-C ends with 5 and says how to go on; resume finishes with the same numbers', async () => {
  const run = startMoat(['audit', ...project.arguments, ...battery, '--db', 'stopped.db', '--workers', '1'], {
    cwd: project.folder,
  });
  await inTheMiddle(run, 'stopped.db');
  run.process.kill('SIGINT');
  const end = await run.end;
  expect(end.code).toBe(5);
  expect(end.stderr).toContain('resume');
  const resumed = await runMoat(['resume', '--db', 'stopped.db'], { cwd: project.folder });
  expect(resumed.code).toBe(0);
  expect(measurementsOf(path.join(project.folder, 'stopped.db'))).toEqual(undisturbed);
});

test('a worker killed mid-cell costs that cell its time, not the audit', async () => {
  const run = startMoat(['audit', ...project.arguments, ...battery, '--db', 'worker.db', '--workers', '1'], {
    cwd: project.folder,
  });
  await inTheMiddle(run, 'worker.db');
  const children = execFileSync('pgrep', ['-P', String(run.process.pid)], { encoding: 'utf8' })
    .trim()
    .split('\n');
  process.kill(Number(children[0]), 'SIGKILL');
  expect((await run.end).code).toBe(0);
  expect(measurementsOf(path.join(project.folder, 'worker.db'))).toEqual(undisturbed);
});

test('a disk that fills up stops the audit with one sentence; with space again it resumes', async () => {
  const run = await runMoat(['audit', ...project.arguments, ...battery, '--db', 'full.db'], {
    cwd: project.folder,
    fileSizeLimitKilobytes: 1000,
  });
  expect(run.code).toBe(2);
  // The database and the images still fit, the first checkpoint does not: the disk fills in the middle of a cell.
  expect(run.stderr).toMatch(/cells/);
  expect(run.stderr).toMatch(/full|disk|space/i);
  expect(run.stderr).not.toMatch(/\n {4}at /);
  await goOn('full.db');
  expect(measurementsOf(path.join(project.folder, 'full.db'))).toEqual(undisturbed);
});
