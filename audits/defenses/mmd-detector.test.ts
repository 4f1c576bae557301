import { describe, expect, test } from 'vitest';
import { type Matrix, matrix } from '../contract/data.ts';
import type { DefenseSession } from '../contract/method.ts';
import { createRng } from '../rng.ts';
import { calibrateChain, openChainSession, parseChain } from './chain.ts';

const columns = 16;

function rowsAround(center: number, rows: number, seed: string): Matrix {
  const rng = createRng(seed);
  return matrix(
    Float32Array.from({ length: rows * columns }, () => center + rng.normal()),
    rows,
    columns,
  );
}

const provider = rowsAround(0, 600, 'provider');
const names = (rows: number): string[] => Array.from({ length: rows }, (_, row) => `${row}`);

const calibrations = new Map<string, ReturnType<typeof calibrateChain>>();

function sessionOf(settings: string, sample = provider): DefenseSession {
  const chain = parseChain(`mmd-detector${settings}`);
  const key = `${settings} ${sample.rows}`;
  const calibration = calibrations.get(key) ?? calibrateChain(chain, sample, createRng(4));
  calibrations.set(key, calibration);
  return openChainSession(chain, calibration, 0, createRng(4));
}

function alarm(settings: string, stream: Matrix, sample = provider): number | null | undefined {
  const session = sessionOf(settings, sample);
  session.reply(stream, names(stream.rows));
  return session.detection?.().alarmAtRow;
}

describe.each(['energy', 'mmd'])('%s', (statistic) => {
  const settings = `:statistic=${statistic}:window=50`;

  test('queries from elsewhere raise the alarm as soon as a window is full', () => {
    expect(alarm(settings, rowsAround(1, 120, 'thief'))).toBe(49);
    expect(alarm(settings, rowsAround(1, 49, 'thief'))).toBeNull();
  });

  test('the share of honest windows above the threshold is about the one asked for', () => {
    const alarms = Array.from({ length: 150 }, (_, i) =>
      alarm(`${settings}:falsePositiveRate=0.2`, rowsAround(0, 50, `customer ${i}`)),
    ).filter((row) => row !== null).length;
    // Binomial of 150 (standard error 0.033) around a threshold which itself comes from 344 rows of the provider.
    expect(Math.abs(alarms / 150 - 0.2)).toBeLessThan(0.17);
  });

  test('a window that begins honest and turns is caught later, by the rows that turned', () => {
    const honest = rowsAround(0, 100, 'customer');
    const stolen = rowsAround(1.5, 100, 'thief');
    const both = matrix(Float32Array.from([...honest.data, ...stolen.data]), 200, columns);
    const row = alarm(settings, both) ?? 0;
    expect(row).toBeGreaterThanOrEqual(100);
    expect(row).toBeLessThan(150);
  });
});

test('refuse answers what came before the alarm', () => {
  const session = sessionOf(':window=50:action=refuse');
  expect(session.reply(rowsAround(1, 120, 'thief'), names(120)).rows).toBe(49);
  expect(session.reply(rowsAround(0, 10, 'later'), names(10)).rows).toBe(0);
});

test('a score of 1 is the threshold', () => {
  const session = sessionOf(':window=50');
  session.reply(rowsAround(1, 120, 'thief'), names(120));
  expect(session.detection?.().score).toBeGreaterThan(1);
});

test('a provider with less data than a window raises no alarm', () => {
  expect(alarm(':window=50', rowsAround(5, 120, 'thief'), rowsAround(0, 40, 'provider'))).toBeNull();
});
