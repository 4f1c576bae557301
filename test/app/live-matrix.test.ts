import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BridgeEvent, CellEntry } from '../../audits/contract/bridge.ts';
import { appFiles } from '../../audits/serve/app-files.ts';
import { openBrowser } from '../helpers/browser.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import {
  sketchCells,
  sketchedEntry,
  sketchId,
  sketchSheet,
  sketchSnapshot,
  type Sketch,
} from '../helpers/sketch-audit.ts';
import { openApp } from './app-page.ts';

/** The run screen with more cells, more events and worse engines than a real audit has in a minute. */

const COLUMNS = 50;
const ROWS = 200;
let browser: Browser | undefined;
let engine: FakeEngine;
let cells: readonly CellEntry[];

beforeAll(async () => {
  browser = await openBrowser();
  engine = new FakeEngine(await appFiles());
  await engine.listen();
});
afterAll(async () => {
  await browser?.close();
  await engine.close();
});

const names = (word: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${word}-${i}`);
const tenThousand: Sketch = {
  defenses: names('defense', ROWS),
  attacks: names('attack', COLUMNS),
  budgets: [500],
  seeds: 1,
};

/** A page that shows the audit; undefined where there is no browser. */
async function openRun(sketch: Sketch = tenThousand): Promise<Page | undefined> {
  if (browser === undefined) return undefined;
  cells = sketchCells(sketch);
  engine.calls.length = 0;
  engine.answers = {
    ...engine.answers,
    'audits.list': () => [sketchedEntry({ cellsTotal: cells.length })],
    'audits.snapshot': () => sketchSnapshot(engine, cells),
    'audits.cell': ({ key }) => {
      const cell = cells.find((candidate) => candidate.key === key);
      if (cell === undefined) throw new Error('no such cell');
      return sketchSheet(cell);
    },
    'methods.list': () => ({ attacks: [], defenses: [], presets: [] }),
    'machine.gauge': () => ({ residentBytes: 1e9, totalBytes: 8e9, device: null }),
  };
  const { page } = await openApp(browser, engine.url(`#/run/${sketchId}`));
  await page.locator('[role=gridcell]').first().waitFor();
  return page;
}

const cellAt = (row: number, column: number): CellEntry => {
  const cell = cells[row * COLUMNS + column];
  if (cell === undefined) throw new Error(`no cell at ${row}, ${column}`);
  return cell;
};
function tell(event: BridgeEvent['event']): void {
  engine.publish(event);
}
/** The cell is done, whether anybody is told or not. */
function finish(cell: CellEntry, gain: number): CellEntry {
  const done: CellEntry = { ...cell, state: 'done', fraction: 1, stolenGain: gain };
  cells = cells.map((known) => (known.key === cell.key ? done : known));
  return done;
}
function tellDone(cell: CellEntry, gain: number): void {
  tell({ type: 'cell-result', auditId: sketchId, cell: finish(cell, gain) });
}
const snapshots = (): number => engine.calls.filter(({ name }) => name === 'audits.snapshot').length;
const at = (page: Page, row: number, column: number) =>
  page.locator(`[data-row="${row}"][data-column="${column}"]`);

test('of ten thousand cells only those in the window are in the page, wherever one has scrolled', async ({
  skip,
}) => {
  const page = await openRun();
  if (page === undefined) return skip();
  const grid = page.getByRole('grid');
  expect(await grid.getAttribute('aria-rowcount')).toBe(String(ROWS + 1));
  expect(await grid.getAttribute('aria-colcount')).toBe(String(COLUMNS + 1));
  const nodes = (): Promise<number> => grid.evaluate((element) => element.querySelectorAll('*').length);
  expect(await nodes()).toBeLessThan(1000);
  await grid.evaluate((element) => element.scrollTo(element.scrollWidth, element.scrollHeight));
  await at(page, ROWS - 1, COLUMNS - 1).waitFor();
  expect(await nodes()).toBeLessThan(1000);
  await page.context().close();
});

test('an event draws its own cell anew, and no other', async ({ skip }) => {
  const page = await openRun();
  if (page === undefined) return skip();
  await page.evaluate(`
    window.drawn = [];
    new MutationObserver((records) => {
      for (const { target } of records) {
        const cell = (target instanceof Element ? target : target.parentElement)?.closest('[data-row]');
        window.drawn.push(cell === null ? 'grid' : cell.dataset.row + ',' + cell.dataset.column);
      }
    }).observe(document.querySelector('[role=grid]'), { subtree: true, childList: true, attributes: true, characterData: true });
  `);
  // Far outside the window: nothing to draw.
  for (let column = 0; column < COLUMNS; column++) tellDone(cellAt(ROWS - 1, column), 0.5);
  tellDone(cellAt(2, 1), 0.42);
  await at(page, 2, 1).getByText('0.42', { exact: true }).waitFor();
  expect([...new Set(await page.evaluate<string[]>('window.drawn'))]).toEqual(['2,1']);
  await page.context().close();
});

test('many events within one frame draw a cell once', async ({ skip }) => {
  const page = await openRun();
  if (page === undefined) return skip();
  await page.evaluate(`
    window.turns = 0;
    new MutationObserver(() => { window.turns += 1; })
      .observe(document.querySelector('[data-row="0"][data-column="0"]'), { subtree: true, childList: true, attributes: true, characterData: true });
    window.frames = 0;
    const count = () => { window.frames += 1; requestAnimationFrame(count); };
    requestAnimationFrame(count);
  `);
  for (let i = 1; i <= 400; i++) tellDone(cellAt(0, 0), i / 1000);
  tellDone(cellAt(0, 0), 0.99);
  await at(page, 0, 0).getByText('0.99', { exact: true }).waitFor();
  const { turns, frames } = await page.evaluate<{ turns: number; frames: number }>(
    '({ turns: window.turns, frames: window.frames })',
  );
  expect(turns).toBeGreaterThan(0);
  expect(turns).toBeLessThanOrEqual(frames + 1);
  await page.context().close();
});

test('the log keeps its newest lines and no more', async ({ skip }) => {
  const page = await openRun();
  if (page === undefined) return skip();
  for (let i = 0; i < 1000; i++)
    tell({ type: 'run', auditId: sketchId, run: { type: 'log', level: 'info', message: `line ${i}` } });
  const lines = page.getByRole('region', { name: 'Lines of the log' }).locator('p');
  await lines.getByText('line 999', { exact: true }).waitFor();
  // Three hundred, and the sentence that says so.
  expect(await lines.count()).toBe(301);
  await page.context().close();
});

test('the keyboard alone goes through the matrix, opens a cell and comes back to it', async ({ skip }) => {
  const page = await openRun();
  if (page === undefined) return skip();
  const isOn = (place: string): Promise<unknown> =>
    page.waitForFunction(
      `document.activeElement?.dataset.row + ',' + document.activeElement?.dataset.column === ${JSON.stringify(place)}`,
    );
  await page
    .getByRole('link', { name: 'Report so far' })
    .or(page.getByRole('button', { name: 'Stop' }))
    .focus();
  await page.keyboard.press('Tab');
  await isOn('0,0');
  const last = `${ROWS - 1},${COLUMNS - 1}`;
  for (const [key, place] of [
    ['ArrowDown', '1,0'],
    ['ArrowRight', '1,1'],
    ['End', `1,${COLUMNS - 1}`],
    ['Control+End', last],
    ['ArrowDown', last],
    ['ArrowUp', `${ROWS - 2},${COLUMNS - 1}`],
    ['Home', `${ROWS - 2},0`],
  ] as const) {
    await page.keyboard.press(key);
    await isOn(place);
  }
  await page.keyboard.press('Enter');
  const sheet = page.getByRole('complementary', { name: 'Cell' });
  await sheet.getByText('Nothing has been measured yet.').waitFor();
  expect(await page.evaluate('document.activeElement?.tagName')).toBe('H3');
  expect(await sheet.locator('h3').textContent()).toBe(`attack-0 on defense-${ROWS - 2}`);
  await page.keyboard.press('Escape');
  await isOn(`${ROWS - 2},0`);
  // One tab stop for the whole grid, also with its cell scrolled out of sight.
  await page.getByRole('grid').evaluate((element) => element.scrollTo(0, 0));
  await at(page, 0, 0).waitFor();
  expect(await page.locator('[role=gridcell][tabindex="0"]').count()).toBe(1);
  await page.context().close();
});

test('a gap in the numbers, and another engine, are met with a new snapshot', async ({ skip }) => {
  const page = await openRun();
  if (page === undefined) return skip();
  const before = snapshots();
  finish(cellAt(0, 0), 0.11);
  engine.lose();
  tellDone(cellAt(0, 1), 0.22);
  await at(page, 0, 0).getByText('0.11', { exact: true }).waitFor();
  await at(page, 0, 1).getByText('0.22', { exact: true }).waitFor();
  expect(snapshots()).toBe(before + 1);

  finish(cellAt(1, 0), 0.33);
  engine.restart('life-2');
  tell({ type: 'engine', state: 'restarted', sentence: 'The engine is back.' });
  await at(page, 1, 0).getByText('0.33', { exact: true }).waitFor();
  tellDone(cellAt(1, 1), 0.44);
  await at(page, 1, 1).getByText('0.44', { exact: true }).waitFor();
  await page.context().close();
});

test('a connection that broke is taken up again, with what was missed', async ({ skip }) => {
  const page = await openRun();
  if (page === undefined) return skip();
  engine.drop();
  finish(cellAt(0, 2), 0.55);
  engine.lose();
  await at(page, 0, 2).getByText('0.55', { exact: true }).waitFor();
  await page.context().close();
});

test('two windows show the same', async ({ skip }) => {
  const first = await openRun();
  if (first === undefined || browser === undefined) return skip();
  const { page: second } = await openApp(browser, engine.url(`#/run/${sketchId}`));
  await second.locator('[role=gridcell]').first().waitFor();
  tellDone(cellAt(0, 3), 0.77);
  tell({
    type: 'run',
    auditId: sketchId,
    run: {
      type: 'progress',
      cellsDone: 1,
      cellsTotal: cells.length,
      fraction: 0.25,
      etaMs: 3_600_000,
      running: [{ key: cellAt(0, 4).key, label: 'attack-4 on defense-0', fraction: 0.5, stage: 'training' }],
    },
  });
  for (const page of [first, second]) {
    await at(page, 0, 3).getByText('0.77', { exact: true }).waitFor();
    await page.getByText('About 1 h left').waitFor();
    await page.getByText('attack-4 on defense-0').waitFor();
    await page.context().close();
  }
});

test('the curve of the cell under the pointer grows', async ({ skip }) => {
  const page = await openRun({
    defenses: ['none', 'b4b'],
    attacks: ['direct-extraction'],
    budgets: [500, 2000],
    seeds: 1,
  });
  if (page === undefined) return skip();
  const [small, large] = cells;
  if (small === undefined || large === undefined) throw new Error('no cells');
  tellDone(small, 0.3);
  await at(page, 0, 0).hover();
  const dots = page.locator('svg.chart .dot');
  await dots.first().waitFor();
  expect(await dots.count()).toBe(1);
  tellDone(large, 0.6);
  await dots.nth(1).waitFor();
  expect(await page.locator('svg.chart desc').textContent()).toMatch(
    /0\.30 at 500 queries, 0\.60 at 2.000 queries/,
  );
  await page.context().close();
});

test('the sheet of a running cell is read again when it is done, and not with every per cent', async ({
  skip,
}) => {
  const page = await openRun({
    defenses: ['none'],
    attacks: ['direct-extraction'],
    budgets: [500],
    seeds: 1,
  });
  if (page === undefined) return skip();
  const [cell] = cells;
  if (cell === undefined) throw new Error('no cells');
  const { key } = cell;
  const label = 'direct-extraction on no defense';
  const read = (): number => engine.calls.filter(({ name }) => name === 'audits.cell').length;
  tell({ type: 'run', auditId: sketchId, run: { type: 'cell', key, label, state: 'running' } });
  await at(page, 0, 0).getByText('0 %').waitFor();
  await at(page, 0, 0).click();
  await page.getByText('Nothing has been measured yet.').waitFor();
  expect(read()).toBe(1);
  for (const percent of [10, 20, 30]) {
    tell({
      type: 'run',
      auditId: sketchId,
      run: {
        type: 'progress',
        cellsDone: 0,
        cellsTotal: 1,
        fraction: percent / 100,
        etaMs: null,
        running: [{ key, label, fraction: percent / 100, stage: 'training' }],
      },
    });
    await at(page, 0, 0).getByText(`${percent} %`).waitFor();
  }
  expect(read()).toBe(1);
  tellDone(cell, 0.3);
  await expect.poll(read).toBe(2);
  await page.context().close();
});
