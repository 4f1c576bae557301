import { readdirSync, readFileSync, mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { figures } from '../../audits/report/formats/figures.ts';
import type { ReportContext } from '../../audits/report/formats/format.ts';
import { sampleCell, sampleResult, sampleTimeline } from '../../audits/report/result.sample.ts';
import { writeFormats } from '../../audits/report/write-formats.ts';
import { openBrowser } from '../helpers/browser.ts';

/** Figures as files of their own: drawings that stand alone, pictures of them, and the numbers they draw. */

const context: ReportContext = {
  profile: 'engineer',
  writtenAt: '2026-01-03T00:00:00.000Z',
  moatVersion: '0.1.0',
};
const hostile = '=1+1 <script>alert(1)</script>&"\'\u202Egnp\u0001';
const result = sampleResult({
  timeline: sampleTimeline(),
  matrix: [
    ...sampleResult().matrix,
    sampleCell({ attack: hostile, defense: hostile, stolenGain: null, state: 'failed', reason: hostile }),
  ],
});

let browser: Browser | undefined;
let folder = '';
const named = (ending: string): readonly string[] =>
  readdirSync(folder).filter((name) => name.endsWith(ending));
const textOf = (name: string): string => readFileSync(path.join(folder, name), 'utf8');

beforeAll(async () => {
  browser = await openBrowser();
  const out = mkdtempSync(path.join(os.tmpdir(), 'moat-figures-'));
  await writeFormats(result, [figures], context, out);
  folder = path.join(out, 'figures');
});
afterAll(async () => browser?.close());

test('every figure of the report has its drawing, and each drawing its numbers', () => {
  const drawings = named('.svg').map((name) => name.slice(0, -'.svg'.length));
  expect(drawings).toEqual([
    'costs',
    'defense-D0',
    'defense-D1',
    'flags',
    'matrix',
    'pareto',
    'query-curves',
    'run',
  ]);
  expect(named('.csv').map((name) => name.slice(0, -'.csv'.length))).toEqual(drawings);
  if (browser !== undefined) expect(named('.png')).toHaveLength(drawings.length);
});

interface DrawingFacts {
  readonly error: string | null;
  readonly labels: readonly string[];
  readonly ids: readonly string[];
  readonly fonts: string | undefined;
}
/** Runs in the browser, whose types tests do not have. */
const readDrawing = `(source) => {
  const drawing = new DOMParser().parseFromString(source, 'image/svg+xml');
  const labels = (drawing.documentElement.getAttribute('aria-labelledby') ?? '').split(' ');
  return {
    error: drawing.querySelector('parsererror')?.textContent ?? null,
    labels: labels.map((id) => drawing.getElementById(id)?.textContent ?? ''),
    ids: [...drawing.querySelectorAll('[id]')].map(({ id }) => id),
    fonts: /font-family:[^;]*/.exec(drawing.querySelector('style')?.textContent ?? '')?.[0],
  };
}`;

test('a drawing needs nothing else: XML, its own style with plain colours, a title and a description', async ({
  skip,
}) => {
  if (browser === undefined) return skip();
  const page = await browser.newPage();
  for (const name of named('.svg')) {
    const text = textOf(name);
    expect(text).not.toMatch(/var\(|light-dark|url\((?!#)|<script|href=|\u202e/);
    expect(text).not.toContain('\u0001');
    const read = await page.evaluate<DrawingFacts>(`(${readDrawing})(${JSON.stringify(text)})`);
    expect(read.error, name).toBeNull();
    for (const label of read.labels) expect(label.length, name).toBeGreaterThan(10);
    expect(new Set(read.ids).size).toBe(read.ids.length);
    expect(read.fonts).toMatch(/Inter.*sans-serif/);
  }
  await page.close();
});

test('a cell that failed is drawn with its word, and no drawing takes it for a number', () => {
  const matrix = textOf('matrix.svg');
  expect(matrix.match(/state-word-failed[^>]*>failed</g)).toHaveLength(2);
  const rows: Record<string, string>[] = parse(textOf('matrix.csv'), { columns: true });
  expect(rows.filter(({ state }) => state === 'failed').map(({ stolen_gain: gain }) => gain)).toEqual([
    '',
    '',
  ]);
  // Names that a spreadsheet would run are text.
  expect(rows.at(-1)?.['attack']).toMatch(/^'=1\+1 <script>/);
});

test('the numbers beside a drawing are those of the result', () => {
  const rows: Record<string, string>[] = parse(textOf('query-curves.csv'), { columns: true });
  const drawn = rows.filter(({ defense }) => defense === 'none');
  const curve = result.curves.find(({ defense, attack }) => defense === 'none' && attack === null);
  expect(drawn.map(({ queries, stolen_gain: gain, stolen_gain_low: low }) => [queries, gain, low])).toEqual(
    curve?.points.map(({ budget, stolenGain }) => [budget, stolenGain.value, stolenGain.low].map(String)),
  );
});

test('a picture is the drawing, two pixels for each of its own', ({ skip }) => {
  if (browser === undefined) return skip();
  for (const name of named('.png')) {
    const bytes = readFileSync(path.join(folder, name));
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    const [, width = '', height = ''] =
      /width="([\d.]+)" height="([\d.]+)"/.exec(textOf(name.replace('.png', '.svg'))) ?? [];
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([
      Math.round(Number(width) * 2),
      Math.round(Number(height) * 2),
    ]);
  }
});
