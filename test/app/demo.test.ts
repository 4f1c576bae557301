import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditSnapshot } from '../../audits/contract/bridge.ts';
import { MoatError } from '../../audits/contract/errors.ts';
import type { Job } from '../../audits/run/jobs.ts';
import { systemClock } from '../../audits/run/system-clock.ts';
import { appFiles } from '../../audits/serve/app-files.ts';
import { openSampleEngine, pretendingWorkers, sampleSettings } from '../../audits/serve/engine.sample.ts';
import { startHttpServer, type HttpServer } from '../../audits/serve/http/server.ts';
import type { ServedEngine } from '../../audits/serve/open-engine.ts';
import { labelOf } from '../../renderer/run/run-model.ts';
import { openBrowser } from '../helpers/browser.ts';
import { openApp } from './app-page.ts';

/** The app over the real server, the real store and the real runner, whose workers only pretend to compute. */

let browser: Browser | undefined;
let server: HttpServer;
let engine: ServedEngine;
/** What a worker waits for before it pretends to do a job. */
let before: (job: Job) => Promise<void> | undefined = () => undefined;
const place = mkdtempSync(path.join(tmpdir(), 'moat-app-'));

beforeAll(async () => {
  const [opened, folder] = await Promise.all([openBrowser(), appFiles()]);
  browser = opened;
  engine = openSampleEngine(place, (log) => {
    const worker = pretendingWorkers()(log);
    return {
      ...worker,
      async run(job, tell) {
        await before(job as Job);
        return worker.run(job, tell);
      },
    };
  });
  server = await startHttpServer({
    engine,
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    appFolder: () => Promise.resolve(folder),
  });
});
afterAll(async () => {
  await browser?.close();
  await server.close();
  await engine.close();
  rmSync(place, { recursive: true, force: true });
});

test('from the start to the demo, its end, and the history: one click, and nothing asked of anybody else', async ({
  skip,
}) => {
  if (browser === undefined) return skip();
  const { page, complaints } = await openApp(browser, server.url);
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.getByRole('button', { name: 'Try the demo' }).click();
  await page.waitForURL(/#\/run\/.+/);
  // Cells that were done are counted in the list without anybody asking for it again.
  await page.getByRole('link', { name: 'History' }).click();
  const row = page.getByRole('row', { name: 'Built-in demo' });
  await row.locator('.verdict').waitFor();
  const [done = '', total = ''] =
    (await row.locator('.column-cells').textContent())?.split('/').map((text) => text.trim()) ?? [];
  expect(Number(done)).toBeGreaterThan(4);
  expect(done).toBe(total);
  expect(requests.length).toBeGreaterThan(0);
  expect(requests.every((url) => url.startsWith(server.origin))).toBe(true);
  expect(requests.some((url) => url.includes(server.token))).toBe(false);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('the side bar says that an audit is prepared, then that it runs', async ({ skip }) => {
  if (browser === undefined) return skip();
  const steps = { prepare: Promise.withResolvers<void>(), cell: Promise.withResolvers<void>() };
  before = ({ kind }) => (kind === 'prepare' || kind === 'cell' ? steps[kind].promise : undefined);
  const { page, complaints } = await openApp(browser, server.url);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await engine.dispatch('audits.start', { settings: { ...sampleSettings, seed: 2 } });
  const running = page.locator('.sidebar-run');
  await running.getByText('Preparing').waitFor();
  steps.prepare.resolve();
  await running.getByText('Running').waitFor();
  steps.cell.resolve();
  await running.waitFor({ state: 'detached' });
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('the engine and its windows name a cell alike, and one without any defense in words', async () => {
  before = () => undefined;
  const named = new Map<string, string>();
  const done = Promise.withResolvers<void>();
  const stop = engine.subscribe(({ event }) => {
    if (event.type !== 'run') return;
    if (event.run.type === 'cell') named.set(event.run.key, event.run.label);
    if (event.run.type === 'stage' && event.run.stage === 'done') done.resolve();
  });
  const started = await engine.dispatch('audits.start', { settings: { ...sampleSettings, seed: 3 } });
  await done.promise;
  stop();
  const { id } = replyOf(started) as { id: string };
  const { cells } = replyOf(await engine.dispatch('audits.snapshot', { id })) as AuditSnapshot;
  expect(cells.map((cell) => [cell.key, labelOf(cell)])).toEqual(
    cells.map(({ key }) => [key, named.get(key)]),
  );
  const undefended = cells.filter(({ kind, defense }) => kind === 'attack' && defense === 'none');
  expect(undefended.length).toBeGreaterThan(0);
  for (const cell of undefended) expect(named.get(cell.key)).toContain(' on no defense · ');
});

function replyOf(reply: Awaited<ReturnType<ServedEngine['dispatch']>>): unknown {
  if (!reply.ok) throw MoatError.fromJSON(reply.error);
  return reply.value;
}
