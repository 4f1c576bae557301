import { parse } from 'csv-parse/sync';
import { Marked, type Token } from 'marked';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AuditResult } from '../../contract/result.ts';
import { comparisonMarkdown } from '../compare/comparison-markdown.ts';
import { comparisonPage } from '../compare/comparison-page.ts';
import { compareSides } from '../compare/compare-results.ts';
import { sampleCell, sampleCurve, sampleEstimate, sampleResult, sampleVerdict } from '../result.sample.ts';
import { browserVariable } from '../pdf/chromium.ts';
import { csv, unguardFormula } from './csv.ts';
import { cyclonedx } from './cyclonedx.ts';
import { figures } from './figures.ts';
import { html } from './html.ts';
import { json } from './json.ts';
import { markdown } from './markdown.ts';
import { pdf } from './pdf.ts';
import { sarif } from './sarif.ts';

/** One result with every kind of name that is out to hurt, forty defenses of them, in every format. */

const context = {
  profile: 'regulator',
  writtenAt: '2026-01-03T00:00:00.000Z',
  moatVersion: '0.1.0',
} as const;

const names = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(2)>',
  '</title></style><svg onload=alert(3)>',
  '=HYPERLINK("https://evil.example","x")',
  '+1+1',
  '-1|2',
  '@SUM(1)',
  '[a](https://evil.example) `b`',
  'before\u202egnp.exe\u2066after',
  'שלום عالم',
  '\u001b[31mred\u0007',
  'line\nbreak\u2028end',
  'e'.repeat(60),
] as const;
/** Forty, each its own. */
const defenses = ['none', ...Array.from({ length: 39 }, (_, i) => `${names[i % names.length] ?? ''} ${i}`)];

function hostileResult(): AuditResult {
  const [first, ...rest] = names;
  return sampleResult({
    encoder: {
      ...sampleResult().encoder,
      path: `/models/${names.join('')}${'m'.repeat(60)}.onnx`,
      notes: [...rest],
    },
    headline: names.join(' '),
    recommendation: { defense: defenses[3] ?? null, sentence: first },
    matrix: defenses.flatMap((defense, d) => [
      sampleCell({
        defense,
        attack: names[d % names.length] ?? '',
        stolenGain: sampleEstimate(d / 50),
        cellKeys: [`k${d}`],
      }),
      sampleCell({
        defense,
        attack: 'other',
        state: 'failed',
        stolenGain: null,
        reason: names[d % names.length] ?? '',
      }),
    ]),
    verdicts: defenses.map((defense, d) =>
      sampleVerdict({
        defense,
        strongestAttack: names[d % names.length] ?? '',
        reason: names[d % names.length] ?? '',
      }),
    ),
    curves: defenses.map((defense) => sampleCurve({ defense })),
    findings: names.map((name, i) => ({
      severity: 'high' as const,
      confidence: 'firm' as const,
      id: `defense-bypassed:${name}`,
      title: name,
      explanation: name,
      fix: name,
      cellKeys: [`k${i}`],
    })),
    flags: names.map((name) => ({ id: name, severity: 'weakens', sentence: name, scope: `defense:${name}` })),
    environment: Object.fromEntries(names.map((name) => [name, name])),
  });
}

const result = hostileResult();
// prettier-ignore
// oxlint-disable-next-line no-control-regex
const steering = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066\u2067]/;

/** A page without what is ours: its style and its script. */
const withoutAssets = (page: string): string => page.replaceAll(/<(style|script)>[\s\S]*?<\/\1>/g, '');

function expectHarmless(page: string): void {
  const markup = withoutAssets(page);
  expect(markup).not.toMatch(
    /<(?:script|img|iframe|object|embed|link)\b|<[a-z][^<>]*\son\w+=|href=.javascript:/i,
  );
  expect(markup.match(/<svg\b[^>]*onload/)).toBeNull();
  expect(markup).not.toMatch(/href="https:\/\/evil/);
  expect(markup).not.toMatch(steering);
  // Right-to-left words are isolated from the numbers beside them.
  expect(markup).toContain('\u2068שלום عالم\u2069');
}

afterEach(() => vi.unstubAllEnvs());

let page = '';
beforeAll(async () => {
  page = String(await html.render(result, context));
}, 600_000);

test('html: text, every defense, no dead link', () => {
  expectHarmless(page);
  expect(page.match(/class="defense-sheet"/g)).toHaveLength(40);
  const ids = new Set([...page.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]));
  for (const [, target] of withoutAssets(page).matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
});

test('pdf: what is printed is as harmless as the page', async () => {
  let printed = '';
  const stop = new Error('printed');
  await expect(
    pdf.render(result, {
      ...context,
      printPage: (given) => {
        printed = given;
        return Promise.reject(stop);
      },
    }),
  ).rejects.toBe(stop);
  expectHarmless(printed);
  expect(printed.match(/class="defense-sheet"/g)).toHaveLength(40);
});

test('json: the same value, and nothing in the file that steers who shows it', async () => {
  const text = String(await json.render(result, context));
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(result)));
  expect(text.replaceAll('\n', '')).not.toMatch(steering);
});

test('csv: no cell is a formula, every defense comes back, a row is a row', async () => {
  const text = String(await csv.render(result, context));
  const rows: string[][] = parse(text);
  expect(new Set(rows.map((row) => row.length)).size).toBe(1);
  // Numbers may be below zero; text may not begin like one.
  const formulas = rows
    .slice(1)
    .flat()
    .filter((cell) => /^[=+@\t\r-]/.test(cell) && !/^-\d+(\.\d+)?(e-\d+)?$/.test(cell));
  expect(formulas).toEqual([]);
  const column = rows[0]?.indexOf('defense') ?? -1;
  const found = new Set(rows.slice(1).map((row) => unguardFormula(row[column] ?? '')));
  for (const defense of defenses) expect([...found]).toContain(defense);
});

test('sarif and cyclonedx: every text is one that may be shown', async () => {
  const strings = (value: unknown): readonly string[] =>
    typeof value === 'string'
      ? [value]
      : typeof value === 'object' && value !== null
        ? Object.values(value).flatMap(strings)
        : [];
  for (const format of [sarif, cyclonedx]) {
    const document: unknown = JSON.parse(String(await format.render(result, context)));
    const texts = strings(document);
    expect(
      texts.some((text) => text.includes('<script>')),
      format.id,
    ).toBe(true);
    expect(
      texts.filter((text) => steering.test(text)),
      format.id,
    ).toEqual([]);
  }
});

describe('markdown', () => {
  const parser = new Marked({ gfm: true });
  const expectText = (text: string): void => {
    const tokens: Token[] = [];
    void parser.walkTokens(parser.lexer(text), (token) => void tokens.push(token));
    const kinds = new Set(tokens.map(({ type }) => type));
    for (const kind of ['link', 'image', 'del', 'em']) expect(kinds).not.toContain(kind);
    const tags = tokens.flatMap((token) => (token.type === 'html' ? [token.raw] : []));
    expect(tags.filter((tag) => !/^<\/?sub>$/.test(tag))).toEqual([]);
    expect(text.replaceAll('\n', '')).not.toMatch(steering);
  };
  test('of the report: text, every defense a row', async () => {
    const text = String(await markdown.render(result, context));
    expectText(text);
    expect(text.split('\n').filter((line) => /^\| (`|no defense)/.test(line)).length).toBe(40);
  });
  test('of a comparison', () => {
    expectText(
      comparisonMarkdown(
        compareSides({ result, defense: null }, { result, defense: null }, { today: '2026-01-03' }),
      ),
    );
  });
});

test('comparison, html: text', async () => {
  const other = {
    ...result,
    verdicts: result.verdicts.map((verdict) => ({ ...verdict, worstStolenGain: sampleEstimate(0.1) })),
  };
  const sides = [
    { result, defense: null },
    { result: other, defense: null },
  ] as const;
  const text = await comparisonPage(compareSides(...sides, { today: '2026-01-03' }), sides, context);
  expectHarmless(text);
});

test('figures: drawings without script, tables without formulas', async () => {
  // Drawn, not photographed.
  vi.stubEnv(browserVariable, 'none');
  const files = await figures.renderFiles(result, context);
  const svgs = files.filter(({ name }) => name.endsWith('.svg'));
  expect(svgs.length).toBeGreaterThan(40);
  for (const { name, content } of svgs) {
    expect(String(content), name).not.toMatch(
      /<(?:script|img|foreignObject)\b|<[a-z][^<>]*\s(?:on\w+|href)=/i,
    );
    expect(String(content), name).not.toMatch(steering);
  }
  for (const { name, content } of files.filter((file) => file.name.endsWith('.csv')))
    for (const cell of parse(String(content)).flat())
      if (!/^-\d/.test(cell)) expect(cell, name).not.toMatch(/^[=+@\t\r-]/);
});
