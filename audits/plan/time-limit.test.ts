import { expect, test } from 'vitest';
import type { AuditConfig } from '../contract/audit.ts';
import { completeAttack } from '../attacks/resolve.ts';
import { parseChain } from '../defenses/chain.ts';
import { exampleConfig, examplePreparation } from '../store/fixtures/example.ts';
import { planCells } from './cells.ts';
import { summarizePlan } from './summary.ts';
import { byInformation, informationOf, leftOut, notRunReason } from './time-limit.ts';

const config: AuditConfig = {
  ...exampleConfig,
  attacks: [
    completeAttack({ id: 'no-victim', config: {} }),
    completeAttack({ id: 'direct-extraction', config: {} }),
    completeAttack({ id: 'backbone-stitching', config: {} }),
  ],
  defenses: [[], parseChain('gaussian-noise')],
  budgets: [200, 500],
  accounts: [1],
  seeds: 3,
};
const cells = planCells(config, examplePreparation.inputs);
const ordered = byInformation(cells, config);
const limit = (timeLimitMs: number): Parameters<typeof leftOut>[1] => ({ timeLimitMs, workers: 2 });

test('first what nothing can be judged without, then mandatory cells three seeds at a time, then other budgets', () => {
  const spelled = ordered.map(({ work, attackLabel, defenseLabel }) =>
    [attackLabel ?? work.kind, defenseLabel ?? '', work.kind === 'attack' ? work.budget : '', work.seed].join(
      ' ',
    ),
  );
  expect(spelled[0]).toBe('victim   0');
  expect(spelled.slice(1, 4)).toEqual([0, 1, 2].map((seed) => `no-victim none 0 ${seed}`));
  const place = (text: string): number => spelled.indexOf(text);
  // Three seeds of an attack together: fewer are no interval. The bare service first, to compare with.
  expect(place('direct-extraction none 500 2')).toBe(place('direct-extraction none 500 0') + 2);
  expect(place('direct-extraction none 500 2')).toBeLessThan(place('repeat-averaging gaussian-noise 500 0'));
  // Mandatory attacks before those nobody demands, and these before any smaller budget.
  expect(place('repeat-averaging gaussian-noise 500 2')).toBeLessThan(
    place('backbone-stitching gaussian-noise 500 0'),
  );
  expect(place('backbone-stitching gaussian-noise 500 2')).toBeLessThan(
    place('direct-extraction none 200 0'),
  );
  expect(new Set(ordered)).toEqual(new Set(cells));
});

test('the variance of a mean over seeds is what the information of its seeds has taken off', () => {
  // 1 for the first, and 1/n left of the variance after n: what was taken off from the second on is 1 - 1/n.
  const taken = [1, 2, 3, 4].reduce((sum, seed) => sum + informationOf(seed), 0);
  expect(taken).toBeCloseTo(1 - 1 / 5, 12);
  expect(informationOf(0)).toBe(1);
});

test('what is kept ends in time on the workers at hand, and more time never keeps less of the order’s beginning', () => {
  let before = 0;
  for (const timeLimitMs of [1000, 10_000, 100_000, 1e9]) {
    const dropped = leftOut(ordered, limit(timeLimitMs));
    const kept = ordered.filter(({ key }) => !dropped.has(key));
    const total = kept.reduce((sum, { estimatedMs }) => sum + estimatedMs, 0);
    expect(total).toBeLessThanOrEqual(2 * timeLimitMs);
    expect(kept.length).toBeGreaterThanOrEqual(before);
    before = kept.length;
  }
  expect(before).toBe(cells.length);
});

test('preparing, judging, ownership tests and adversarial examples take their part of the limit', () => {
  const limited = { ...config, workers: 2, timeLimitMs: 600_000 };
  const further = { ...limited, fidelity: ['transfer'] as const };
  const ownership = { private: 'own', public: 'others', independent: [] };
  const { inputs } = examplePreparation;
  const kept = (asked: AuditConfig, tested = inputs, preparationMs = 0): number => {
    const summary = summarizePlan(asked, planCells(asked, tested), { preparationMs });
    // Workers that are free at different times leave some of theirs unused, and never take more.
    expect(summary.estimatedMs).toBeLessThanOrEqual(600_000);
    return summary.cells;
  };
  const all = kept(limited);
  expect(all).toBe(cells.filter(({ state }) => state === 'pending').length);
  expect(kept(limited, inputs, 590_000)).toBeLessThan(all);
  const late = summarizePlan(limited, planCells(limited, inputs), { preparationMs: 700_000 });
  expect(late.cells).toBe(0);
  const slow = { ...limited, timeLimitMs: 60_000 };
  const inAMinute = (asked: AuditConfig, tested = inputs): number =>
    summarizePlan(asked, planCells(asked, tested)).cells;
  expect(inAMinute({ ...slow, fidelity: further.fidelity })).toBeLessThan(inAMinute(slow));
  expect(inAMinute(slow, { ...inputs, ownership })).toBeLessThan(inAMinute(slow));
});

test('a control that trains waits for the undefended attacks; cheap controls do not', () => {
  const attacks = [...config.attacks, completeAttack({ id: 'no-victim', config: { variant: 'own-ssl' } })];
  const wide = { ...config, attacks };
  const labels = byInformation(planCells(wide, examplePreparation.inputs), wide).map(
    ({ attackLabel }) => attackLabel,
  );
  expect(labels.indexOf('no-victim')).toBeLessThan(labels.indexOf('direct-extraction'));
  expect(labels.indexOf('direct-extraction')).toBeLessThan(labels.indexOf('no-victim:variant=own-ssl'));
});

test.each([
  [45_000, '45 seconds'],
  [90_000, '90 seconds'],
  [60_000, '1 minute'],
  [1_800_000, '30 minutes'],
  [3_600_000, '1 hour'],
  [5_400_000, '90 minutes'],
  [21_600_000, '6 hours'],
])('a limit of %i ms is named as it was given: %s', (timeLimitMs, spelled) => {
  expect(notRunReason(timeLimitMs)).toBe(`There was no time left for it within the limit of ${spelled}.`);
});
