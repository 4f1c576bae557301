import { Marked, type Token } from 'marked';
import { expect, test } from 'vitest';
import { sampleCell, sampleEstimate, sampleResult, sampleVerdict } from '../result.sample.ts';
import { markdown } from './markdown.ts';
import { markdownCode, markdownText } from './markdown-text.ts';

const context = { profile: 'engineer', writtenAt: '2026-01-03T00:00:00.000Z', moatVersion: '0.1.0' } as const;
const parser = new Marked({ gfm: true });

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  void parser.walkTokens(parser.lexer(text), (token) => void tokens.push(token));
  return tokens;
}

/** Cells of the table's body as a reader sees them. */
function tableOf(tokens: readonly Token[]): readonly (readonly string[])[] {
  const table = tokens.find((token) => token.type === 'table') as
    { readonly rows: readonly (readonly { readonly text: string }[])[] } | undefined;
  return table?.rows.map((row) => row.map((cell) => cell.text)) ?? [];
}

const hostile = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '[click](https://evil.example) ![x](https://evil.example/x.png)',
  'https://evil.example www.evil.example',
  'a | b | c',
  '`code` ``more``',
  '*bold* _it_ ~~gone~~ # title',
  'before\u202egnp.exe\u2066after',
  'line\n\n# heading\n- item',
  '\u001b[31mred',
  'שלום عالم',
  'e'.repeat(60),
];

test('the verdict, its numbers with intervals and evidence, and every defense are there', async () => {
  const text = String(await markdown.render(sampleResult(), context));
  expect(text).toMatch(/^## `encoder\.onnx`: not measured\n/);
  const [undefended, defended] = tableOf(tokensOf(text));
  expect(undefended).toEqual([
    'no defense',
    'fail',
    '`direct-extraction`',
    String.raw`82 % \[78 %, 86 %\]`,
    '3 x 2 000',
    '',
    String.raw`1.2 points \[0.7 points, 1.7 points\]`,
    String.raw`97 % \[96 %, 98 %\]`,
    '`too-few-repeats`',
  ]);
  expect(defended?.slice(0, 2)).toEqual(['`gaussian-noise:mode=keyed:sigma=0.1`', 'not measured']);
  expect(text).toContain('Of 7 cells without a number: 1 failed, 1 not applicable.');
  expect(text).toContain('these attacks failed at this budget');
});

test('an audit that did not end says so where a defense passes', async () => {
  const result = sampleResult({ state: 'cancelled', verdicts: [sampleVerdict({ verdict: 'pass' })] });
  const text = String(await markdown.render(result, context));
  expect(text).toMatch(/^## .*: not measured\n/);
  expect(text).toContain('the audit did not end');
});

test('a number without an interval and one that is missing say it', async () => {
  const verdicts = [sampleVerdict({ worstStolenGain: sampleEstimate(0.5, null), worstRecallAt10: null })];
  const [row] = tableOf(tokensOf(String(await markdown.render(sampleResult({ verdicts }), context))));
  expect(row?.[3]).toBe(String.raw`50 % \(no interval\)`);
  expect(row?.[7]).toBe('not measured');
});

test.each(['executive', 'engineer', 'regulator'] as const)(
  'for a reader %s nothing that failed or did not run is hidden, and the verdict is the same',
  async (profile) => {
    const verdicts = [
      sampleVerdict(),
      sampleVerdict({ defense: 'good', verdict: 'pass' }),
      ...Array.from({ length: 50 }, (_, i) => sampleVerdict({ defense: `other-${i}` })),
      sampleVerdict({ defense: 'unknown', verdict: 'not-measured' }),
    ];
    const recommendation = { defense: 'good', sentence: 'Switch on good.' };
    const low = {
      ...sampleResult().findings[0]!,
      id: 'small',
      title: 'A small thing',
      severity: 'low',
    } as const;
    const result = sampleResult({ verdicts, recommendation, findings: [...sampleResult().findings, low] });
    const text = String(await markdown.render(result, { ...context, profile }));
    expect(text).toContain('cells without a number: 1 failed, 1 not applicable.');
    expect(text.split('\n')[0]).toBe(String(await markdown.render(result, context)).split('\n')[0]);
    const rows = tableOf(tokensOf(text)).map(([name]) => name);
    const left = { executive: 51, engineer: 13, regulator: 0 }[profile];
    expect(rows).toHaveLength(verdicts.length - left);
    if (profile === 'executive') {
      expect(rows).toEqual(['no defense', '`good`']);
      expect(text).toContain('51 more stand in the full report: 50 fail, 1 not measured.');
      expect(text).toContain('1 low more in the full report');
    }
    if (profile === 'regulator') {
      expect(text).toContain('- failed: `repeat-averaging` against');
      expect(text).toContain('The loss became not finite at epoch 3.');
      expect(text).toContain('`AML.T0024.002` Extract AI Model');
      expect(text).toContain('not a statement of compliance');
    }
  },
);

test.each(hostile)('for a regulator too %j stays text', async (name) => {
  const result = sampleResult({
    verdicts: [sampleVerdict({ defense: name })],
    matrix: [
      sampleCell({ attack: name }),
      sampleCell({ attack: name, defense: name, state: 'failed', reason: name, stolenGain: null }),
    ],
  });
  const tokens = tokensOf(String(await markdown.render(result, { ...context, profile: 'regulator' })));
  const kinds = new Set(tokens.map(({ type }) => type));
  for (const kind of ['link', 'image', 'del', 'em']) expect(kinds).not.toContain(kind);
  expect(tokens.filter(({ type }) => type === 'heading')).toHaveLength(1);
});

test.each(hostile)('%j stays text wherever a name may stand', async (name) => {
  const result = sampleResult({
    headline: name,
    recommendation: { defense: name, sentence: name },
    verdicts: [sampleVerdict({ defense: name, strongestAttack: name })],
    matrix: [sampleCell({ defense: name, task: name, state: 'failed' })],
    flags: [{ id: 'too-few-repeats', severity: 'weakens', sentence: name, scope: `task:${name}` }],
    encoder: { ...sampleResult().encoder, path: `/models/${name}` },
  });
  const text = String(await markdown.render(result, context));
  const tokens = tokensOf(text);
  const kinds = new Set(tokens.map(({ type }) => type));
  for (const kind of ['link', 'image', 'del', 'em']) expect(kinds).not.toContain(kind);
  // The one tag is ours.
  const tags = tokens.flatMap((token) => (token.type === 'html' ? [token.raw] : []));
  expect(tags.filter((tag) => !/^<\/?sub>$/.test(tag))).toEqual([]);
  expect(tokens.filter(({ type }) => type === 'heading')).toHaveLength(1);
  const [row] = tableOf(tokens);
  expect(row).toHaveLength(9);
  expect(row?.[1]).toBe('fail');
  // oxlint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e\u2066-\u2069]/);
});

test('nobody is notified by a name', () => {
  expect(markdownText('ask @octocat')).not.toMatch(/@\w/);
  expect(markdownText('recall@10')).toBe('recall@10');
});

test.each(['`', 'a``b', '`x', '  '])('code %j is closed where it was opened', (name) => {
  const code = markdownCode(name);
  const tokens = parser.lexer(code);
  expect(tokens).toHaveLength(1);
  if (name.trim() !== '')
    expect(code.replaceAll(/^`+ ?| ?`+$/g, '')).toContain(name.replaceAll(/^`|`$/g, ''));
});
