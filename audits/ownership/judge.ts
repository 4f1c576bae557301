import { completeSpec, parseChain, spellSpec } from '../contract/configuration.ts';
import { MoatError } from '../contract/errors.ts';
import type { MethodSpec } from '../contract/method.ts';
import type {
  DisturbanceId,
  EncoderObservations,
  OwnershipContext,
  OwnershipEvidence,
  OwnershipFinding,
  OwnershipGap,
  OwnershipJudgement,
  OwnershipReading,
  OwnershipTestDefinition,
  WithinModel,
  WithinModelFigures,
} from '../contract/ownership.ts';
import { hedgesG } from '../statistics/effect-size.ts';
import { holmAdjusted } from '../statistics/holm.ts';
import { tTest, type TTest } from '../statistics/students-t.ts';
import { samplesForPower, tTestPower } from '../statistics/t-test-power.ts';
import { claimsAtSuspect, claimsLeftOut, claimsWithinModel } from './false-claim-rate.ts';
import { jointClaim } from './joint-claim.ts';
import {
  compareWithNull,
  encodersForPower,
  isClaimed,
  rankTestPower,
  type ClaimRule,
} from './null-distribution.ts';
import { ownershipRegistry } from './registry.ts';

/** Runs ownership tests on encoders, and says what may be claimed of a suspect. */

/** The power that "samples needed" and "encoders needed" stand for (Cohen 1988). */
const WANTED_POWER = 0.8;

/** Every test in each of its usual configs. */
export function usualTests(): readonly MethodSpec[] {
  return ownershipRegistry.all().flatMap((test) => test.runs.map((run) => completeSpec(test, run)));
}

/**
 * Reads `dataset-inference:variant=loss`; an id alone stands for all its usual configs.
 * @throws MoatError `method-unknown` or `configuration-invalid`, naming the choices
 */
export function parseOwnershipTests(text: string): readonly MethodSpec[] {
  return parseChain(text).flatMap(({ id, values }) => {
    const test = knownTest(id);
    return Object.keys(values).length > 0
      ? [completeSpec(test, values)]
      : usualTests().filter((spec) => spec.id === id);
  });
}

/** Disturbed copies that any of the tests looks at: nothing else needs to be embedded. */
export function neededDisturbances(tests: readonly MethodSpec[]): ReadonlySet<DisturbanceId> {
  return new Set(tests.flatMap(({ id, config }) => knownTest(id).disturbances?.(config) ?? []));
}

/** What one encoder scored in each test, or why it could not be measured; in the order of the tests. */
export type EncoderReadings = readonly (OwnershipReading | { readonly reason: string })[];

/**
 * Runs tests on one encoder: suspect, victim and independent ones alike. The readings of victim and independent encoders serve
 * every suspect.
 * @throws MoatError `cancelled`
 */
export async function readEncoder(
  context: OwnershipContext,
  encoder: EncoderObservations,
  tests: readonly MethodSpec[],
): Promise<EncoderReadings> {
  const readings: (OwnershipReading | { readonly reason: string })[] = [];
  for (const spec of tests) readings.push(await attempt(context, knownTest(spec.id), encoder, spec));
  return readings;
}

export interface JudgedReadings {
  readonly tests: readonly MethodSpec[];
  readonly suspect: EncoderReadings;
  readonly victim: EncoderReadings;
  /** Encoders known not to come from the victim: other seeds on the victim's own data included. */
  readonly independent: readonly { readonly name: string; readonly readings: EncoderReadings }[];
}

/** What may be claimed of a suspect. */
export function judgeReadings(
  { tests, suspect, victim, independent }: JudgedReadings,
  rule: ClaimRule,
): OwnershipJudgement {
  const measured: Measured[] = [];
  const notMeasured: OwnershipGap[] = [];
  for (const [i, spec] of tests.entries()) {
    const label = spellSpec(knownTest(spec.id), spec);
    const own = suspect[i];
    if (own === undefined) throw new RangeError(`${tests.length} tests and ${suspect.length} readings`);
    if ('reason' in own) {
      notMeasured.push({ id: spec.id, label, reason: own.reason });
      continue;
    }
    const ceiling = victim[i];
    measured.push({
      id: spec.id,
      label,
      reading: own,
      victim: ceiling === undefined || 'reason' in ceiling ? null : ceiling.statistic,
      independent: independent.flatMap(({ name, readings }) => {
        const reading = readings[i];
        return reading === undefined || 'reason' in reading ? [] : [{ name, reading }];
      }),
    });
  }
  const findings = findingsOf(measured, rule);
  return { rule, findings, notMeasured, joint: jointOf(measured, independent.length, rule) };
}

interface Measured {
  readonly id: string;
  readonly label: string;
  readonly reading: OwnershipReading;
  readonly victim: number | null;
  readonly independent: readonly { readonly name: string; readonly reading: OwnershipReading }[];
}

async function attempt(
  context: OwnershipContext,
  test: OwnershipTestDefinition,
  encoder: EncoderObservations,
  { config }: MethodSpec,
): Promise<OwnershipReading | { readonly reason: string }> {
  const reason = test.notApplicable?.(config, context.victim, encoder);
  if (reason !== undefined) return { reason };
  try {
    return await test.measure(context, encoder, config);
  } catch (error) {
    if (error instanceof MoatError && error.code === 'not-applicable') return { reason: error.message };
    throw error;
  }
}

function findingsOf(measured: readonly Measured[], rule: ClaimRule): readonly OwnershipFinding[] {
  const comparisons = measured.map(({ reading, independent }) =>
    independent.length === 0
      ? undefined
      : compareWithNull(
          reading.statistic,
          independent.map((other) => other.reading.statistic),
        ),
  );
  const corrected = holmAdjusted(comparisons.flatMap((comparison) => (comparison ? [comparison.p] : [])));
  let next = 0;
  return measured.map(({ id, label, reading, victim, independent }, i) => {
    const comparison = comparisons[i];
    return {
      id,
      label,
      reading,
      victim,
      withinModel: reading.withinModel === undefined ? null : withinFigures(reading.withinModel, rule.level),
      evidence:
        comparison === undefined
          ? null
          : evidenceOf(comparison, independent, {
              rule,
              holm: corrected[next++] ?? 1,
              statistic: reading.statistic,
            }),
    };
  });
}

function evidenceOf(
  comparison: OwnershipEvidence['comparison'],
  independent: Measured['independent'],
  { rule, holm, statistic }: { readonly rule: ClaimRule; readonly holm: number; readonly statistic: number },
): OwnershipEvidence {
  const values = independent.map(({ reading }) => reading.statistic);
  const within = independent.flatMap(({ reading: { withinModel } }) =>
    withinModel === undefined ? [] : [pooledTest(withinModel).p],
  );
  const { effect, encoders } = comparison;
  return {
    comparison,
    independent: independent.map(({ name, reading }) => ({ name, statistic: reading.statistic })),
    holm,
    power: effect === null ? null : rankTestPower(effect, encoders, rule.level),
    encodersNeeded: effect === null ? null : encodersForPower(effect, WANTED_POWER, rule.level),
    claimed: isClaimed(comparison, rule),
    falseClaims: {
      atSuspect: claimsAtSuspect(statistic, values),
      leftOut: values.length < 2 ? null : claimsLeftOut(values, rule),
      withinModel: within.length === 0 ? null : claimsWithinModel(within, rule.level),
    },
  };
}

/** The two t-tests of a comparison with effect, power and the sample that the effect needs. */
export function withinFigures(within: WithinModel, level: number): WithinModelFigures {
  const { first, second, alternative } = within;
  const effect = hedgesG(first, second);
  const finite = Number.isFinite(effect) ? effect : null;
  const smaller = Math.min(first.count, second.count);
  return {
    ...within,
    pooled: pooledTest(within),
    welch: tTest(first, second, { variance: 'welch', alternative }),
    effect: finite,
    power: finite === null ? null : tTestPower(finite, smaller, level, alternative),
    samplesNeeded:
      finite === null ? null : samplesForPower(finite, { power: WANTED_POWER, level, alternative }),
  };
}

/** The test that the papers print. */
function pooledTest({ first, second, alternative }: WithinModel): TTest {
  return tTest(first, second, { variance: 'pooled', alternative });
}

function jointOf(
  measured: readonly Measured[],
  encoders: number,
  rule: ClaimRule,
): OwnershipJudgement['joint'] {
  const joint = jointClaim(
    measured
      .filter(({ independent }) => independent.length === encoders)
      .map(({ label, reading, independent }) => ({
        name: label,
        suspect: reading.statistic,
        independent: independent.map((other) => other.reading.statistic),
      })),
  );
  return joint === undefined ? null : { ...joint, claimed: isClaimed(joint.comparison, rule) };
}

function knownTest(id: string): OwnershipTestDefinition {
  const found = ownershipRegistry.find(id);
  if (found !== undefined) return found;
  throw new MoatError(
    'method-unknown',
    `There is no ownership test "${id}"; there are ${ownershipRegistry
      .all()
      .map(({ meta }) => meta.id)
      .join(', ')}.`,
  );
}
