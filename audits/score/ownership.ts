import type { CellKey, Measurement, Unit } from '../contract/cell.ts';
import type { OwnershipEvaluation, OwnershipRow } from '../contract/result.ts';
import { testOfMetric } from '../ownership/audit-tests.ts';
import { claimsAtSuspect, falseClaimRate } from '../ownership/false-claim-rate.ts';
import { jointClaim } from '../ownership/joint-claim.ts';
import {
  compareWithNull,
  defaultRule,
  isClaimed,
  type NullComparison,
} from '../ownership/null-distribution.ts';
import { encoderIdentity } from '../plan/key.ts';
import type { CellRow } from '../store/types.ts';
import type { Evidence } from './evidence.ts';
import type { AttackGroup } from './groups.ts';
import { toEstimate } from './intervals.ts';
import { unbounded } from './quantities.ts';

/**
 * Could the owner tell the copies of this audit? Every copy is one suspect, judged against the encoders that are known to be
 * independent of the victim. Of the copies of several seeds the one that speaks least for theft counts.
 */

/** Fewer have no deviation; untrained networks then stand in, and nothing is claimed. */
const FEWEST_TRAINED = 3;

/** @returns undefined where no ownership tests were made */
export function evaluateOwnership(evidence: Evidence): OwnershipEvaluation | undefined {
  if (evidence.config.ownership === undefined) return undefined;
  const { trained, untrained, zoo } = independentEncoders(evidence);
  const usesUntrained = trained.length < FEWEST_TRAINED;
  const chosen = usesUntrained ? [...trained, ...untrained] : trained;
  const rule = defaultRule;
  const needed = Math.ceil(1 / rule.level - 1e-9) - 1;
  const reason =
    trained.length >= needed
      ? null
      : `${trained.length} trained independent encoders: at least ${needed} are needed before anything can be claimed at ${rule.level} (--zoo).${usesUntrained && untrained.length > 0 ? ' Effects are against untrained networks, which any trained encoder stands out from.' : ''}`;
  const read = (cell: CellRow): Readings => readingsOf(evidence.measurements, cell.key);
  const independent = chosen.map(read);
  const [victim] = evidence.groups.victim.map(read);
  return {
    rule: { ...rule },
    independent: {
      encoders: chosen.length,
      zoo,
      untrained: usesUntrained ? untrained.length : 0,
    },
    reason,
    rows: evidence.groups.attacks.flatMap((group) =>
      rowsOf(evidence, group, {
        suspects: group.done.map(read),
        independent,
        victim,
        canClaim: reason === null,
      }),
    ),
  };
}

type Readings = ReadonlyMap<string, { readonly value: number; readonly unit: Unit; readonly metric: string }>;

function readingsOf(measurements: ReadonlyMap<CellKey, readonly Measurement[]>, key: CellKey): Readings {
  return new Map(
    (measurements.get(key) ?? []).flatMap(({ metric, value, unit }) => {
      const test = testOfMetric(metric);
      return test === undefined ? [] : [[test, { value, unit, metric }] as const];
    }),
  );
}

/** Cells of encoders that do not come from the victim, each encoder once. */
function independentEncoders({ groups, facts, preparation }: Evidence): {
  readonly trained: readonly CellRow[];
  readonly untrained: readonly CellRow[];
  readonly zoo: number;
} {
  const victimIsPublic = preparation.inputs.backbone === encoderIdentity(preparation.encoder);
  const controls = groups.controls.flatMap((group) => {
    if (!group.usesBackbone) return group.done.map((cell) => ({ group, cell }));
    // The public encoder is the same in every seed; it may even be the victim.
    return victimIsPublic ? [] : group.done.slice(0, 1).map((cell) => ({ group, cell }));
  });
  const of = (isUntrained: boolean): readonly CellRow[] =>
    controls.filter(({ group }) => facts.isUntrained(group.spec) === isUntrained).map(({ cell }) => cell);
  const zoo = groups.independent.filter(({ state }) => state === 'done');
  return { trained: [...zoo, ...of(false)], untrained: of(true), zoo: zoo.length };
}

interface Judged {
  /** One per seed. */
  readonly suspects: readonly Readings[];
  readonly independent: readonly Readings[];
  readonly victim: Readings | undefined;
  readonly canClaim: boolean;
}

function rowsOf(evidence: Evidence, group: AttackGroup, judged: Judged): readonly OwnershipRow[] {
  const { suspects, independent, victim, canClaim } = judged;
  const { attack, defense, budget, accounts } = group;
  const tests = [...new Set(suspects.flatMap((readings) => [...readings.keys()]))];
  const nullOf = (test: string): readonly number[] =>
    independent.flatMap((readings) => readings.get(test)?.value ?? []);
  const single = tests.flatMap((test): OwnershipRow[] => {
    const values = suspects.flatMap((readings) => readings.get(test) ?? []);
    const [first] = values;
    const measured = first === undefined ? undefined : evidence.measure(group, first.metric, null);
    if (first === undefined || measured === undefined) return [];
    const others = nullOf(test);
    const compared = others.length === 0 ? [] : values.map(({ value }) => compareWithNull(value, others));
    return [
      {
        attack,
        defense,
        budget,
        accounts,
        test,
        value: toEstimate(measured, unbounded(first.unit)),
        victim: victim?.get(test)?.value ?? null,
        seeds: values.length,
        ...verdictOn(compared, canClaim),
        falseClaimBound: canClaim
          ? claimsAtSuspect(Math.min(...values.map(({ value }) => value)), others).upperBound
          : null,
      },
    ];
  });
  // Together only those that every independent encoder took part in.
  const whole = tests.filter((test) => nullOf(test).length === independent.length);
  const joint = suspects.flatMap((readings) => {
    const entries = whole.flatMap((test) => {
      const suspect = readings.get(test)?.value;
      return suspect === undefined ? [] : [{ name: test, suspect, independent: nullOf(test) }];
    });
    return jointClaim(entries)?.comparison ?? [];
  });
  if (single.length === 0 || joint.length === 0) return single;
  const verdict = verdictOn(joint, canClaim);
  const reached = Math.max(...joint.map((comparison) => comparison.reached));
  return [
    ...single,
    {
      attack,
      defense,
      budget,
      accounts,
      test: null,
      value: null,
      victim: null,
      seeds: joint.length,
      ...verdict,
      falseClaimBound: canClaim ? falseClaimRate(reached, independent.length).upperBound : null,
    },
  ];
}

/** Of the seeds' copies the weakest: the largest p, the smallest effect. */
function verdictOn(
  compared: readonly NullComparison[],
  canClaim: boolean,
): Pick<OwnershipRow, 'independent' | 'effect' | 'p' | 'claimedSeeds' | 'claimed'> {
  const [first] = compared;
  if (first === undefined)
    return { independent: null, effect: null, p: null, claimedSeeds: null, claimed: null };
  const effects = compared.flatMap(({ effect }) => effect ?? []);
  const claimedSeeds = compared.filter((comparison) => isClaimed(comparison, defaultRule)).length;
  return {
    independent: {
      encoders: first.encoders,
      mean: first.mean,
      deviation: first.deviation,
      largest: first.largest,
    },
    effect: effects.length === compared.length ? Math.min(...effects) : null,
    p: canClaim ? Math.max(...compared.map(({ p }) => p)) : null,
    claimedSeeds: canClaim ? claimedSeeds : null,
    claimed: canClaim ? claimedSeeds === compared.length : null,
  };
}
