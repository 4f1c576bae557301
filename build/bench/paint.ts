/**
 * How soon the start screen stands: a real `moat serve` on an empty database, its address opened in windows that have seen
 * nothing before.
 *
 *     npm run bench -- paint [TIMES] [--write FILE]
 *
 * Prints the time of the server's start until it gives its address, and, from the opening of the address: the first painted
 * content, the moment at which the screen's heading stands, and the page's own processor time. Each window is a context of its own: no cache of an earlier one.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright-core';
import { replaceBetween } from '../../audits/report/markdown-markers.ts';
import { appFiles } from '../../audits/serve/app-files.ts';
import { openBrowser } from '../../test/helpers/browser.ts';
import { startServed } from '../../test/helpers/served.ts';

interface Opening {
  readonly firstPaintMs: number;
  readonly headingMs: number;
  /** Of the page's main thread, in its own ticks: what other programs do meanwhile is not in it. */
  readonly busyMs: number;
}

/** In the page's own clock, which begins with the navigation. */
const watch = `
  const painted = new Promise((resolve) => {
    new PerformanceObserver((list) => {
      for (const { name, startTime } of list.getEntries()) if (name === 'first-contentful-paint') resolve(startTime);
    }).observe({ type: 'paint', buffered: true });
  });
  const titled = new Promise((resolve) => {
    new MutationObserver((records, observer) => {
      if (document.querySelector('main h1')?.textContent.includes('What would a thief get') !== true) return;
      observer.disconnect();
      resolve(performance.now());
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  window.opening = Promise.all([painted, titled]);
`;

async function open(browser: Browser, address: string): Promise<Opening> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await page.addInitScript(watch);
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.goto(address);
  const [firstPaintMs, headingMs] = await page.evaluate<readonly [number, number]>('window.opening');
  const { metrics } = await session.send('Performance.getMetrics');
  const busyMs = (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN) * 1000;
  await context.close();
  return { firstPaintMs, headingMs, busyMs };
}

/** @throws Error where there is no browser */
export async function benchPaint(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { write: { type: 'string' } },
    allowPositionals: true,
  });
  const [times = 5] = positionals.map(Number);
  if (!(times > 0)) throw new Error('usage: npm run bench -- paint [TIMES] [--write FILE]');
  const browser = await openBrowser();
  if (browser === undefined) throw new Error('There is no Chromium on this machine.');
  await appFiles();
  const folder = mkdtempSync(path.join(tmpdir(), 'moat-paint-'));
  const beganAt = performance.now();
  const served = await startServed(['--db', path.join(folder, 'audits.db')], { cwd: folder });
  const addressMs = performance.now() - beganAt;
  const openings: Opening[] = [];
  for (let i = 0; i < times; i++)
    openings.push(await open(browser, `${served.origin}/#token=${served.token}`));
  const load = loadavg()[0] ?? 0;
  await browser.close();
  served.command.process.kill('SIGINT');
  await served.command.end;
  rmSync(folder, { recursive: true, force: true });

  const row = (what: string, all: readonly number[]): string => {
    const sorted = all.toSorted((a, b) => a - b);
    const at = (index: number): string => (sorted[index] ?? NaN).toFixed(0);
    return `| ${what} | ${at(Math.floor(sorted.length / 2))} ms | ${at(0)} to ${at(sorted.length - 1)} ms |`;
  };
  const table = [
    `${times} windows, one after the other, on ${cpus()[0]?.model.trim() ?? 'an unknown processor'}, ${cpus().length} threads; load average ${load.toFixed(1)}:`,
    '',
    '| from opening the address | median | all |',
    '|---|--:|--:|',
    row(
      'first painted content',
      openings.map(({ firstPaintMs }) => firstPaintMs),
    ),
    row(
      'the start screen’s heading',
      openings.map(({ headingMs }) => headingMs),
    ),
    row(
      'processor time of the page until then',
      openings.map(({ busyMs }) => busyMs),
    ),
    '',
    `The server gave its address ${(addressMs / 1000).toFixed(1)} s after it was started.`,
  ].join('\n');
  if (values.write !== undefined)
    writeFileSync(values.write, replaceBetween(readFileSync(values.write, 'utf8'), 'paint', table));
  console.log(table);
}
