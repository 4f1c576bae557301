import type { Measurement, Unit } from '../contract/cell.ts';
import type { WatchedAccount } from '../oracle.ts';

/**
 * What the service made of an attack: accounts it refused, alarms, and what the accounts paid beyond the price per query.
 * Only what the defense can say: no alarms without a detector, no prices without a charge.
 * @returns over all accounts `accounts-refused`; of detectors `accounts-alarmed` and, where there was an alarm,
 * `queries-until-alarm` (rows an account had sent when it was raised, the fewest of any account); of defenses with a price
 * `defense-seconds` and `defense-dollars`
 */
export function measureWatched(watched: readonly WatchedAccount[]): readonly Measurement[] {
  if (watched.length === 0) return [];
  const of = (metric: string, value: number, unit: Unit, n: number): Measurement => ({
    metric,
    task: null,
    value,
    unit,
    n,
  });
  const detections = watched.flatMap(({ detection }) => detection ?? []);
  const alarms = detections.flatMap(({ alarmAtRow }) => alarmAtRow ?? []);
  const charges = watched.flatMap(({ charges: paid }) => paid ?? []);
  const refused = watched.filter(({ isOpen }) => !isOpen).length;
  return [
    ...(refused === 0 ? [] : [of('accounts-refused', refused, 'count', watched.length)]),
    ...(detections.length === 0 ? [] : [of('accounts-alarmed', alarms.length, 'count', detections.length)]),
    ...(alarms.length === 0
      ? []
      : [of('queries-until-alarm', Math.min(...alarms) + 1, 'count', alarms.length)]),
    ...(charges.length === 0
      ? []
      : [
          of('defense-seconds', sum(charges.map(({ seconds }) => seconds)), 'seconds', charges.length),
          of('defense-dollars', sum(charges.map(({ dollars }) => dollars)), 'dollars', charges.length),
        ]),
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
