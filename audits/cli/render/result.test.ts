import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { sampleCell, sampleEstimate, sampleResult, sampleVerdict } from '../../report/result.sample.ts';
import { renderResult } from './result.ts';
import { plainPaint } from './view.ts';

const files = { database: 'moat.db', folder: 'moat-report' };
const show = (columns: number, result = sampleResult()): readonly string[] =>
  renderResult(result, files, { columns, paint: plainPaint });
const widest = (lines: readonly string[]): number => Math.max(...lines.map((line) => stringWidth(line)));

describe.each([40, 80, 200])('at %i columns', (columns) => {
  test('no line is wider than the terminal', () => {
    expect(widest(show(columns))).toBeLessThanOrEqual(columns);
  });

  test('headline, verdicts, recommendation, flags and files are all there', () => {
    const text = show(columns).join(' ').replaceAll(/\s+/g, ' ');
    expect(text).toContain('2 000 queries steal 0.82 [0.78, 0.86] of this encoder');
    expect(text).toContain('No attack broke it, and the adaptive attack did not run.');
    expect(text).toContain('Not faced: repeat-averaging.');
    expect(text).toContain('No defense can be recommended on this evidence.');
    expect(text).toContain('One cell has a single seed.');
    expect(text).toContain('The encoder can be copied for $0.20');
    expect(text).toContain('moat.db');
  });

  test('a cell without a number says why, and never reads as a pass', () => {
    const text = show(columns).join(' ').replaceAll(/\s+/g, ' ');
    expect(text).toMatch(/failed.*The loss became not finite at epoch 3\./);
    expect(text).toMatch(/not applicable.*No backbone is given\./);
    expect(text).toContain('1/3 seeds');
  });

  test('long names, wide characters and escape sequences stay inside', () => {
    const name = `\u001b[31mmodel-${'x'.repeat(300)}🦊🦊🦊\u0007\u202e名前.onnx`;
    const result = sampleResult({
      encoder: { ...sampleResult().encoder, path: name },
      verdicts: [
        sampleVerdict({ defense: `${'very-long-id:'.repeat(12)}🦊`, reason: `${name}\nsecond line` }),
      ],
      matrix: [sampleCell({ defense: name, task: `名前${'課'.repeat(50)}` })],
    });
    const lines = show(columns, result);
    expect(widest(lines)).toBeLessThanOrEqual(columns);
    // oxlint-disable-next-line no-control-regex
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u202e]/);
    expect(lines.join('')).toContain('名前.onnx');
  });
});

test('what a defense charges is told apart from the rest of the bill', () => {
  const sample = sampleResult();
  const [none, noise] = sample.theft.costs;
  if (none === undefined || noise === undefined) throw new Error('the sample has no costs');
  const paid = { ...noise, dollars: 13, hours: 3.5, charged: { dollars: 12.5, hours: 3 } };
  const text = show(200, { ...sample, theft: { ...sample.theft, costs: [none, paid] } }).join(' ');
  expect(text.replaceAll(/\s+/g, ' ')).toContain(`Of that, ${noise.defense} charges $12.5`);
  expect(text.replaceAll(/\s+/g, ' ')).toMatch(/and 3 h.{0,8} of work\./);
  expect(show(200, sample).join(' ')).not.toContain('Of that');
});

test('adversarial examples: success, its control and the difference for each copy that has them', () => {
  const fidelity = {
    ...sampleCell().fidelity,
    transfer: [0.05, 0.1].map((epsilon) => ({
      epsilon,
      success: sampleEstimate(epsilon + 0.5),
      random: sampleEstimate(0.1),
      excess: sampleEstimate(epsilon + 0.4),
      victimAccuracy: null,
    })),
  };
  const text = show(120, sampleResult({ matrix: [sampleCell({ fidelity })] })).join('\n');
  expect(text).toContain('Adversarial examples');
  expect(text).toMatch(/direct-extraction +0\.60 \[.*\] +0\.10 \[.*\] +0\.50/);
  expect(show(120).join('\n')).not.toContain('Adversarial examples');
});

test('ownership: a line for each copy with the test it stands out in most, and why nothing can be claimed', () => {
  const row = {
    attack: 'direct-extraction',
    defense: 'none',
    budget: 2000,
    accounts: 1,
    victim: 1,
    independent: { encoders: 20, mean: 0.3, deviation: 0.05, largest: 0.4 },
    seeds: 3,
    p: 0.048,
    claimedSeeds: 3,
    claimed: true,
    falseClaimBound: 0.139,
  };
  const ownership = {
    rule: { level: 0.05, leastEffect: 3 },
    independent: { encoders: 20, zoo: 20, untrained: 0 },
    reason: null,
    rows: [
      { ...row, test: 'similarity-fingerprint', value: sampleEstimate(0.9), effect: 8 },
      { ...row, test: 'rank-signature', value: sampleEstimate(0.99), effect: 2 },
      { ...row, test: null, value: null, effect: 6.5 },
    ],
  };
  const text = show(120, sampleResult({ ownership })).join('\n');
  expect(text).toMatch(/direct-extraction +cka +0\.90 +8\.0 +6\.5 +0\.048 +<= 14 % +3 of 3/);
  const few = {
    ...ownership,
    reason: 'Four are too few.',
    rows: ownership.rows.map((each) => ({
      ...each,
      p: null,
      claimedSeeds: null,
      claimed: null,
      falseClaimBound: null,
    })),
  };
  const lines = show(80, sampleResult({ ownership: few }));
  expect(lines.join(' ').replaceAll(/\s+/g, ' ')).toContain('No claim is possible: Four are too few.');
  expect(widest(lines)).toBeLessThanOrEqual(80);
  expect(show(120).join('\n')).not.toContain('ownership tests');
});

test('the matrix is a table where there is room and a list where there is none', () => {
  const row = /no defense +0\.82 \[0\.78, 0\.86\] +0\.70 \[0\.66, 0\.74\]/;
  expect(show(200).join('\n')).toMatch(row);
  expect(show(40).join('\n')).not.toMatch(row);
  expect(show(40)).toContain('  direct-extraction  0.82 [0.78, 0.86]');
});

test('the matrix shows the budget that defenses are judged at, not the smaller one', () => {
  const text = show(200).join('\n');
  expect(text).toContain('with 2 000 queries');
  expect(text).not.toContain('0.51 [0.47, 0.55]');
});

test('an attack that the defense must face is marked, and the mark explained', () => {
  const text = show(200).join('\n');
  expect(text).toContain('*0.44 [0.40, 0.48]');
  expect(text).toContain('* the defense must face this attack before it can pass');
});

test('an estimate without an interval says so instead of looking exact', () => {
  expect(show(200).join('\n')).toContain('0.33 (1/3 seeds, no interval)');
});

test('an audit that was stopped ends with the command that goes on', () => {
  expect(show(80, sampleResult({ state: 'cancelled' })).at(-1)).toContain('moat resume 1a2b3c4d');
});

test('a preset that cannot pass says so at the end', () => {
  expect(show(200).at(-1)).toContain('Preset quick can fail a defense, never clear one');
});

test('detectors: thieves and honest accounts in rows, rates that cannot be told say so, errors on single rows below', () => {
  const lines = show(200);
  const row = (text: string) => lines.find((line) => line.includes(text)) ?? '';
  expect(row('thief two-view')).toMatch(
    /10 +0\.63 \[0\.33, 0\.93\] +0\.91 \[0\.83, 0\.99\] +not estimable +134/,
  );
  expect(row('honest re-indexing')).toMatch(/16 +0\.75 \[0\.55, 0\.95\]/);
  const text = lines.join(' ').replaceAll(/\s+/g, ' ');
  expect(text).toContain('29 honest ones cannot resolve a false positive rate below 3.4 %');
  expect(text).toContain('false positives 0.12 [0.10, 0.14], false negatives 0.35 [0.32, 0.38]');
  expect(show(120, sampleResult({ detection: [] })).join(' ')).not.toContain('Detectors');
});
