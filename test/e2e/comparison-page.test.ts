import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser } from 'playwright-core';
import { PDFDocument } from 'pdf-lib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareSides, type ComparedSide } from '../../audits/report/compare/compare-results.ts';
import { comparisonPage, comparisonPdf } from '../../audits/report/compare/comparison-page.ts';
import {
  sampleCell,
  sampleCurve,
  sampleEstimate,
  sampleResult,
  sampleVerdict,
} from '../../audits/report/result.sample.ts';
import { openBrowser } from '../helpers/browser.ts';

/** A comparison as a page and on paper. */

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const context = { writtenAt: '2026-03-01T00:00:00.000Z', moatVersion: '0.1.0' };
const hostile = '<script>alert(1)</script>"\'<img src=x onerror=alert(2)>\u202Egnp';
const noise = 'gaussian-noise:mode=keyed:sigma=0.1';
const side = (gain: number, loss: number, extra: string): ComparedSide => ({
  result: sampleResult({
    auditId: extra === '' ? 'before01' : 'after002',
    matrix: [
      sampleCell({ stolenGain: sampleEstimate(0.82) }),
      sampleCell({ defense: noise, stolenGain: sampleEstimate(gain) }),
      sampleCell({ defense: extra, attack: extra, state: 'failed', stolenGain: null, reason: extra }),
    ],
    verdicts: [
      sampleVerdict({ worstHonestLoss: null }),
      sampleVerdict({
        defense: noise,
        worstStolenGain: sampleEstimate(gain),
        worstHonestLoss: sampleEstimate(loss, 0.002),
      }),
      ...(extra === '' ? [] : [sampleVerdict({ defense: extra, worstStolenGain: sampleEstimate(0.3) })]),
    ],
    curves: [
      sampleCurve(),
      sampleCurve({
        defense: noise,
        points: [
          { budget: 500, stolenGain: sampleEstimate(gain - 0.2) },
          { budget: 2000, stolenGain: sampleEstimate(gain) },
        ],
      }),
    ],
  }),
  defense: null,
});
const sides = [side(0.7, 0.004, ''), side(0.4, 0.009, hostile)] as const;
const comparison = compareSides(...sides, { today: '2026-03-01' });

let browser: Browser | undefined;
let page = '';
beforeAll(async () => {
  browser = await openBrowser();
  page = await comparisonPage(comparison, sides, context);
});
afterAll(async () => browser?.close());
const markup = (): string => page.replaceAll(/<(style|script)>[\s\S]*?<\/\1>/g, '');

test('the page says what changed in words, and draws curves and fronts of both sides over each other', () => {
  const text = markup();
  expect(text).toContain('before01');
  expect(text).toContain('after002');
  expect(text).toMatch(/class="word-better[^>]*>better/);
  expect(text.match(/class="front front-(before|after)" d="M[^"]+"/g)).toHaveLength(2);
  // Noise moved; no defense did not.
  expect(text.match(/class="move"/g)).toHaveLength(1);
  expect(text.match(/id="pair-\d+-title"/g)).toHaveLength(2);
  expect(text).not.toMatch(/NaN|undefined|\[object|Infinity/);
});

test('names stay text, nothing is loaded, and the same comparison gives the same bytes', async () => {
  expect(page.match(/<script/g)).toHaveLength(1);
  expect(markup()).not.toMatch(/<img|\u202e|\sstyle=|<link/);
  expect(page).toContain("default-src 'none'");
  expect(await comparisonPage(comparison, sides, context)).toBe(page);
});

test('thousands of changes are counted, the first are shown, and the file stays small', async () => {
  const changes = Array.from({ length: 400 }, () => comparison.changes).flat();
  const large = await comparisonPage({ ...comparison, changes }, sides, context);
  expect(large).toContain('all are in comparison.json');
  expect(large.length - page.length).toBeLessThan(500_000);
});

test.for(['light', 'dark'] as const)('no accessibility violation in %s', async (colorScheme, { skip }) => {
  if (browser === undefined) return skip();
  const opened = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme });
  const complaints: string[] = [];
  opened.on('console', (message) => complaints.push(message.text()));
  opened.on('pageerror', (error) => complaints.push(error.message));
  await opened.setContent(page);
  await opened.evaluate(axe);
  const violations = await opened.evaluate<readonly unknown[]>(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html.slice(0, 200)]))',
  );
  expect(violations).toEqual([]);
  expect(complaints).toEqual([]);
  expect(await opened.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(1280);
  await opened.close();
});

test('on paper it has its title, its date and the comparison attached', async ({ skip }) => {
  if (browser === undefined) return skip();
  const document = await PDFDocument.load(await comparisonPdf(comparison, sides, context), {
    updateMetadata: false,
  });
  expect(document.getTitle()).toBe('What changed from audit before01 to audit after002');
  expect(document.getCreationDate()?.toISOString()).toBe(context.writtenAt);
  expect(
    document.context
      .enumerateIndirectObjects()
      .map(([, object]) => object.toString())
      .join('\n'),
  ).toContain('comparison.json');
});
