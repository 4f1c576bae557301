import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { completeSpec, spellSpec } from '../contract/configuration.ts';
import {
  obfuscationIds,
  type EncoderObservations,
  type OwnershipJudgement,
  type OwnershipReading,
  type SideObservations,
} from '../contract/ownership.ts';
import { matrix, type Matrix } from '../contract/data.ts';
import { createRng } from '../rng.ts';
import { plainMultiplier } from '../tensor/linear-algebra/plain-multiplier.sample.ts';
import { createWorld } from './encoder-world.sample.ts';
import {
  judgeReadings,
  neededDisturbances,
  parseOwnershipTests,
  readEncoder,
  usualTests,
  type EncoderReadings,
} from './judge.ts';
import { defaultRule } from './null-distribution.ts';
import { createObfuscation } from './obfuscations.ts';
import { ownershipRegistry, ownershipTests } from './registry.ts';

const world = createWorld('one');
const independent = Array.from({ length: 20 }, (_, i) => world.independent(`independent ${i}`));
const copy = world.copy('copy', 0.02);
const stranger = world.independent('stranger');

describe('the registry', () => {
  test('lists exactly the tests in its folder', () => {
    const files = readdirSync(import.meta.dirname)
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .filter((file) =>
        readFileSync(path.join(import.meta.dirname, file), 'utf8').includes(' = defineOwnershipTest({'),
      )
      .map((file) => file.slice(0, -3));
    expect(ownershipTests.map(({ meta }) => meta.id).sort()).toEqual(files.sort());
  });

  test.each(ownershipTests.map((each) => [each.meta.id, each] as const))(
    '%s is described and its defaults hold',
    (id, { meta, config, runs }) => {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(meta.version).toBeGreaterThanOrEqual(1);
      for (const text of [meta.title, meta.summary, meta.assumes, meta.proves, meta.reference.title])
        expect(text.length).toBeGreaterThan(10);
      expect(meta.reference.year).toBeGreaterThan(2000);
      expect(config.parse({})).toBeDefined();
      expect(runs.length).toBeGreaterThan(0);
    },
  );

  test.each([
    ['dataset-inference:variant=mixture', /dataset-inference: variant/],
    ['dataset-inference:gaussians=3', /has no setting "gaussians"; it has variant/],
    ['fingerprint', /There is no ownership test "fingerprint"; there are watermark-success-rate/],
  ])('%s is refused with a reason', (text, reason) => {
    expect(() => parseOwnershipTests(text)).toThrow(reason);
  });

  test('an id alone stands for all its usual configs', () => {
    expect(parseOwnershipTests('dataset-inference')).toHaveLength(3);
    expect(parseOwnershipTests('dataset-inference:variant=loss')).toHaveLength(1);
  });
});

/**
 * What each test must say by theory in a world where the victim has drawn its private images together (no local smoothness is
 * learned) and a copy has its weights. `undefined`: theory leaves it open, and only the order is asked for.
 */
const table: readonly {
  readonly label: string;
  readonly victim: boolean | undefined;
  readonly copy: boolean | undefined;
}[] = [
  { label: 'watermark-success-rate', victim: true, copy: true },
  { label: 'dataset-inference', victim: true, copy: true },
  // The naive versions look for smoothness or a smaller loss on private images, and there is none.
  { label: 'dataset-inference:variant=augmentation-difference', victim: false, copy: false },
  { label: 'dataset-inference:variant=loss', victim: false, copy: false },
  { label: 'similarity-fingerprint', victim: true, copy: true },
  { label: 'similarity-fingerprint:measure=procrustes-r2', victim: true, copy: true },
  { label: 'similarity-fingerprint:measure=neighbor-overlap-10', victim: true, copy: true },
  { label: 'similarity-fingerprint:measure=mi-score', victim: true, copy: true },
  { label: 'distance-test', victim: true, copy: true },
  // Independent encoders do not stand apart from the victim, as in the paper's draft.
  { label: 'noise-ball-deviation', victim: false, copy: false },
  { label: 'rank-signature', victim: undefined, copy: undefined },
];

const spelled = (): readonly string[] =>
  usualTests().map((spec) => {
    const found = ownershipRegistry.find(spec.id);
    if (found === undefined) throw new Error(spec.id);
    return spellSpec(found, spec);
  });

test('every test has a row in the table of behaviors', () => {
  expect(table.map(({ label }) => label)).toEqual(spelled());
});

describe('with twenty independent encoders', () => {
  let onVictim: OwnershipJudgement;
  let onCopy: OwnershipJudgement;
  let onStranger: OwnershipJudgement;
  beforeAll(async () => {
    const context = { ...world.context(), reference: independent[0] };
    const read = (encoder: EncoderObservations): Promise<EncoderReadings> =>
      readEncoder(context, encoder, usualTests());
    const others: { readonly name: string; readonly readings: EncoderReadings }[] = [];
    for (const each of independent) others.push({ name: each.name, readings: await read(each) });
    const victim = await read(world.victim);
    const judge = (suspect: EncoderReadings): OwnershipJudgement =>
      judgeReadings({ tests: usualTests(), suspect, victim, independent: others }, defaultRule);
    onVictim = judge(victim);
    onCopy = judge(await read(copy));
    onStranger = judge(await read(stranger));
  }, 120_000);
  const finding = (judgement: OwnershipJudgement, label: string) => {
    const found = judgement.findings.find((each) => each.label === label);
    if (found === undefined || found.evidence === null) throw new Error(`${label} was not measured`);
    return { ...found, evidence: found.evidence };
  };

  test.each(table)('$label: victim claimed: $victim, copy claimed: $copy, a stranger never', (row) => {
    const [victim, stolen, other] = [onVictim, onCopy, onStranger].map((each) => finding(each, row.label));
    if (row.victim !== undefined) expect(victim?.evidence.claimed).toBe(row.victim);
    if (row.copy !== undefined) expect(stolen?.evidence.claimed).toBe(row.copy);
    if (row.victim !== false) expect(victim?.evidence.comparison.reached).toBe(0);
    expect(other?.evidence.claimed).toBe(false);
  });

  test('nothing goes below one in 21, and a p there is flagged', () => {
    for (const { evidence } of onVictim.findings) {
      expect(evidence?.comparison.p).toBeGreaterThanOrEqual(1 / 21);
      expect(evidence?.comparison.saturated).toBe(evidence?.comparison.p === 1 / 21);
    }
  });

  test('none of twenty accused bounds the rate of false claims at 14 %', () => {
    const { falseClaims } = finding(onVictim, 'distance-test').evidence;
    expect(falseClaims.atSuspect).toMatchObject({ claimed: 0, encoders: 20 });
    expect(falseClaims.atSuspect.upperBound).toBeCloseTo(1 - 0.05 ** (1 / 20), 6);
  });

  test('Holm pays for the number of tests with p, the joint claim does not', () => {
    const holm = finding(onCopy, 'distance-test').evidence.holm;
    expect(holm).toBeGreaterThan(0.05);
    expect(onCopy.joint?.comparison.p).toBeCloseTo(1 / 21, 12);
    expect(onCopy.joint?.claimed).toBe(true);
    expect(onStranger.joint?.claimed).toBe(false);
  });

  test('the paper’s t-test over batches accuses honest encoders that the null distribution does not', () => {
    const { evidence, withinModel } = finding(onCopy, 'watermark-success-rate');
    expect(withinModel?.pooled.p).toBeLessThan(1e-10);
    expect(evidence.falseClaims.withinModel?.claimed).toBeGreaterThan(2);
    expect(evidence.falseClaims.leftOut?.claimed).toBeLessThanOrEqual(1);
  });
});

test.each([
  ['similarity-fingerprint,distance-test,dataset-inference:variant=gmm', []],
  ['dataset-inference', ['noisy']],
  ['noise-ball-deviation,dataset-inference:variant=loss', ['nearby', 'noisy']],
])('%s needs the copies %j and no others', (text, needed) => {
  const tests = text.split(',').flatMap(parseOwnershipTests);
  expect(neededDisturbances(tests)).toEqual(new Set(needed));
});

describe('without independent encoders', () => {
  test('there is an effect within the model and no evidence', async () => {
    const tests = parseOwnershipTests('dataset-inference:variant=gmm');
    const suspect = await readEncoder(world.context(), copy, tests);
    const judged = judgeReadings({ tests, suspect, victim: suspect, independent: [] }, defaultRule);
    expect(judged.findings[0]?.evidence).toBeNull();
    expect(judged.joint).toBeNull();
    expect(judged.findings[0]?.withinModel?.effect).toBeGreaterThan(0.5);
  });

  test('without private images, tests of them say so and the others run', async () => {
    const bare = ({ name, compared }: EncoderObservations): EncoderObservations => ({ name, compared });
    const context = { ...world.context(), victim: bare(world.victim) };
    const suspect = await readEncoder(context, bare(copy), usualTests());
    const judged = judgeReadings(
      { tests: usualTests(), suspect, victim: suspect, independent: [] },
      defaultRule,
    );
    expect(judged.notMeasured.map(({ id }) => id)).toEqual([
      'watermark-success-rate',
      'dataset-inference',
      'dataset-inference',
      'dataset-inference',
      'noise-ball-deviation',
    ]);
    for (const { reason } of judged.notMeasured) expect(reason).toMatch(/^[A-Z].*\.$/);
    expect(judged.findings).toHaveLength(6);
  });
});

test('an encoder that answers the same to everything is measured by every test and looks like no copy', async () => {
  const constant = (source: Matrix): Matrix =>
    matrix(new Float32Array(source.data.length).fill(0.25), source.rows, source.columns);
  const collapsedSide = (side: SideObservations | undefined): SideObservations | undefined => {
    if (side?.noisy === undefined) return undefined;
    const noisy = { ...side.noisy, embeddings: constant(side.noisy.embeddings) };
    return { embeddings: constant(side.embeddings), noisy, nearby: noisy };
  };
  const collapsed: EncoderObservations = {
    ...stranger,
    name: 'collapsed',
    compared: constant(stranger.compared),
    private: collapsedSide(stranger.private),
    public: collapsedSide(stranger.public),
  };
  const readings = await readEncoder(world.context(), collapsed, usualTests());
  const likeness = (label: string): number => {
    const reading = readings[table.findIndex((row) => row.label === label)];
    if (reading === undefined || 'reason' in reading) throw new Error(`${label} was not measured`);
    return reading.statistic;
  };
  expect(likeness('similarity-fingerprint')).toBe(0);
  expect(likeness('rank-signature')).toBe(0);
  for (const variant of ['', ':variant=augmentation-difference', ':variant=loss'])
    expect(likeness(`dataset-inference${variant}`)).toBeCloseTo(0, 6);
});

test('an encoder known to have seen the images is no stranger to dataset inference, and is one to all other tests', async () => {
  const seen = { ...stranger, trainedOn: { private: 3, public: 0 } };
  const unseen = { ...stranger, trainedOn: { private: 0, public: 0 } };
  const [withSeen, withUnseen] = [
    await readEncoder(world.context(), seen, usualTests()),
    await readEncoder(world.context(), unseen, usualTests()),
  ];
  for (const [i, { id }] of usualTests().entries()) {
    const reading = withSeen[i];
    if (id === 'dataset-inference')
      expect(reading).toEqual({ reason: 'stranger was trained on 3 of the private images.' });
    else expect(reading).toEqual(withUnseen[i]);
  }
});

describe('a copy whose every vector was changed', () => {
  const cases = usualTests()
    // Its rates are numbers from elsewhere: there is nothing to change.
    .filter(({ id }) => id !== 'watermark-success-rate')
    .flatMap((spec) =>
      obfuscationIds.map((how) => ({ spec, how, name: `${spec.id} ${JSON.stringify(spec.config)}` })),
    );

  /** Roundings of float32 coordinates, and the mixture's stopping rule, stay below this. */
  const SAME = 0.02;

  test.each(cases)('$how: $name', async ({ spec, how }) => {
    const found = ownershipRegistry.find(spec.id);
    if (found === undefined) throw new Error(spec.id);
    const changed = await obfuscated(copy, how);
    const reading = (suspect: EncoderObservations): Promise<OwnershipReading> =>
      found.measure(world.context(), suspect, completeSpec(found, spec.config).config);
    const isInvariant = found.invariantTo(spec.config).includes(how);
    if (found.notApplicable?.(spec.config, world.victim, changed) !== undefined) {
      expect(isInvariant).toBe(false);
      return;
    }
    const [before, after] = [(await reading(copy)).statistic, (await reading(changed)).statistic];
    const change = Math.abs(after - before) / Math.max(Math.abs(before), 0.05);
    if (isInvariant) expect(change).toBeLessThan(SAME);
    else expect(change).toBeGreaterThan(SAME);
  });
});

async function obfuscated(
  encoder: EncoderObservations,
  how: (typeof obfuscationIds)[number],
): Promise<EncoderObservations> {
  const map = await createObfuscation(plainMultiplier, how, world.dimension, createRng('thief'));
  const sideOf = async (side: SideObservations | undefined): Promise<SideObservations | undefined> => {
    if (side?.noisy === undefined) return undefined;
    const noisy = { ...side.noisy, embeddings: await map(side.noisy.embeddings) };
    return { embeddings: await map(side.embeddings), noisy, nearby: noisy };
  };
  return {
    ...encoder,
    compared: await map(encoder.compared),
    private: await sideOf(encoder.private),
    public: await sideOf(encoder.public),
  };
}
