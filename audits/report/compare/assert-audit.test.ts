import { expect, test } from 'vitest';
import type { AuditResult } from '../../contract/result.ts';
import { sampleEstimate, sampleResult, sampleVerdict } from '../result.sample.ts';
import { assertAudit } from './assert-audit.ts';

const passing = (change: Partial<AuditResult> = {}, protection = 0.8): AuditResult =>
  sampleResult({
    verdicts: [
      sampleVerdict(),
      sampleVerdict({ defense: 'rounding', verdict: 'pass', protection: sampleEstimate(protection) }),
    ],
    recommendation: { defense: 'rounding', sentence: 'Switch on rounding.' },
    ...change,
  });
const options = { baseline: null, acceptances: [], today: '2026-03-01' } as const;
const [grave] = sampleResult().findings;
if (grave === undefined) throw new Error('the sample has a finding');

test('without a baseline the policy decides, and a finding alone does not', () => {
  expect(assertAudit(passing(), options)).toMatchObject({ verdict: 'pass', exitCode: 0, reasons: [] });
});

test('a verdict that is no pass says why for each defense', () => {
  const assertion = assertAudit(sampleResult(), options);
  expect(assertion).toMatchObject({ verdict: 'not-measured', exitCode: 2 });
  expect(assertion.reasons).toHaveLength(2);
});

test('an audit that was stopped passes nothing', () => {
  expect(assertAudit(passing({ state: 'cancelled' }), options)).toMatchObject({
    verdict: 'not-measured',
    exitCode: 2,
  });
});

test('a grave finding that is new stands in the way until somebody accepts it', () => {
  const baseline = passing({ findings: [] });
  const refused = assertAudit(passing(), { ...options, baseline });
  expect(refused).toMatchObject({ verdict: 'fail', exitCode: 1 });
  expect(refused.reasons[0]).toContain(grave.title);
  const acceptance = { finding: grave.id, reason: 'Known.', expires: '2026-12-31' };
  expect(assertAudit(passing(), { ...options, baseline, acceptances: [acceptance] }).exitCode).toBe(0);
  const expired = assertAudit(passing(), {
    ...options,
    baseline,
    acceptances: [{ ...acceptance, expires: '2026-01-01' }],
  });
  expect(expired.exitCode).toBe(1);
  expect(expired.reasons[0]).toContain('ended on 2026-01-01');
  expect(assertAudit(passing(), { ...options, baseline: passing() }).exitCode).toBe(0);
});

test('the recommended defense must not have got worse; another one may', () => {
  const worse = assertAudit(passing({}, 0.6), { ...options, baseline: passing() });
  expect(worse).toMatchObject({ verdict: 'fail', exitCode: 1 });
  expect(worse.reasons).toEqual([
    'Worse than the baseline: protection of rounding, 80 % [76 %, 84 %] before, 60 % [56 %, 64 %] now.',
  ]);
  const other = { defense: 'none', sentence: '' };
  const elsewhere = assertAudit(passing({ recommendation: other }, 0.6), {
    ...options,
    baseline: passing({ recommendation: other }),
  });
  expect(elsewhere.exitCode).toBe(0);
});
