import { expect, test } from 'vitest';
import { measureWatched } from './watched-accounts.ts';

const values = (...accounts: Parameters<typeof measureWatched>[0]): Record<string, number> =>
  Object.fromEntries(measureWatched(accounts).map(({ metric, value }) => [metric, value]));

const quiet = { detection: undefined, charges: undefined, isOpen: true };

test('a defense that neither watches nor charges nor refuses adds nothing', () => {
  expect(values({ account: 0, ...quiet })).toEqual({});
  expect(values()).toEqual({});
});

test('the earliest alarm of any account counts, as queries sent', () => {
  expect(
    values(
      { account: 0, ...quiet, detection: { score: 0.4, alarmAtRow: 199 } },
      { account: 1, ...quiet, detection: { score: 0.6, alarmAtRow: 99 } },
      { account: 2, ...quiet, detection: { score: 0.1, alarmAtRow: null } },
    ),
  ).toEqual({ 'accounts-alarmed': 2, 'queries-until-alarm': 100 });
  expect(values({ account: 0, ...quiet, detection: { score: 0, alarmAtRow: null } })).toEqual({
    'accounts-alarmed': 0,
  });
});

test('prices add up over accounts, refusals are counted', () => {
  expect(
    values(
      { account: 0, ...quiet, isOpen: false, charges: { seconds: 2, dollars: 1 } },
      { account: 1, ...quiet, charges: { seconds: 3, dollars: 0.5 } },
    ),
  ).toEqual({ 'accounts-refused': 1, 'defense-seconds': 5, 'defense-dollars': 1.5 });
});
