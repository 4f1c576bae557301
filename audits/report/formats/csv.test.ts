import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Estimate } from '../../contract/result.ts';
import {
  sampleCell,
  sampleDetector,
  sampleEstimate,
  sampleOwnership,
  sampleResult,
  sampleVerdict,
} from '../result.sample.ts';
import { csv, guardFormula, unguardFormula, type csvColumns } from './csv.ts';
import { metricRows } from './metric-rows.ts';

const context = { profile: 'engineer', writtenAt: '2026-01-03T00:00:00.000Z', moatVersion: '0.1.0' } as const;
type Row = Readonly<Record<(typeof csvColumns)[number], string>>;

async function rowsOf(result: Parameters<typeof csv.render>[0]): Promise<readonly Row[]> {
  const rows: Row[] = parse(await csv.render(result, context), { columns: true, relax_column_count: false });
  return rows;
}

const numberOrNull = (text: string | undefined): number | null => (text === '' ? null : Number(text));

test('every number comes back as it was, with its interval, unit and evidence', async () => {
  const result = sampleResult();
  const read = (await rowsOf(result)).map((row) => ({
    metric: row.metric,
    defense: row.defense,
    estimate:
      row.value === ''
        ? null
        : {
            value: Number(row.value),
            low: numberOrNull(row.low),
            high: numberOrNull(row.high),
            unit: row.unit,
            seeds: Number(row.seeds),
            items: Number(row.n),
            method: row.interval,
          },
  }));
  expect(read).toEqual(
    metricRows(result).map(({ metric, defense, estimate }) => ({ metric, defense: defense ?? '', estimate })),
  );
});

test('every number of a cell has a row', async () => {
  const cell = sampleCell({ gains: [] });
  const numbers = [...Object.values(cell), ...Object.values(cell.fidelity)].filter(
    (value) => typeof value === 'object' && value !== null && 'value' in value,
  );
  const rows = (
    await rowsOf(sampleResult({ matrix: [cell], detection: [], baselines: [], verdicts: [] }))
  ).filter(({ kind }) => kind === 'attack');
  // Queries, different images and time besides.
  expect(rows).toHaveLength(numbers.length + 3);
});

test('numbers that stand deeper in a result have rows too', async () => {
  let next = 0.001;
  const estimate = (): Estimate => sampleEstimate((next += 0.001));
  const point = { epsilon: 0.1, success: estimate(), random: estimate(), excess: estimate() };
  const transfer = [{ ...point, victimAccuracy: estimate() }];
  const cell = sampleCell({ fidelity: { ...sampleCell().fidelity, transfer } });
  const [attack] = sampleDetector().attacks;
  if (attack === undefined) throw new Error('the sample has a thief');
  const stolenGainAtAlarm = { stolenGain: estimate(), relation: 'at' } as const;
  const detector = {
    ...sampleDetector(),
    attacks: [{ ...attack, stolenGainAtAlarm }],
    nearDuplicates: {
      falsePositives: { rate: estimate(), deviation: 0 },
      falseNegatives: { rate: estimate(), deviation: 0 },
    },
  };
  const rows = await rowsOf(sampleResult({ matrix: [cell], detection: [detector] }));
  const written = new Set(rows.map(({ value }) => value));
  for (const { value } of [
    ...Object.values(point).filter((entry) => typeof entry === 'object'),
    ...transfer.map(({ victimAccuracy }) => victimAccuracy),
    stolenGainAtAlarm.stolenGain,
    detector.nearDuplicates.falsePositives.rate,
    detector.nearDuplicates.falseNegatives.rate,
  ])
    expect(written).toContain(String(value));
});

test('every ownership test of a copy has its rows, and one without a claim says why', async () => {
  const ownership = sampleOwnership();
  const rows = (await rowsOf(sampleResult({ ownership }))).filter(({ kind }) => kind === 'ownership');
  const claims = rows.filter(({ metric }) => metric === 'ownership-claimed');
  expect(claims.map(({ user, value }) => [user, value])).toEqual([
    ['similarity-fingerprint', '1'],
    ['rank-signature', '0'],
    ['all tests', '1'],
    ['similarity-fingerprint', String(1 / 3)],
  ]);
  const score = rows.find(({ metric, user }) => metric === 'ownership-score' && user === 'rank-signature');
  expect(score).toMatchObject({ value: '0.99', low: '', attack: 'direct-extraction', seeds: '3' });
  expect(score?.cells).toBe('k1 k2 k3');
  const few = sampleOwnership({
    reason: 'Four are too few.',
    rows: ownership.rows.map((row) => ({ ...row, claimed: null, claimedSeeds: null, p: null })),
  });
  const unclaimed = (await rowsOf(sampleResult({ ownership: few }))).filter(
    ({ metric }) => metric === 'ownership-claimed',
  );
  expect(unclaimed).toHaveLength(4);
  for (const { value, reason } of unclaimed) expect([value, reason]).toEqual(['', 'Four are too few.']);
});

test('a cell without a number has one row that says why, and flags stand beside what they weaken', async () => {
  const rows = await rowsOf(sampleResult());
  const failed = rows.filter(({ kind, state }) => kind === 'attack' && state === 'failed');
  expect(failed.map(({ metric, value, error_code: code }) => [metric, value, code])).toContainEqual([
    'stolen-gain',
    '',
    'training-diverged',
  ]);
  for (const row of rows.filter(({ kind }) => kind === 'attack'))
    expect(row.flags).toBe(row.defense === 'none' ? 'too-few-repeats' : '');
  expect(rows.find(({ kind, defense }) => kind === 'defense' && defense !== 'none')?.state).toBe(
    'not-measured',
  );
});

test('names with commas, quotes, lines and formulas are text and come back', async () => {
  const names = [
    'a,b',
    'say "yes"',
    'two\r\nlines',
    '=1+1',
    '@SUM(A1)',
    '+1',
    '-1',
    '\t=1',
    "'=1",
    '＝1',
    'שלום\u202e',
    '<script>',
  ];
  const result = sampleResult({ verdicts: names.map((defense) => sampleVerdict({ defense, honest: [] })) });
  const text = String(await csv.render(result, context));
  expect(text).toMatch(/^audit,kind,.*,cells\r\n/);
  const cells: string[][] = parse(text);
  for (const cell of cells.flat()) expect(cell).not.toMatch(/^[=+@\t\r＝＋－＠]|^-(?![\d.])/u);
  const defenses = (await rowsOf(result)).filter(({ metric }) => metric === 'worst-stolen-gain');
  expect(defenses.map(({ defense }) => unguardFormula(defense))).toEqual(names);
});

test('guarding can always be taken back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(unguardFormula(guardFormula(text))).toBe(text);
    }),
  );
});
