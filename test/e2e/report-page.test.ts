import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { html } from '../../audits/report/formats/html.ts';
import {
  sampleCell,
  sampleEstimate,
  sampleOwnership,
  sampleResult,
  sampleTimeline,
  sampleTransfer,
  sampleVerdict,
} from '../../audits/report/result.sample.ts';
import { openBrowser } from '../helpers/browser.ts';

/** The report in a real browser: accessible, without overflow, and usable with and without its script. */

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const long = `${'a-very-long-model-name-'.repeat(3)}.onnx`;
const results = {
  sample: sampleResult({
    ownership: sampleOwnership(),
    timeline: sampleTimeline(),
    matrix: sampleResult().matrix.map((cell, i) =>
      i === 1 ? { ...cell, fidelity: { ...cell.fidelity, transfer: sampleTransfer() } } : cell,
    ),
  }),
  hostile: sampleResult({
    encoder: { ...sampleResult().encoder, path: `/models/<b>מודל\u202E ${long}` },
    matrix: Array.from({ length: 24 }, (_, i) =>
      sampleCell({
        attack: i % 3 === 0 ? `<script>${long}` : `attack-${i % 6}:setting=${'x'.repeat(40)}`,
        defense: i < 6 ? 'none' : `defense-${i % 4}+${long}`,
        stolenGain: sampleEstimate(i / 24),
        adaptive: i % 5 === 0,
        cellKeys: [`key-${i}`],
      }),
    ),
    verdicts: [
      sampleVerdict(),
      sampleVerdict({ defense: `defense-1+${long}`, verdict: 'inconclusive' }),
      sampleVerdict({ defense: `defense-2+${long}`, verdict: 'pass' }),
    ],
  }),
  empty: sampleResult({
    state: 'incomplete',
    matrix: [],
    verdicts: [],
    curves: [],
    detection: [],
    findings: [],
    flags: [],
    baselines: [],
    theft: { ...sampleResult().theft, costs: [] },
  }),
};

let browser: Browser | undefined;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(async () => browser?.close());

async function open(
  name: keyof typeof results,
  options: NonNullable<Parameters<Browser['newPage']>[0]>,
): Promise<{ readonly page: Page; readonly complaints: string[] } | undefined> {
  if (browser === undefined) return undefined;
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!/^(about:|data:)/.test(request.url())) complaints.push(`asked for ${request.url()}`);
  });
  const text = await html.render(results[name], {
    profile: 'engineer',
    writtenAt: '2026-01-03T00:00:00.000Z',
    moatVersion: '0.1.0',
  });
  await page.setContent(String(text));
  return { page, complaints };
}

const cases = (Object.keys(results) as (keyof typeof results)[]).flatMap((name) =>
  (['light', 'dark'] as const).map((scheme) => [name, scheme] as const),
);
test.for(cases)(
  'the %s report has no accessibility violation in %s, and no complaint',
  async ([name, scheme], { skip }) => {
    const opened = await open(name, { colorScheme: scheme });
    if (opened === undefined) return skip();
    const { page, complaints } = opened;
    await page.evaluate(axe);
    const violations = await page.evaluate(async () => {
      const { axe: loaded } = globalThis as unknown as {
        axe: {
          run(): Promise<{
            violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
          }>;
        };
      };
      return (await loaded.run()).violations.map(({ id, nodes }) => ({
        id,
        nodes: nodes.slice(0, 3).map((node) => `${node.html.slice(0, 200)} ${node.failureSummary}`),
      }));
    });
    expect(violations).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  },
);

test.for([
  ['hostile', 1280],
  ['hostile', 700],
  ['sample', 400],
] as const)('the %s report is no wider than a window of %i pixels', async ([name, width], { skip }) => {
  const opened = await open(name, { viewport: { width, height: 900 } });
  if (opened === undefined) return skip();
  const { page } = opened;
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  await page.close();
});

test('without script everything stands there, and no control that would do nothing', async ({ skip }) => {
  const opened = await open('sample', { javaScriptEnabled: false });
  if (opened === undefined) return skip();
  const { page } = opened;
  expect(await page.locator('button, input').count()).toBe(0);
  expect(await page.locator('section.chapter').count()).toBe(14);
  await page.close();
});

test('with script a table is sorted, the matrix filtered, and the bill follows the reader’s prices', async ({
  skip,
}) => {
  const opened = await open('sample', {});
  if (opened === undefined) return skip();
  const { page, complaints } = opened;
  const cells = page.locator('#cells table');
  await cells.locator('thead button').filter({ hasText: 'Stolen gain' }).click();
  expect(await cells.locator('thead [aria-sort=ascending]').count()).toBe(1);
  const values = await cells.locator('tbody tr td:nth-child(5) .value').allTextContents();
  expect(values.map(Number)).toEqual(values.map(Number).toSorted((a, b) => a - b));

  await page.getByLabel('Attacks that contain').fill('averaging');
  expect(await page.locator('table.matrix thead th:visible').allTextContents()).toHaveLength(2);

  const bill = page.locator('[data-bill]').first();
  const before = await bill.textContent();
  await page.getByLabel('One query, US dollars').fill('1');
  expect(before).not.toBe(await bill.textContent());
  expect(await bill.textContent()).toMatch(/^\$2.000/);
  expect(complaints).toEqual([]);
  await page.close();
});
