import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { earlierAuditId, judgedDatabase } from '../../test/helpers/earlier-database.ts';
import { runCommand } from '../../test/helpers/run-command.ts';
import type { AuditId } from '../contract/cell.ts';
import type { AuditResult } from '../contract/result.ts';
import { systemClock } from '../run/system-clock.ts';
import { judge } from '../score/judge.ts';
import { world } from '../score/judge.sample.ts';
import { openStore } from '../store/open.ts';
import { registerCompare } from './compare.ts';
import { registerReport } from './report.ts';
import { registerShow } from './show.ts';

/** One stored audit in every format: the same number has the same interval wherever it is read. */

let folder = '';
let result: AuditResult;
/** What a person reads, by format. */
const texts = new Map<string, string>();

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'moat-intervals-'));
  const database = judgedDatabase(folder);
  storeWithIntervals(database);
  const run = (registration: Parameters<typeof runCommand>[0], ...args: readonly string[]) =>
    runCommand(registration, [...args, '--db', database], { folder, now: '2026-03-01T00:00:00.000Z' });
  const file = (name: string): string => readFileSync(path.join(folder, 'out', name), 'utf8');
  await run(registerReport, 'report', earlierAuditId, '--format', 'html,md,sarif,json', '--out', 'out');
  result = JSON.parse(file('result.json')) as AuditResult;
  texts.set('terminal', (await run(registerShow, 'show', earlierAuditId)).text);
  texts.set('html', withoutMarkup(file('report.html')));
  texts.set('md', file('report.md').replaceAll('\\', ''));
  texts.set('sarif', messagesOf(JSON.parse(file('report.sarif'))).join('\n'));
  const sides = [`${earlierAuditId}@none`, `${earlierAuditId}@noise`];
  texts.set('compare on a terminal', (await run(registerCompare, 'compare', ...sides)).text);
  await run(registerCompare, 'compare', ...sides, '--format', 'html,md,json', '--out', 'out');
  texts.set('compare, html', withoutMarkup(file('comparison.html')));
  texts.set('compare, md', file('comparison.md').replaceAll('\\', ''));
  changes = (JSON.parse(file('comparison.json')) as { readonly changes: unknown }).changes;
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let changes: unknown;

/** The fixture's audit has too few seeds for intervals: it is judged by measurements that have, with near ties among the worst. */
function storeWithIntervals(database: string): void {
  const { input, facts } = world({
    tasks: ['animals', 'plants'],
    accounts: [1, 2],
    undefendedAccuracy: 0.648,
    secondTaskUndefended: 0.645,
    honestAccuracy: 0.787,
    lastSeedShift: 0.017,
  });
  const id = earlierAuditId as AuditId;
  const store = openStore(database, {
    mode: 'write',
    owner: { pid: process.pid, command: 'test' },
    clock: systemClock,
  });
  try {
    const stored = store.reports.get(id);
    if (stored === undefined) throw new Error('the fixture has a result');
    store.reports.save(id, { ...stored, ...judge(input, facts) }, '2026-03-01T00:00:00.000Z');
  } finally {
    store.close();
  }
}

interface Printed {
  readonly text: string;
  readonly ends: readonly [number, number];
  /** Of the last figure of each end. */
  readonly steps: readonly [number, number];
}

/** `[0.78, 0.86]`, `[78 %, 86 %]`, `[1.3 points, 2 points]`. */
function printedIn(text: string): readonly Printed[] {
  const number = String.raw`([+-]?\d+(?:\.\d+)?)( %| points?)?`;
  return [...plain(text).matchAll(new RegExp(String.raw`\[${number}, ${number}\]`, 'g'))].map((match) => {
    const [found, low = '', lowUnit, high = '', highUnit] = match;
    const scale = (unit: string | undefined): number => (unit === undefined ? 1 : 100);
    const step = (figures: string, unit: string | undefined): number =>
      10 ** -(figures.split('.')[1]?.length ?? 0) / scale(unit);
    return {
      text: found,
      ends: [Number(low) / scale(lowUnit), Number(high) / scale(highUnit)],
      // A zero after the point is not spelled in a percentage: its step may be a tenth all the same.
      steps: [step(low, lowUnit), step(high, highUnit)],
    };
  });
}

test('every interval that is read anywhere covers the one that was computed, by less than its last figure', () => {
  const computed = [...intervalsOf(result), ...intervalsOf(changes)];
  for (const [format, text] of texts) {
    const printed = printedIn(text);
    expect(printed.length, `${format} has intervals`).toBeGreaterThan(format === 'sarif' ? 0 : 3);
    const strange = printed.filter(
      ({ ends: [low, high], steps }) =>
        // In points a table has its unit in the head of the column.
        !computed.some((own) =>
          [own, own.map((end) => end * 100)].some(
            ([from = 0, to = 0]) =>
              low <= from + 1e-9 && from - low < steps[0] && high >= to - 1e-9 && high - to < steps[1],
          ),
        ),
    );
    expect(
      strange.map(({ text: interval }) => interval),
      format,
    ).toEqual([]);
  }
});

test('the theft without a defense has one interval, the one its verdict is given by', () => {
  const worst = result.verdicts.find(({ defense }) => defense === 'none')?.worstStolenGain;
  const { low, high } = worst ?? { low: null, high: null };
  if (low === null || high === null) throw new Error('the fixture has an interval');
  const inPercent = `${shown(low, Math.floor)} %, ${shown(high, Math.ceil)} %]`;
  expect(plain(result.headline)).toContain(inPercent);
  for (const format of ['terminal', 'html', 'md', 'sarif'])
    expect(plain(texts.get(format) ?? ''), format).toContain(inPercent);
  // Where a sentence says of what the encoder is ahead by, or that nothing stands in the way.
  for (const text of texts.values())
    for (const [, interval] of plain(text).matchAll(/takes [\d.-]+ % (\[[^\]]*\])/g))
      expect(interval).toBe(`[${inPercent}`);
});

/** As policies are read: a tenth near 0 and near 100. */
function shown(fraction: number, outward: (value: number) => number): string {
  const size = Math.abs(fraction * 100);
  const figures = size < 10 || (size > 90 && size < 100) ? 10 : 1;
  return String(outward(fraction * 100 * figures) / figures);
}

function plain(text: string): string {
  return text.replaceAll(/[\u202f\u00a0\s]+/g, ' ').replaceAll('\u2212', '-');
}

function withoutMarkup(page: string): string {
  return (
    page
      .replaceAll(/<(style|script)\b[^>]*>[\s\S]*?<\/\1>/g, '')
      // The configuration as it was given: its lists are no intervals.
      .replaceAll(/<pre\b[^>]*>[\s\S]*?<\/pre>/g, '')
      .replaceAll(/<[^>]+>/g, ' ')
      .replaceAll('&#39;', '’')
  );
}

/** Every interval in a value, however deep, of numbers and of numbers of queries. */
function intervalsOf(value: unknown): readonly (readonly [number, number])[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.values(value).flatMap(intervalsOf);
  const { low, high } = value as { readonly low?: unknown; readonly high?: unknown };
  const ends = [low, high].map((end) =>
    typeof end === 'object' && end !== null && 'queries' in end ? end.queries : end,
  );
  const [from, to] = ends;
  return typeof from === 'number' && typeof to === 'number' ? [[from, to], ...below] : below;
}

/** Every text that a SARIF viewer shows. */
function messagesOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(messagesOf) : [];
}
