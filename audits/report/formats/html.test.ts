import { beforeAll, expect, test } from 'vitest';
import type { AuditResult, MatrixCell } from '../../contract/result.ts';
import {
  sampleCell,
  sampleEstimate,
  sampleOwnership,
  sampleResult,
  sampleTransfer,
  sampleVerdict,
} from '../result.sample.ts';
import type { ReportContext } from './format.ts';
import { html } from './html.ts';

const context: ReportContext = {
  profile: 'engineer',
  writtenAt: '2026-01-03T00:00:00.000Z',
  moatVersion: '0.1.0',
};
const page = async (result: AuditResult, change: Partial<ReportContext> = {}): Promise<string> =>
  String(await html.render(result, { ...context, ...change }));
const withoutAssets = (text: string): string => text.replaceAll(/<(style|script)>[\s\S]*?<\/\1>/g, '');

const sampleFinding = {
  severity: 'high',
  confidence: 'firm',
  explanation: '',
  fix: '',
  cellKeys: [],
} as const;

let sample = '';
beforeAll(async () => {
  // The first one compiles the pages, where no build of these sources is there.
  sample = await page(sampleResult());
}, 600_000);

test('the same result gives the same bytes', async () => {
  expect(await page(sampleResult())).toBe(sample);
});

test('another time of writing changes nothing but that time', async () => {
  const later = await page(sampleResult(), { writtenAt: '2026-05-06T07:08:00.000Z' });
  expect(later).not.toBe(sample);
  expect(later.replace('2026-05-06 07:08 UTC', '2026-01-03 00:00 UTC')).toBe(sample);
});

test('the file needs nothing from anywhere, and forbids it', () => {
  expect(sample).toContain("default-src 'none'");
  expect(sample).not.toMatch(/<(link|iframe|img|object|embed)\b/);
  expect(sample.match(/<script\b[^>]*src=/g)).toBeNull();
  expect([...sample.matchAll(/url\(\s*['"]?([^)'"]{0,5})/g)].map((match) => match[1])).not.toContain('https');
  expect(withoutAssets(sample)).not.toMatch(/\sstyle=/);
});

test('every link within the page leads somewhere, and no id stands twice', () => {
  const markup = withoutAssets(sample);
  const ids = [...markup.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]);
  expect(new Set(ids).size).toBe(ids.length);
  const targets = [...markup.matchAll(/href="#([^"]+)"/g)].map((match) => match[1]);
  expect(targets.length).toBeGreaterThan(20);
  expect(targets.filter((target) => !ids.includes(target))).toEqual([]);
});

test.each(['executive', 'engineer', 'regulator'] as const)(
  'the %s profile has no dead link',
  async (profile) => {
    const markup = withoutAssets(await page(sampleResult(), { profile }));
    const ids = new Set([...markup.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]));
    expect(
      [...markup.matchAll(/href="#([^"]+)"/g)].map((match) => match[1]).filter((target) => !ids.has(target)),
    ).toEqual([]);
    // What failed is named with its reason, whoever reads.
    expect(markup.split('id="validity"')[1]).toContain('The loss became not finite at epoch 3.');
    expect(markup.includes('id="methods"')).toBe(profile !== 'executive');
  },
);

test('page one answers its four questions and states the verdict in the gate’s words', () => {
  const first = withoutAssets(sample).split('id="scope"')[0] ?? '';
  for (const question of [
    'Can it be stolen?',
    'How cheaply?',
    'Which defense do I ship?',
    'How sure are you?',
  ])
    expect(first).toContain(question);
  expect(first).toMatch(/no defense is shown to meet the policy; at least one was not measured completely/);
  expect(first).toContain('82\u00a0% [78\u00a0%, 86\u00a0%]');
});

test('what names from outside carry is text, never markup, and does not steer the page', async () => {
  const hostile = '<script>alert(1)</script>"\'><img src=x onerror=alert(2)>\u202Egnp\u0000';
  const result = sampleResult({
    encoder: { ...sampleResult().encoder, path: `/models/${hostile}`, output: hostile, notes: [hostile] },
    headline: hostile,
    matrix: [
      sampleCell({ attack: hostile, task: hostile, reason: hostile, state: 'failed', stolenGain: null }),
    ],
    findings: [{ ...sampleResult().findings[0]!, title: hostile, fix: hostile, id: hostile }],
    flags: [{ id: hostile, severity: 'weakens', sentence: hostile, scope: 'audit' }],
    environment: { [hostile]: hostile },
  });
  const text = await page(result);
  expect(text.match(/<script/g)).toHaveLength(1);
  expect(withoutAssets(text)).not.toMatch(/<img|<b>|<!--/);
  for (const steering of ['\u202e', '\u2066', '\u2067', '\0']) expect(text).not.toContain(steering);
  expect(text).toContain('&lt;script');
});

const states = ['pending', 'running', 'failed', 'not-applicable', 'not-run'] as const;
test.each(states)('a cell that is %s has its word and nothing of a result', async (state) => {
  const text = withoutAssets(
    await page(
      sampleResult({ matrix: [sampleCell({ state, stolenGain: null, reason: 'because' })], verdicts: [] }),
    ),
  );
  const cells = [...text.matchAll(/<td class="state[^"]*"[\s\S]*?<\/td>/g)].map((match) => match[0]);
  expect(cells.length).toBe(1);
  expect(cells[0]).toContain(state === 'not-applicable' ? 'not applicable' : state.replace('-', ' '));
  expect(text).not.toMatch(/exposure-\d"[^>]*>\s*<a/);
  expect(text).not.toContain('verdict-pass');
});

test('forty defenses against twenty attacks are all there, in blocks that fit a page', async () => {
  const matrix: MatrixCell[] = [];
  for (let d = 0; d < 40; d += 1)
    for (let a = 0; a < 20; a += 1)
      matrix.push(
        sampleCell({
          attack: `attack-${a}`,
          defense: d === 0 ? 'none' : `defense-${d}`,
          stolenGain: sampleEstimate((a + d) / 60),
          cellKeys: [`${a}-${d}`],
        }),
      );
  const verdicts = Array.from({ length: 40 }, (_, d) =>
    sampleVerdict({ defense: d === 0 ? 'none' : `defense-${d}` }),
  );
  const text = withoutAssets(await page(sampleResult({ matrix, verdicts })));
  const tables = [...text.matchAll(/<table class="matrix"[\s\S]*?<\/table>/g)].map((match) => match[0]);
  expect(tables).toHaveLength(3);
  for (const table of tables) expect((table.match(/<th scope="col"/g) ?? []).length).toBeLessThanOrEqual(9);
  expect(tables.join('').match(/class="worst|\bworst"/g)).toHaveLength(40);
  expect(text.length).toBeLessThan(4_000_000);
});

test('an empty audit says what is missing instead of leaving holes', async () => {
  const text = withoutAssets(
    await page(
      sampleResult({
        state: 'incomplete',
        finishedAt: null,
        baselines: [],
        matrix: [],
        verdicts: [],
        curves: [],
        raiseFactors: [],
        detection: [],
        theft: { ...sampleResult().theft, costs: [] },
        findings: [],
        flags: [],
      }),
    ),
  );
  expect(text).toContain('This audit is incomplete');
  expect(text).toContain('Not measured');
  expect(text).not.toMatch(/NaN|undefined|Infinity/);
});

test('no number of the sample is printed without what it rests on', () => {
  expect(withoutAssets(sample)).not.toMatch(/NaN|undefined|\[object|Infinity/);
  const estimates = [...sample.matchAll(/<span class="estimate"[\s\S]*?<\/span>\s*<\/span>/g)];
  expect(estimates.length).toBeGreaterThan(20);
  for (const [text] of estimates) expect(text).toMatch(/seed/);
});

test('ownership claims stand in the chapter of copies, test by test, and one that is not possible says why', async () => {
  const part = (text: string): string =>
    withoutAssets(text).match(/aria-labelledby="ownership-heading"[\s\S]*?<\/section>/)?.[0] ?? '';
  const claimed = part(await page(sampleResult({ ownership: sampleOwnership() })));
  for (const text of [
    'yes, 3 of 3',
    'no, 1 of 3',
    'similarity-<wbr/>fingerprint',
    '0.048',
    '0.31',
    'no interval',
  ])
    expect(claimed).toContain(text);
  // One defense was tested by no set that every independent encoder took part in: it is there, without a claim.
  expect(claimed).toContain('not measured: no test that every independent encoder took part in');
  const few = sampleOwnership({
    reason: 'Four are too few.',
    rows: sampleOwnership().rows.map((row) => ({ ...row, p: null, claimed: null, claimedSeeds: null })),
  });
  const without = part(await page(sampleResult({ ownership: few })));
  expect(without).toContain('Four are too few.');
  expect(without).toContain('not possible');
  expect(without).not.toMatch(/>(yes|no), /);
  expect(part(sample)).toBe('');
});

test('adversarial examples made on a copy stand beside their control', async () => {
  const transfer = sampleTransfer();
  const cell = sampleCell({ fidelity: { ...sampleCell().fidelity, transfer } });
  const text = withoutAssets(await page(sampleResult({ matrix: [cell] })));
  const rows = [...(text.split('id="transfer-heading"')[1] ?? '').split('</section>')[0]!.matchAll(/<tr>/g)];
  expect(rows).toHaveLength(1 + transfer.length);
  expect(sample).not.toContain('id="transfer-heading"');
});

test('page one says what changed since an earlier audit, and of which encoder that was', async () => {
  const theft = { ...sampleFinding, id: 'encoder-extractable', title: '128 queries copy it' };
  const gone = { ...sampleFinding, id: 'defense-bypassed:rounding', title: 'Averaging gets around rounding' };
  const before = sampleResult({
    auditId: 'earlier1',
    createdAt: '2026-01-01T00:00:00.000Z',
    findings: [gone],
    verdicts: [sampleVerdict(), sampleVerdict({ defense: 'rounding' })],
  });
  const after = sampleResult({
    findings: [theft],
    matrix: [sampleCell({ stolenGain: sampleEstimate(0.5) })],
    verdicts: [sampleVerdict(), sampleVerdict({ defense: 'rounding' })],
  });
  const text = await page(after, { baseline: before });
  expect(text).toContain('Since audit earlier1 of 2026-01-01 (');
  expect(text).toContain('1 new (128 queries copy it)');
  expect(text).toMatch(/numbers that both measured on the same images 0 are worse and [1-9]\d* better/);
  expect(sample).toContain('no earlier audit of this encoder was compared');
  const other = { ...before, encoder: { ...before.encoder, digest: 'f'.repeat(64) } };
  expect(await page(after, { baseline: other })).toContain('which was of another encoder');
});

test('of a stack of one defense with two settings, what it does is said once and both settings are', async () => {
  const { config } = sampleResult();
  const stack = [
    { id: 'rounding', config: { decimals: 1 } },
    { id: 'rounding', config: { decimals: 2 } },
  ];
  const label = 'rounding+rounding:decimals=2';
  const text = await page(
    sampleResult({
      config: { ...config, defenses: [...config.defenses, stack] },
      verdicts: [sampleVerdict(), sampleVerdict({ defense: label })],
    }),
  );
  const sheet = withoutAssets(text)
    .split('class="defense-sheet"')
    .find((part) => part.includes('Settings of rounding'));
  expect(sheet?.match(/Settings of rounding/g)).toHaveLength(2);
  const sentences = [...(sheet ?? '').matchAll(/<p>([^<]{20,})<\/p>/g)].map((match) => match[1]);
  expect(sentences.length).toBeGreaterThan(0);
  expect(new Set(sentences).size).toBe(sentences.length);
});
