import { expect, test } from 'vitest';
import { scheduleIds } from '../contract/method.ts';
import { findSchedule, schedules } from './registry.ts';
import { warmedUpRate } from './warm-up.ts';

const STEPS_PER_EPOCH = 35;
const EPOCHS = 100;

/** The rate at the first step of an epoch, for a peak of 1. */
const atEpoch = (id: string, epoch: number): number =>
  findSchedule(id).rate(1, { step: epoch * STEPS_PER_EPOCH, stepsPerEpoch: STEPS_PER_EPOCH, epochs: EPOCHS });

test('the registry has every schedule that settings may name', () => {
  expect(schedules.map(({ id }) => id)).toEqual([...scheduleIds]);
  expect(() => findSchedule('exponential')).toThrow(/cosine, constant, step-decay, late-cosine/);
});

test.each(scheduleIds)('%s starts at the peak and never leaves [0, peak]', (id) => {
  expect(atEpoch(id, 0)).toBe(1);
  for (let step = 0; step < STEPS_PER_EPOCH * EPOCHS; step++) {
    const rate = findSchedule(id).rate(1, { step, stepsPerEpoch: STEPS_PER_EPOCH, epochs: EPOCHS });
    expect(rate).toBeGreaterThanOrEqual(0);
    expect(rate).toBeLessThanOrEqual(1);
  }
});

test('cosine has half of the peak half way and ends near 0', () => {
  expect(atEpoch('cosine', 50)).toBeCloseTo(0.5, 12);
  expect(atEpoch('cosine', 99)).toBeLessThan(0.001);
});

test('constant stays, step decay falls to a tenth at half and at three quarters of the epochs', () => {
  expect(atEpoch('constant', 99)).toBe(1);
  const rates = [49, 50, 74, 75, 99].map((epoch) => atEpoch('step-decay', epoch));
  expect(rates.map((rate) => Number(rate.toFixed(12)))).toEqual([1, 0.1, 0.1, 0.01, 0.01]);
});

test('the paper’s schedule is full until epoch 10, 0 in epoch 45 and back at its peak in epoch 80', () => {
  // Specification 2.1 for 35 batches per epoch.
  expect(atEpoch('late-cosine', 10)).toBe(1);
  expect(atEpoch('late-cosine', 11)).toBeLessThan(1);
  expect(atEpoch('late-cosine', 45)).toBeCloseTo(0, 12);
  expect(atEpoch('late-cosine', 80)).toBeCloseTo(1, 12);
});

test('a warm-up rises to the peak in equal steps, then the whole schedule fits into the rest', () => {
  const rate = (step: number): number =>
    warmedUpRate(findSchedule('cosine'), 0.4, { step, stepsPerEpoch: 4, epochs: 6 }, 2);
  expect([0, 1, 6, 7].map((step) => Number(rate(step).toFixed(12)))).toEqual([0.05, 0.1, 0.35, 0.4]);
  expect(rate(8)).toBe(0.4);
  expect(rate(16)).toBeCloseTo(0.2, 12);
  expect(rate(23)).toBeLessThan(0.01);
});

test('without warm-up the rate is the schedule’s own to the last bit', () => {
  for (let step = 0; step < 24; step++) {
    const position = { step, stepsPerEpoch: 4, epochs: 6 };
    expect(warmedUpRate(findSchedule('cosine'), 1e-3, position, 0)).toBe(
      findSchedule('cosine').rate(1e-3, position),
    );
  }
});
