import { Marked } from 'marked';
import { expect, test } from 'vitest';
import type { AuditResult, Finding } from '../../contract/result.ts';
import {
  sampleCell,
  sampleEstimate,
  sampleOwnership,
  sampleResult,
  sampleVerdict,
} from '../result.sample.ts';
import { parseAcceptances } from './acceptances.ts';
import { compareSides, type ComparedSide } from './compare-results.ts';
import { comparisonMarkdown } from './comparison-markdown.ts';

const today = '2026-03-01';
const whole = (result: AuditResult): ComparedSide => ({ result, defense: null });
const compare = (before: AuditResult, after: AuditResult) =>
  compareSides(whole(before), whole(after), { today });
const finding = (id: string, change: Partial<Finding> = {}): Finding => ({
  id,
  title: `About ${id}`,
  severity: 'high',
  confidence: 'firm',
  explanation: '',
  fix: '',
  cellKeys: [],
  ...change,
});

test('an audit against itself shows no change and no other setup', () => {
  const comparison = compare(sampleResult(), sampleResult());
  expect(comparison.configuration).toEqual([]);
  expect(new Set(comparison.changes.map(({ word }) => word))).toEqual(new Set(['no-evidence']));
  expect(comparison.findings.map(({ status }) => status)).toEqual(['unchanged']);
});

test('a copy that steals less is better, and a defense that costs more is worse', () => {
  const before = sampleResult();
  const after = sampleResult({
    matrix: [sampleCell({ stolenGain: sampleEstimate(0.5) })],
    verdicts: [sampleVerdict({ worstHonestLoss: sampleEstimate(0.05, 0.005) })],
  });
  const { changes } = compare(before, after);
  const of = (kind: string, metric: string, budget: number | null) =>
    changes.find((change) => change.kind === kind && change.metric === metric && change.budget === budget)
      ?.word;
  expect(of('attack', 'stolen-gain', 2000)).toBe('better');
  expect(of('defense', 'worst-honest-loss', null)).toBe('worse');
});

test('a cell that failed in one of the two is not comparable, with the reason', () => {
  const failed = sampleCell({ state: 'failed', stolenGain: null, gains: [], cka: null });
  const { changes } = compare(sampleResult({ matrix: [sampleCell()] }), sampleResult({ matrix: [failed] }));
  expect(changes.find(({ kind, metric }) => kind === 'attack' && metric === 'stolen-gain')).toMatchObject({
    word: 'not-comparable',
    reason: 'not measured after (failed)',
  });
});

test('two defenses of one audit are held against each other attack by attack', () => {
  const result = sampleResult({
    matrix: [
      sampleCell({ defense: 'none', stolenGain: sampleEstimate(0.8) }),
      sampleCell({ defense: 'rounding', stolenGain: sampleEstimate(0.4) }),
    ],
    verdicts: [sampleVerdict(), sampleVerdict({ defense: 'rounding', worstStolenGain: sampleEstimate(0.4) })],
  });
  const { changes, before, after } = compareSides(
    { result, defense: 'none' },
    { result, defense: 'rounding' },
    { today },
  );
  const better = changes
    .filter(({ word }) => word === 'better')
    .map(({ kind, metric }) => `${kind}/${metric}`);
  expect(better).toEqual(['attack/stolen-gain', 'defense/worst-stolen-gain']);
  expect([before.defense, after.defense]).toEqual(['none', 'rounding']);
});

test('numbers on other images are shown and not judged', () => {
  const before = sampleResult();
  const [task] = before.data.tasks;
  if (task === undefined) throw new Error('the sample has a task');
  const other = { ...task, score: { ...task.score, digest: 'f'.repeat(64) } };
  const after = sampleResult({
    data: { ...before.data, tasks: [other] },
    matrix: [sampleCell({ stolenGain: sampleEstimate(0.1) })],
  });
  const { changes, notes, configuration } = compare(before, after);
  const stolen = changes.find(
    ({ kind, metric, budget }) => kind === 'attack' && metric === 'stolen-gain' && budget === 2000,
  );
  expect(stolen).toMatchObject({ word: 'not-comparable', reason: 'measured on other images' });
  expect(stolen?.delta).toBeCloseTo(-0.72, 6);
  expect(notes[0]).toContain('cifar10');
  expect(configuration.map(({ entry }) => entry)).toEqual(['tasks.cifar10.score']);
});

test('a copy that scores less in an ownership test is harder to prove', () => {
  const [row] = sampleOwnership().rows;
  if (row === undefined) throw new Error('the sample has a test');
  const tested = (value: number) =>
    sampleResult({ ownership: sampleOwnership({ rows: [{ ...row, value: sampleEstimate(value) }] }) });
  const words = compare(tested(0.9), tested(0.5))
    .changes.filter(({ kind }) => kind === 'ownership')
    .map(({ metric, attack, user, word }) => [metric, attack, user, word]);
  expect(words).toEqual([
    ['ownership-score', 'direct-extraction', 'similarity-fingerprint', 'worse'],
    // Claims are counted over a few seeds and have no interval.
    ['ownership-claimed', 'direct-extraction', 'similarity-fingerprint', 'no-evidence'],
  ]);
});

test('what was set up differently is named by its path', () => {
  const before = sampleResult();
  const after = sampleResult({
    config: { ...before.config, seeds: 5, policy: { ...before.config.policy, budget: 9 } },
    encoder: { ...before.encoder, digest: 'a'.repeat(64) },
  });
  expect(compare(before, after).configuration).toEqual([
    { entry: 'config.policy.budget', before: '5000', after: '9' },
    { entry: 'config.seeds', before: '3', after: '5' },
    { entry: 'encoder.digest', before: 'e'.repeat(64), after: 'a'.repeat(64) },
  ]);
});

test('findings are new, unchanged, accepted until their last day, fixed, or not checked', () => {
  const before = sampleResult({
    findings: ['encoder-extractable', 'defense-bypassed:top-k', 'defense-bypassed:none'].map((id) =>
      finding(id),
    ),
  });
  const after = sampleResult({
    verdicts: [sampleVerdict()],
    findings: [
      finding('encoder-extractable', { title: 'Other numbers now', severity: 'critical' }),
      finding('defense-costs-honest-users:rounding'),
      finding('defense-without-protection:rounding'),
    ],
  });
  const accepted = (expires: string) =>
    parseAcceptances(
      { accepted: [{ finding: 'defense-without-protection:rounding', reason: 'Not shipped.', expires }] },
      'accepted.json',
    );
  const statuses = (expires: string) =>
    compareSides(whole(before), whole(after), { today, acceptances: accepted(expires) }).findings.map(
      ({ finding: { id }, status, isExpired }) => [id, status, isExpired],
    );
  expect(statuses('2026-03-01')).toEqual([
    ['encoder-extractable', 'unchanged', false],
    ['defense-costs-honest-users:rounding', 'new', false],
    ['defense-without-protection:rounding', 'accepted', false],
    // Nobody looked at top-k this time; without a defense was measured.
    ['defense-bypassed:top-k', 'not-checked', false],
    ['defense-bypassed:none', 'fixed', false],
  ]);
  expect(statuses('2026-02-28')[2]).toEqual(['defense-without-protection:rounding', 'new', true]);
});

test.each([
  [{ accepted: [{ finding: 'x', reason: ' ', expires: '2026-01-01' }] }, /reason/],
  [{ accepted: [{ finding: 'x', reason: 'because', expires: 'never' }] }, /expires/],
  [{ accepted: [{ finding: 'x', reason: 'because' }] }, /expires/],
])('an acceptance without a reason or a last day is refused: %j', (value, message) => {
  expect(() => parseAcceptances(value, 'accepted.json')).toThrow(message);
});

test('hostile names stay text in Markdown', () => {
  const name = '<img src=x> | [a](https://evil.example) `b` \u202e';
  const result = sampleResult({
    matrix: [sampleCell({ defense: name, stolenGain: sampleEstimate(0.1) })],
    verdicts: [sampleVerdict({ defense: name, worstStolenGain: sampleEstimate(0.1) })],
    findings: [finding(`defense-bypassed:${name}`, { title: name })],
  });
  const text = comparisonMarkdown(compare(sampleResult({ matrix: [], verdicts: [] }), result));
  const kinds = new Set<string>();
  const parser = new Marked({ gfm: true });
  void parser.walkTokens(parser.lexer(text), ({ type }) => void kinds.add(type));
  for (const kind of ['html', 'link', 'image']) expect(kinds).not.toContain(kind);
});
