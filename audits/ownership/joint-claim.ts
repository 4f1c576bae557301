import { compareWithNull, type NullComparison } from './null-distribution.ts';

/**
 * One claim from several tests, or several keys of one: the largest effect over them, compared with the largest effect of every
 * independent encoder (Westfall and Young 1993). The encoders pay for the multiplicity as the suspect does, so p is exact
 * however the tests depend on each other, and its floor stays `1 / (m + 1)` where Holm's correction multiplies it by their number.
 */
export interface JointClaim {
  readonly comparison: NullComparison;
  /** Tests that entered, by name. */
  readonly tests: readonly string[];
  /** The test in which the suspect stands out most. */
  readonly strongest: string;
}

export interface ScoredTest {
  readonly name: string;
  readonly suspect: number;
  readonly independent: readonly number[];
}

/**
 * Effects are taken in the suspect's place: of each encoder against all others and the suspect, which treats all alike.
 * @returns undefined without a test that every encoder has a value for, or with fewer than three encoders
 */
export function jointClaim(tests: readonly ScoredTest[]): JointClaim | undefined {
  const encoders = tests[0]?.independent.length ?? 0;
  const scored = tests.flatMap((test) => {
    if (test.independent.length !== encoders) return [];
    const effects = effectsOfAll([test.suspect, ...test.independent]);
    return effects === undefined ? [] : [{ name: test.name, effects }];
  });
  const [first] = scored;
  if (first === undefined) return undefined;
  const largest = first.effects.map((_, encoder) =>
    Math.max(...scored.map(({ effects }) => effects[encoder] ?? 0)),
  );
  const strongest = scored.reduce((best, each) =>
    (each.effects[0] ?? 0) > (best.effects[0] ?? 0) ? each : best,
  );
  return {
    comparison: compareWithNull(largest[0] ?? 0, largest.slice(1)),
    tests: scored.map(({ name }) => name),
    strongest: strongest.name,
  };
}

/** Each value's effect against all others; undefined where one cannot be given. */
function effectsOfAll(values: readonly number[]): readonly number[] | undefined {
  if (values.length < 4) return undefined;
  const effects = values.map(
    (value, i) =>
      compareWithNull(
        value,
        values.filter((_, other) => other !== i),
      ).effect,
  );
  return effects.every((effect) => effect !== null) ? effects : undefined;
}
