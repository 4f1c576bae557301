import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { BridgeEvent } from '../../audits/contract/bridge.ts';
import { appFiles } from '../../audits/serve/app-files.ts';
import { openBrowser } from '../helpers/browser.ts';
import { startServed, type Served } from '../helpers/served.ts';
import { makeTinyProject, measurementsOf, type TinyProject } from '../helpers/tiny-project.ts';
import { axeViolations, openApp, type AppPage } from './app-page.ts';

/** What goes wrong while somebody watches: a real `moat serve`, its real workers, and windows on it. Nothing is lost, and it is said calmly. */

/** Machines that test are busy. */
const PATIENCE_MS = 280_000;
let browser: Browser | undefined;
let project: TinyProject;
let served: Served | undefined;
const opened: AppPage[] = [];

beforeAll(async () => {
  // Built before a server is asked for it.
  [browser, project] = await Promise.all([openBrowser(), makeTinyProject(), appFiles()]);
});
afterEach(async () => {
  for (const { page } of opened.splice(0)) await page.context().close();
  served?.command.killGroup();
  await served?.command.end;
});
afterAll(async () => {
  await browser?.close();
  rmSync(project.folder, { recursive: true, force: true });
});

const at = (name: string): string => path.join(project.folder, name);

/** Six cells of a second or so, one at a time. */
async function startAudit(database: string): Promise<string> {
  served = await startServed(['--db', database], { cwd: project.folder });
  const { id } = await served.call('audits.start', {
    settings: {
      encoder: at('encoder.onnx'),
      pool: [at('pool')],
      task: { tiny: at('task') },
      preset: 'quick',
      budgets: [64],
      seeds: 1,
      surrogate: ['small-cnn:inputSize=16:epochs=1'],
      fitRows: 100,
      scoreRows: 100,
      attacks: ['direct-extraction'],
      listedOnly: true,
      defenses: ['gaussian-noise'],
      engine: 'onnx',
      device: 'cpu',
      workers: 1,
    },
  });
  return id;
}

async function watch(from: Browser, id: string): Promise<Page> {
  const { origin, token } = served ?? { origin: '', token: '' };
  const app = await openApp(from, `${origin}/#/run/${id}?token=${token}`);
  app.page.setDefaultTimeout(PATIENCE_MS);
  opened.push(app);
  return app.page;
}

/** Resolves with the next event that fits. */
function heard(fits: (event: BridgeEvent['event']) => boolean): Promise<unknown> {
  return served?.next(fits) ?? Promise.reject(new Error('nothing is served'));
}
const cellEnded = (): Promise<unknown> =>
  heard((event) => event.type === 'run' && event.run.type === 'cell' && event.run.state === 'done');
const thiefBegan = (): Promise<unknown> =>
  heard(
    (event) =>
      event.type === 'run' &&
      event.run.type === 'cell' &&
      event.run.state === 'running' &&
      event.run.label.startsWith('direct-extraction'),
  );

const state = (page: Page, words: string): Promise<void> =>
  page.locator('.progress').getByText(words, { exact: true }).waitFor();

/** Cells with when they were worked on: what is computed again gets new times. */
function cellsOf(database: string): ReadonlyMap<string, { readonly state: string; readonly times: string }> {
  const connection = new Database(at(database), { readonly: true });
  try {
    const rows = connection
      .prepare<[], { key: string; state: string; times: string }>(
        "SELECT key, state, started_at || ' ' || ifnull(finished_at, '') AS times FROM cells",
      )
      .all();
    return new Map(rows.map(({ key, ...cell }) => [key, cell]));
  } finally {
    connection.close();
  }
}

function childrenOf(pid: number): readonly number[] {
  return execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(Number);
}
const servePid = (): number => served?.command.process.pid ?? 0;

test('stopped in one window and resumed in another: both show it, and what was done is not done again', async ({
  skip,
}) => {
  if (browser === undefined) return skip();
  const id = await startAudit('stopped.db');
  const oneDone = cellEnded();
  const [left, right] = [await watch(browser, id), await watch(browser, id)];
  for (const page of [left, right]) await page.getByRole('button', { name: 'Stop' }).waitFor();
  await oneDone;
  await left.getByRole('button', { name: 'Stop' }).click();
  await Promise.all([state(left, 'Stopped'), state(right, 'Stopped')]);
  const before = cellsOf('stopped.db');
  const states = [...before.values()].map((cell) => cell.state);
  expect(states).toContain('done');
  expect(states).toContain('pending');

  await right.getByRole('button', { name: 'Resume' }).click();
  await left.getByRole('button', { name: 'Stop' }).waitFor();
  await Promise.all([state(left, 'Completed'), state(right, 'Completed')]);
  const after = cellsOf('stopped.db');
  expect([...after.keys()].toSorted()).toEqual([...before.keys()].toSorted());
  expect(new Set([...after.values()].map((cell) => cell.state))).toEqual(new Set(['done']));
  const kept = [...before].filter(([, cell]) => cell.state === 'done');
  expect(kept.map(([key]) => [key, after.get(key)])).toEqual(kept);
  expect(opened.flatMap(({ complaints }) => complaints)).toEqual([]);
});

test('a worker that is killed costs one line of the log; the audit goes on and measures the same', async ({
  skip,
}) => {
  if (browser === undefined) return skip();
  const id = await startAudit('killed.db');
  const began = thiefBegan();
  const page = await watch(browser, id);
  await began;
  for (const worker of childrenOf(servePid())) process.kill(worker, 'SIGKILL');
  await state(page, 'Completed');
  const log = page.getByRole('region', { name: 'Lines of the log' });
  const troubled = await log.locator('p', { hasText: /^(warning|error): / }).allTextContents();
  expect(troubled).toEqual([
    expect.stringMatching(
      /A worker process ended unexpectedly \(SIGKILL\)\. The cell is tried again from its last checkpoint\.$/,
    ),
  ]);
  expect(await page.getByRole('alert').count()).toBe(0);
  expect(await page.getByRole('gridcell', { name: /failed/ }).count()).toBe(0);
  expect(measurementsOf(at('killed.db'))).toEqual(measurementsOf(at('stopped.db')));
});

test('a full disk stops the audit with a sentence and what to do; with space again it is resumed, nothing lost', async ({
  skip,
}) => {
  if (browser === undefined) return skip();
  if (process.platform !== 'linux') return skip('the limit of a running process is set on Linux');
  const id = await startAudit('full.db');
  const oneDone = cellEnded();
  const page = await watch(browser, id);
  await oneDone;
  const kept = [...cellsOf('full.db')].filter(([, cell]) => cell.state === 'done');
  // No file may grow any more, the database neither, in the server and its worker.
  const limitFiles = (pid: number, bytes: string): unknown =>
    execFileSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:`]);
  for (const pid of [servePid(), ...childrenOf(servePid())]) limitFiles(pid, '4096');
  await state(page, 'Stopped by an error');
  const alert = page.getByRole('alert');
  expect(await alert.textContent()).toMatch(/full disk|disk is full/);
  expect(await alert.textContent()).toMatch('Free some space, then press Resume. Finished cells are kept.');
  expect(await axeViolations(page)).toEqual([]);

  // Pressed too early it says the same again.
  await page.getByRole('button', { name: 'Resume' }).click();
  await state(page, 'Stopped by an error');
  await alert.waitFor();

  limitFiles(servePid(), 'unlimited');
  await page.getByRole('button', { name: 'Resume' }).click();
  await state(page, 'Completed');
  expect(await alert.count()).toBe(0);
  const after = cellsOf('full.db');
  expect(kept.map(([key]) => [key, after.get(key)])).toEqual(kept);
  expect(measurementsOf(at('full.db'))).toEqual(measurementsOf(at('stopped.db')));
});
