import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterEach, beforeAll, afterAll, expect, test } from 'vitest';
import { MoatError } from '../../audits/contract/errors.ts';
import { systemClock } from '../../audits/run/system-clock.ts';
import { appFiles } from '../../audits/serve/app-files.ts';
import { openSampleEngine, pretendingWorkers, sampleSettings } from '../../audits/serve/engine.sample.ts';
import { startHttpServer, type HttpServer } from '../../audits/serve/http/server.ts';
import type { ServedEngine } from '../../audits/serve/open-engine.ts';
import { openBrowser } from '../helpers/browser.ts';
import { openApp } from './app-page.ts';

/** An audit as somebody sees it who watches: real server, real store, real runner, and workers that only pretend to compute. */

let browser: Browser | undefined;
let folder: string;
let engine: ServedEngine | undefined;
let server: HttpServer | undefined;
const place = mkdtempSync(path.join(tmpdir(), 'moat-story-'));

beforeAll(async () => {
  [browser, folder] = await Promise.all([openBrowser(), appFiles()]);
});
afterEach(async () => {
  await server?.close();
  await engine?.close();
});
afterAll(async () => {
  await browser?.close();
  rmSync(place, { recursive: true, force: true });
});

async function serve(opened: ServedEngine): Promise<HttpServer> {
  engine = opened;
  server = await startHttpServer({
    engine: opened,
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    appFolder: () => Promise.resolve(folder),
  });
  return server;
}

async function start(settings: Readonly<Record<string, unknown>>): Promise<string> {
  const reply = await engine?.dispatch('audits.start', { settings });
  if (reply?.ok !== true) throw new Error(JSON.stringify(reply));
  return (reply.value as { readonly id: string }).id;
}

const at = ({ url }: HttpServer, hash: string): string => url.replace('#', `${hash}?`);

test('a cell that fails is shown, opened and tried again', async ({ skip }) => {
  if (browser === undefined) return skip();
  let isBroken = true;
  const opened = await serve(
    openSampleEngine(
      path.join(place, 'failing'),
      pretendingWorkers((work) => {
        if (isBroken && work.kind === 'attack' && work.defense.length > 0)
          throw new MoatError('training-diverged', 'The loss became not finite after 3 epochs.');
      }),
    ),
  );
  const id = await start(sampleSettings);
  const { page, complaints } = await openApp(browser, at(opened, `#/run/${id}`));
  const retry = page.getByRole('button', { name: 'Retry failed cells' });
  await retry.waitFor();
  await page
    .getByRole('gridcell', { name: /^failed/ })
    .first()
    .click();
  await page
    .getByRole('complementary', { name: 'Cell' })
    .getByText('The loss became not finite after 3 epochs.')
    .waitFor();
  isBroken = false;
  await retry.click();
  await retry.waitFor({ state: 'detached' });
  await page.locator('.progress').getByText('Completed').waitFor();
  expect(await page.getByRole('gridcell', { name: /failed/ }).count()).toBe(0);
  expect(await page.getByRole('gridcell', { name: /^stolen gain 0\.75/ }).count()).toBeGreaterThan(0);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('an audit is watched, stopped, resumed, read, and printed as a PDF', async ({ skip }) => {
  if (browser === undefined) return skip();
  let release = (): void => undefined;
  const isStopped = new Promise<void>((resolve) => {
    release = resolve;
  });
  const opened = await serve(
    openSampleEngine(
      path.join(place, 'whole'),
      pretendingWorkers((work) => (work.kind === 'attack' ? isStopped : undefined)),
    ),
  );
  const id = await start(sampleSettings);
  const { page, complaints } = await openApp(browser, at(opened, `#/run/${id}`));
  page.setDefaultTimeout(120_000);
  await page
    .getByRole('gridcell', { name: /^running/ })
    .first()
    .waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.locator('.progress').getByText('Stopping at the next safe point').waitFor();
  release();
  await page.locator('.progress').getByText('Stopped', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('link', { name: 'Open the report' }).click();
  await page.locator('table.matrix').first().waitFor();
  await page.getByRole('button', { name: 'Export' }).click();
  const coming = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: /^PDF/ }).click();
  const bytes = readFileSync(await (await coming).path());
  expect(bytes.subarray(0, 5).toString('latin1')).toBe('%PDF-');
  expect(bytes.length).toBeGreaterThan(50_000);
  expect(complaints).toEqual([]);
  await page.context().close();
});
