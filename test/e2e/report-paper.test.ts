import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attacks } from '../../audits/attacks/registry.ts';
import { html } from '../../audits/report/formats/html.ts';
import {
  sampleCell,
  sampleEstimate,
  sampleResult,
  sampleVerdict,
} from '../../audits/report/result.sample.ts';
import { openBrowser } from '../helpers/browser.ts';

/** The report as wide as a sheet: what a reader of the paper cannot scroll to has to be on it. */

/** A4 between its margins of 14 mm, at 96 pixels an inch. */
const SHEET = Math.floor(((210 - 2 * 14) / 25.4) * 96);
const MOST_COLUMNS = 20;
const names = [
  ...attacks.map(({ meta }) => meta.id),
  'direct-extraction [resnet18]',
  'jacobian-augmentation:rounds=6,strategy=gradient',
  `unbroken${'x'.repeat(40)}`,
];
const defenses = [
  'none',
  'account-transform',
  'b4b',
  'vector-quantization:codes=256',
  'truncation:dims=0.25',
  `prediction-poisoning+${'x'.repeat(40)}`,
];
/** One task for each number of columns, the names in another order each time. */
const matrix = Array.from({ length: MOST_COLUMNS }, (_, i) => i + 1).flatMap((columns) =>
  Array.from({ length: columns }, (_, a) => names[(a + columns * 3) % names.length] ?? '').flatMap(
    (attack, a) =>
      defenses.map((defense, d) =>
        sampleCell({
          task: `columns-${columns}`,
          attack,
          defense,
          stolenGain: (a + d) % 4 === 3 ? null : sampleEstimate(((a + d) % 4) * 0.3 - 0.02, 0.25),
          state: (a + d) % 4 === 3 ? 'not-applicable' : 'done',
          adaptive: a % 2 === 0,
          cellKeys: [`${columns}/${a}/${d}`],
        }),
      ),
  ),
);
const result = sampleResult({
  matrix,
  verdicts: defenses.map((defense) => sampleVerdict({ defense })),
  flags: defenses.map((defense) => ({
    id: 'unresolvable-policy',
    severity: 'weakens' as const,
    sentence: 'Too wide.',
    scope: `defense:${defense}`,
  })),
});

interface Seen {
  readonly torn: readonly string[];
  readonly covered: readonly string[];
  readonly beyond: readonly string[];
  readonly wide: readonly string[];
  readonly columns: number;
}
/** Runs in the browser, whose types tests do not have. */
const look = `() => {
  const linesOf = (node) => {
    const range = document.createRange();
    range.selectNodeContents(node);
    return [...range.getClientRects()].filter(({ width }) => width > 0);
  };
  const torn = [];
  for (const name of document.querySelectorAll('table .name')) {
    const words = document.createTreeWalker(name, NodeFilter.SHOW_TEXT);
    for (let word = words.nextNode(); word !== null; word = words.nextNode())
      if (word.parentElement.className !== 'long' && linesOf(word).length > 1) torn.push(word.data);
  }
  const covered = [...document.querySelectorAll('.matrix th, .matrix td')].filter((cell) => {
    const { left, right } = cell.getBoundingClientRect();
    return linesOf(cell).some((line) => line.left < left - 0.5 || line.right > right + 0.5);
  });
  const beyond = [...document.querySelectorAll('svg.chart')].flatMap((chart) => {
    const frame = chart.getBoundingClientRect();
    return [...chart.querySelectorAll('text')].filter((text) => {
      const { left, right, top, bottom } = text.getBoundingClientRect();
      return left < frame.left || right > frame.right || top < frame.top || bottom > frame.bottom;
    });
  });
  const textOf = ({ textContent }) => textContent.trim();
  return {
    torn,
    covered: covered.map(textOf),
    beyond: beyond.map(textOf),
    wide: [...document.querySelectorAll('.chapters *')]
      .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
      .map((element) => element.tagName + ' ' + textOf(element).slice(0, 60)),
    columns: document.querySelectorAll('.matrix thead th').length,
  };
}`;

let browser: Browser | undefined;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(async () => browser?.close());

test('no word of a name is torn, nothing covers anything and nothing leaves the sheet, with 1 to 20 attacks', async ({
  skip,
}) => {
  if (browser === undefined) return skip();
  const page = await browser.newPage({ viewport: { width: SHEET, height: 1000 }, javaScriptEnabled: false });
  await page.emulateMedia({ media: 'print' });
  const context = {
    profile: 'engineer',
    writtenAt: '2026-01-03T00:00:00.000Z',
    moatVersion: '0.1.0',
  } as const;
  await page.setContent(String(await html.render(result, context)));
  await page.evaluate('document.fonts.ready.then(() => undefined)');
  const seen = await page.evaluate<Seen>(`(${look})()`);
  await page.close();
  expect(seen.columns).toBeGreaterThan((MOST_COLUMNS * (MOST_COLUMNS + 1)) / 2);
  expect(seen.torn).toEqual([]);
  expect(seen.covered).toEqual([]);
  expect(seen.beyond).toEqual([]);
  expect(seen.wide).toEqual([]);
});
