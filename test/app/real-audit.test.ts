import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appFiles } from '../../audits/serve/app-files.ts';
import { openBrowser } from '../helpers/browser.ts';
import { pdfText } from '../helpers/pdf-text.ts';
import { startServed, type Served } from '../helpers/served.ts';
import { openApp } from './app-page.ts';

/** An audit whose every number is computed, from the form to its printed report, by a real `moat serve` and its workers. */

/** Machines that test are busy. */
const PATIENCE_MS = 600_000;
const folder = mkdtempSync(path.join(tmpdir(), 'moat-real-'));
let browser: Browser | undefined;
let served: Served | undefined;

beforeAll(async () => {
  // Built before the server is asked for it.
  [browser] = await Promise.all([openBrowser(), appFiles()]);
  if (browser === undefined) return;
  served = await startServed(['--db', 'audits.db'], { cwd: folder });
});
afterAll(async () => {
  await browser?.close();
  served?.command.process.kill('SIGINT');
  await served?.command.end;
  rmSync(folder, { recursive: true, force: true });
});

/** The smallest form of the demo whose copy is a copy: what it costs to be sure (repeats, further attacks, rows) is left out. */
const lastTyped = JSON.stringify({
  attacks: ['direct-extraction'],
  listedOnly: true,
  defenses: ['none', 'rounding'],
  surrogate: 'small-cnn:inputSize=32:epochs=2',
  fitRows: '400',
  scoreRows: '400',
});

test(
  'the demo’s encoder is chosen, audited in sight, and its report printed',
  { timeout: PATIENCE_MS },
  async ({ skip }) => {
    if (browser === undefined || served === undefined) return skip();
    // No trial of devices: its clock would choose between them.
    await served.call('settings.set', { changes: { engine: 'onnx', device: 'cpu', workers: 1 } });
    const { origin, token } = served;
    const { page, complaints } = await openApp(browser, `${origin}/#/new?token=${token}`, {
      storageState: {
        cookies: [],
        origins: [{ origin, localStorage: [{ name: 'moat-new-audit', value: lastTyped }] }],
      },
    });
    page.setDefaultTimeout(PATIENCE_MS);
    await page.getByRole('button', { name: 'Use the built-in demo' }).click();
    await page.getByLabel('Query budgets').fill('500');
    await page.getByRole('textbox', { name: 'Seeds' }).fill('1');
    const start = page.getByRole('button', { name: 'Start audit' });
    await expect.poll(() => start.getAttribute('aria-disabled'), { timeout: PATIENCE_MS }).toBe('false');
    await start.click();
    await page.waitForURL(/#\/run\/[0-9a-f]{8}$/);
    const id = page.url().split('/').at(-1) ?? '';

    // Every state a cell went through on the screen, and everything said to who cannot see it.
    await page.getByRole('gridcell').first().waitFor();
    await page.evaluate(`
    window.seen = { cells: [], said: [] };
    const look = () => {
      const add = (list, text) => { if (text && !list.includes(text)) list.push(text); };
      for (const cell of document.querySelectorAll('[role=gridcell] .unseen')) add(window.seen.cells, cell.textContent);
      add(window.seen.said, document.querySelector('.announcer').textContent.trim());
    };
    look();
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  `);
    await page.locator('.progress').getByText('Completed').waitFor();
    const seen = await page.evaluate<{ cells: readonly string[]; said: readonly string[] }>('window.seen');
    expect(seen.cells.filter((cell) => cell.startsWith('pending'))).not.toEqual([]);
    expect(seen.cells.filter((cell) => cell.startsWith('running'))).not.toEqual([]);
    expect(seen.said).toContain('The audit is done. The report is ready.');

    // What the screen shows is what the engine measured, and a copy that has learned something.
    const { result } = await served.call('audits.result', { id });
    expect(result.state).toBe('completed');
    const undefended = result.matrix.find(
      ({ defense, attack }) => defense === 'none' && attack.startsWith('direct-extraction'),
    );
    const gain = undefended?.stolenGain?.value ?? NaN;
    expect(gain).toBeGreaterThan(0.2);
    expect(seen.cells).toContainEqual(expect.stringContaining(`stolen gain ${gain.toFixed(2)}`));

    await page.getByRole('link', { name: 'Open the report' }).click();
    await page
      .locator('table.matrix', { hasText: gain.toFixed(2) })
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Export' }).click();
    const coming = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: /^PDF/ }).click();
    const bytes = readFileSync(await (await coming).path());
    const pages = await pdfText(bytes);
    expect(pages[0]).toContain('demo-encoder.onnx');
    expect(pages[0]).toContain(`audit ${id}`);
    expect(pages.join('')).toContain(gain.toFixed(2));
    expect(complaints).toEqual([]);
    await page.context().close();
  },
);
