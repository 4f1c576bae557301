import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { matrix } from '../contract/data.ts';
import type { DefenseSession } from '../contract/method.ts';
import { createRng } from '../rng.ts';
import { calibrateChain, openChainSession, parseChain } from './chain.ts';

function sessionOf(text: string, account = 0): DefenseSession {
  const chain = parseChain(text);
  const sample = matrix(
    Float32Array.from({ length: 40 }, (_, i) => i),
    20,
    2,
  );
  return openChainSession(chain, calibrateChain(chain, sample, createRng(1)), account, createRng(1));
}

function send(session: DefenseSession, rows: number): number {
  const batch = matrix(new Float32Array(rows * 2).fill(1), rows, 2);
  return session.reply(
    batch,
    Array.from({ length: rows }, (_, i) => `${i}`),
  ).rows;
}

test('whatever the sizes of the requests, an account gets its rows and no more', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 30 })),
      fc.integer({ min: 0, max: 100 }),
      (sizes, rows) => {
        const session = sessionOf(`quota:rows=${rows}`);
        const answered = sizes.reduce((sum, size) => sum + send(session, size), 0);
        expect(answered).toBe(
          Math.min(
            rows,
            sizes.reduce((sum, size) => sum + size, 0),
          ),
        );
      },
    ),
    { numRuns: 50 },
  );
});

test('every account has a quota and a price of its own', () => {
  const [first, second] = [
    sessionOf('quota:rows=10:pricePerAccount=3'),
    sessionOf('quota:rows=10:pricePerAccount=3', 1),
  ];
  expect([send(first, 15), send(first, 1), send(second, 15)]).toEqual([10, 0, 10]);
  expect(first.charges?.()).toEqual({ seconds: 0, dollars: 3 });
});

test('stages behind a quota smaller than the calibration data are still calibrated', () => {
  expect(send(sessionOf('quota:rows=5+gaussian-noise'), 8)).toBe(5);
});
