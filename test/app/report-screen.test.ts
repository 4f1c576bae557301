import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StoredReport } from '../../audits/contract/bridge.ts';
import type { AuditResult } from '../../audits/contract/result.ts';
import { compareSides } from '../../audits/report/compare/compare-results.ts';
import { html } from '../../audits/report/formats/html.ts';
import { pageInput } from '../../audits/report/page-input.ts';
import {
  sampleCell,
  sampleCurve,
  sampleEstimate,
  sampleResult,
  sampleVerdict,
} from '../../audits/report/result.sample.ts';
import { appFiles } from '../../audits/serve/app-files.ts';
import { openBrowser } from '../helpers/browser.ts';
import { fakeAudit, FakeEngine } from '../helpers/fake-engine.ts';
import { sketchId } from '../helpers/sketch-audit.ts';
import { axeViolations, openApp } from './app-page.ts';

/** The report and the comparison in the app: the exported file's own parts, in a window that has a look of its own. */

const context = { profile: 'engineer', writtenAt: '2026-01-03T00:00:00.000Z', moatVersion: '0.1.0' } as const;
const otherId = 'bbbb0000';
const defenses = ['none', 'gaussian-noise:sigma=0.1', 'truncation:dims=8'];
const before = sampleResult({
  auditId: sketchId,
  matrix: defenses.flatMap((defense, row) =>
    ['direct-extraction', 'averaging'].map((attack, column) =>
      sampleCell({
        attack,
        defense,
        stolenGain: sampleEstimate(0.9 - row / 4 - column / 10),
        adaptive: column === 1 && row === 1,
        cellKeys: [`${row}${column}aaaaaaaaaa`],
      }),
    ),
  ),
  verdicts: defenses.map((defense, row) =>
    sampleVerdict({ defense, worstStolenGain: sampleEstimate(0.9 - row / 4) }),
  ),
  curves: defenses.map((defense) => sampleCurve({ defense })),
});
const after: AuditResult = {
  ...before,
  auditId: otherId,
  findings: [],
  verdicts: before.verdicts.map((verdict) => ({ ...verdict, worstStolenGain: sampleEstimate(0.2) })),
  matrix: before.matrix.map((cell) => ({ ...cell, stolenGain: sampleEstimate(0.2) })),
};
const results: Readonly<Record<string, AuditResult>> = { [sketchId]: before, [otherId]: after };

let browser: Browser | undefined;
let engine: FakeEngine;
let isPartial = false;
beforeAll(async () => {
  browser = await openBrowser();
  engine = new FakeEngine(await appFiles(), {
    'audits.list': () => [
      fakeAudit({ id: sketchId, encoder: `/models/${'a-long-name-'.repeat(8)}.onnx` }),
      fakeAudit({ id: otherId as typeof sketchId }),
    ],
    'audits.result': ({ id }) => storedReport(resultOf(id)),
    'audits.compare': ({ from, to }) =>
      compareSides(
        { result: resultOf(from.id), defense: from.defense ?? null },
        { result: resultOf(to.id), defense: to.defense ?? null },
        { today: '2026-01-03' },
      ),
    'reports.formats': () => [
      { id: 'pdf', title: 'the report on paper', fileName: 'report.pdf' },
      { id: 'json', title: 'the result', fileName: 'report.json' },
    ],
    'reports.render': ({ format, profile }) => ({
      name: `report.${format}`,
      mediaType: 'application/json',
      base64: Buffer.from(JSON.stringify({ format, profile })).toString('base64'),
    }),
  });
  await engine.listen();
});
afterAll(async () => {
  await browser?.close();
  await engine.close();
});

function resultOf(id: string): AuditResult {
  const result = results[id];
  if (result === undefined) throw new Error(`This database has no audit ${id}.`);
  return result;
}

function storedReport(stored: AuditResult): StoredReport {
  const { result, since, profile: _, ...page } = pageInput(stored, context);
  return { result, since, isPartial, page };
}

async function openReport(
  options: Parameters<typeof openApp>[2] = {},
): Promise<Awaited<ReturnType<typeof openApp>> | undefined> {
  if (browser === undefined) return undefined;
  const opened = await openApp(browser, engine.url(`#/report/${sketchId}`), options);
  await opened.page.locator('#glossary').waitFor({ state: 'attached' });
  return opened;
}

async function openComparison(
  query: string,
  options: Parameters<typeof openApp>[2] = {},
): Promise<Page | undefined> {
  if (browser === undefined) return undefined;
  const { page } = await openApp(browser, engine.url(`#/compare?${query}`), options);
  return page;
}

test.for(['light', 'dark'] as const)(
  'the report in the app can be read by everybody in %s',
  async (colorScheme, { skip }) => {
    const opened = await openReport({ colorScheme });
    if (opened === undefined) return skip();
    const { page, complaints } = opened;
    expect(await axeViolations(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  },
);

test('everything in it looks as in the exported file, and nothing of its look reaches the app', async ({
  skip,
}) => {
  if (browser === undefined) return skip();
  // By class and element, what a stylesheet of the app could change unseen.
  const looks = `(root) => {
    const found = {};
    for (const element of document.querySelector(root).querySelectorAll('*')) {
      const name = element.tagName.toLowerCase() + '.' + [...element.classList].sort().join('.');
      if (element.closest('.tip, .index, svg, a[href^="#/"]') !== null || name.startsWith('script')) continue;
      const { color, backgroundColor, fontSize, fontWeight, fontFamily, lineHeight, position, display, textAlign, marginTop, marginBottom, paddingTop, paddingLeft, borderTopWidth, borderLeftWidth, borderRadius, textDecorationLine, listStyleType } = getComputedStyle(element);
      found[name + ' in ' + (element.parentElement.matches('.chapters') ? 'chapters' : element.parentElement.tagName.toLowerCase())] ??= { color, backgroundColor, fontSize, fontWeight, fontFamily, lineHeight, position, display, textAlign, marginTop, marginBottom, paddingTop, paddingLeft, borderTopWidth, borderLeftWidth, borderRadius, textDecorationLine, listStyleType };
    }
    return found;
  }`;
  const viewport = { width: 1600, height: 900 };
  const exported = await browser.newPage({ viewport });
  await exported.setContent(String(await html.render(before, context)));
  const file = await exported.evaluate<Record<string, unknown>>(`(${looks})('.chapters')`);

  const opened = await openReport({ viewport });
  if (opened === undefined) return skip();
  const app = await opened.page.evaluate<Record<string, unknown>>(`(${looks})('.report .chapters')`);
  expect(Object.keys(file).length).toBeGreaterThan(60);
  expect(app).toEqual(file);

  const sidebar = `(() => {
    const { padding, fontSize, margin, color } = getComputedStyle(document.querySelector('.sidebar li a'));
    return { padding, fontSize, margin, color };
  })()`;
  const beside = await opened.page.evaluate(sidebar);
  await opened.page.goto(engine.url('#/settings'));
  await opened.page.waitForFunction('document.adoptedStyleSheets.length === 0');
  expect(await opened.page.evaluate(sidebar)).toEqual(beside);
  await exported.close();
  await opened.page.context().close();
});

test('a number shows what it rests on, and leads to its cell without leaving the screen', async ({
  skip,
}) => {
  const opened = await openReport();
  if (opened === undefined) return skip();
  const { page } = opened;
  const number = page.locator('table.matrix a.value').first();
  await number.focus();
  const tip = page.locator('.tip');
  await tip.waitFor();
  expect(await tip.textContent()).toMatch(/3.seeds, 2.000.items; two-level, 95.%.*1.cell: 00aaaaaa/);
  await page.keyboard.press('Enter');
  const row = page.locator('tr.is-target');
  await row.waitFor();
  expect(await row.locator('th').textContent()).toMatch('direct-extraction');
  expect(new URL(page.url()).hash).toBe(`#/report/${sketchId}`);
  // And from there to the one cell in the run.
  expect(await row.getByRole('link').last().getAttribute('href')).toBe(`#/run/${sketchId}?cell=00aaaaaaaaaa`);
  await page.context().close();
});

test('for a decision the report is shorter; a download is of the same profile', async ({ skip }) => {
  const opened = await openReport();
  if (opened === undefined) return skip();
  const { page, complaints } = opened;
  expect(await page.locator('section#methods').count()).toBe(1);
  await page.getByLabel('Written for').selectOption('executive');
  await page.locator('section#methods').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Export' }).click();
  const coming = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: /^JSON/ }).click();
  const download = await coming;
  expect(download.suggestedFilename()).toBe('report.json');
  expect(JSON.parse(readFileSync(await download.path(), 'utf8'))).toEqual({
    format: 'json',
    profile: 'executive',
  });
  await page.locator('.notice').getByText('report.json is in your downloads.').waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('tables are sorted and prices changed as in the file', async ({ skip }) => {
  const opened = await openReport();
  if (opened === undefined) return skip();
  const { page } = opened;
  const cells = page.locator('#cells table');
  await cells.locator('thead button').filter({ hasText: 'Stolen gain' }).click();
  const values = await cells.locator('tbody tr td:nth-child(5) .value').allTextContents();
  expect(values.map(Number)).toEqual(values.map(Number).toSorted((a, b) => a - b));
  await page.context().close();
});

test('what is not complete says so, and offers what has been measured since', async ({ skip }) => {
  isPartial = true;
  const opened = await openReport();
  isPartial = false;
  if (opened === undefined) return skip();
  const { page } = opened;
  await page.getByText('This is what has been measured so far.').waitFor();
  const update = page.getByRole('button', { name: 'Update' });
  expect(await update.count()).toBe(0);
  engine.publish({
    type: 'run',
    auditId: sketchId,
    run: { type: 'stage', stage: 'judging', sentence: 'Judging' },
  });
  await update.click();
  await page.getByText('This is what has been measured so far.').waitFor({ state: 'detached' });
  await page.context().close();
});

test('an audit without a report says why, with a way on', async ({ skip }) => {
  if (browser === undefined) return skip();
  const { page } = await openApp(browser, engine.url('#/report/nothing'));
  await page.getByText('This database has no audit nothing.').waitFor();
  expect(await page.getByRole('link', { name: 'See the run' }).getAttribute('href')).toBe('#/run/nothing');
  expect(await axeViolations(page)).toEqual([]);
  await page.context().close();
});

test.for(['light', 'dark'] as const)(
  'two audits are held against each other, readable by everybody in %s',
  async (colorScheme, { skip }) => {
    const page = await openComparison(`from=${sketchId}&to=${otherId}`, { colorScheme });
    if (page === undefined) return skip();
    await page.getByRole('heading', { name: 'What changed' }).waitFor();
    expect(await page.locator('.word-better').count()).toBeGreaterThan(3);
    expect(await page.getByRole('rowheader', { name: 'Fixed', exact: true }).count()).toBe(
      before.findings.length,
    );
    // Each defense's curve of both audits, and their fronts over each other.
    expect(await page.locator('figure svg.chart').count()).toBe(defenses.length + 1);
    expect(await axeViolations(page)).toEqual([]);
    await page.context().close();
  },
);

test('two defenses of one audit are chosen step by step; the address keeps the choice', async ({ skip }) => {
  const page = await openComparison('');
  if (page === undefined) return skip();
  await page.getByText('Choose an audit on both sides.').waitFor();
  const chosen = (side: string, which: number) =>
    page.getByRole('group', { name: side }).locator('select').nth(which);
  await chosen('Before', 0).selectOption(sketchId);
  await chosen('After', 0).selectOption(sketchId);
  await page.getByText('Both sides are the same.').waitFor();
  await chosen('Before', 1).selectOption('none');
  await page.getByText('choose one on both sides, or on none').waitFor();
  await chosen('After', 1).selectOption('truncation:dims=8');
  await page.getByRole('heading', { name: 'What changed' }).waitFor();
  expect(await page.locator('figure svg.chart').count()).toBe(1);
  const { hash } = new URL(page.url());
  expect(Object.fromEntries(new URLSearchParams(hash.split('?')[1]))).toEqual({
    from: sketchId,
    fromDefense: 'none',
    to: sketchId,
    toDefense: 'truncation:dims=8',
  });
  await page.getByRole('button', { name: 'Swap the two' }).click();
  await page.waitForFunction("location.hash.includes('toDefense=none')");
  await page.locator('.comparison .short').first().getByText('truncation').waitFor();
  await page.context().close();
});

test('report and comparison are no wider than their window', async ({ skip }) => {
  const opened = await openReport();
  if (opened === undefined) return skip();
  const { page } = opened;
  for (const place of [`#/report/${sketchId}`, `#/compare?from=${sketchId}&to=${otherId}`]) {
    await page.evaluate(`location.hash = ${JSON.stringify(place)}`);
    await page.locator('.report .chapter').first().waitFor();
    for (const width of [1280, 900, 640]) {
      await page.setViewportSize({ width, height: 700 });
      const over = await page
        .locator('#content')
        .evaluate((element) => element.scrollWidth - element.clientWidth);
      expect({ place, width, over }).toEqual({ place, width, over: 0 });
    }
  }
  await page.context().close();
});
