import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Clock } from '../contract/context.ts';
import type { ImageGeometry, EncoderOptions } from '../contract/encoder.ts';
import type { Engine } from '../contract/engine.ts';
import { exitCode, MoatError } from '../contract/errors.ts';
import type { MethodSpec } from '../contract/method.ts';
import type {
  DisturbanceId,
  EncoderObservations,
  OwnershipContext,
  OwnershipJudgement,
} from '../contract/ownership.ts';
import { readImages } from '../datasets/read.ts';
import { describeEncoder } from '../encoder/describe.ts';
import { openEncoder } from '../encoder/encoder.ts';
import { zooFiles } from '../encoder/zoo.ts';
import {
  judgeReadings,
  neededDisturbances,
  parseOwnershipTests,
  readEncoder,
  usualTests,
  type EncoderReadings,
} from '../ownership/judge.ts';
import {
  checkCommitment,
  commitToKey,
  type CommitmentCheck,
  type KeyCommitment,
} from '../ownership/key-commitment.ts';
import { defaultRule, type ClaimRule } from '../ownership/null-distribution.ts';
import { writeFileAtomic } from '../run/files.ts';
import { createFidelity } from '../run/measure-fidelity.ts';
import { chooseOwnershipImages, observeEncoder, type OwnershipImages } from '../run/observe-encoder.ts';
import { readMark } from '../run/read-mark.ts';
import { embedUntrained } from '../run/untrained-embeddings.ts';
import { createRng, type Rng } from '../rng.ts';
import { readRotationKey } from '../watermarks/rotation-key.ts';
import { carriesMark, meanRate } from '../watermarks/success-rates.ts';
import { readJson } from './settings.ts';

export interface OwnershipSettings {
  readonly suspect?: string | undefined;
  readonly victim?: string | undefined;
  readonly private?: string | undefined;
  readonly public?: string | undefined;
  readonly zoo?: string | undefined;
  readonly mark?: string | undefined;
  readonly markRates?: string | undefined;
  readonly tests?: readonly string[] | undefined;
  readonly images?: number | undefined;
  readonly level?: number | undefined;
  readonly leastEffect?: number | undefined;
  readonly seed?: number | undefined;
  readonly commit?: string | undefined;
  readonly commitment?: string | undefined;
  readonly seen?: string | undefined;
  /** Hold for every encoder; what is absent is found in each file. */
  readonly options: EncoderOptions;
  readonly clock: Clock;
  /** One line for people on stderr. */
  readonly note: (line: string) => void;
}

/** An encoder file in a report. */
export interface ExaminedEncoder {
  readonly file: string;
  readonly digest: string;
  readonly dimension: number;
}

/** What `moat own --json` prints. */
export interface OwnershipReport {
  readonly schemaVersion: 1;
  readonly victim: ExaminedEncoder;
  readonly suspect: ExaminedEncoder | null;
  readonly independent: readonly ExaminedEncoder[];
  /** The watermark's key, and how often the victim's mark is read from the victim itself, in [0, 1]; null without a key. */
  readonly mark: {
    readonly file: string;
    readonly digest: string;
    readonly victimRate: number | null;
  } | null;
  readonly images: {
    readonly compared: number;
    readonly private: number | null;
    readonly public: number | null;
  };
  /** Null where a commitment was written instead. */
  readonly judgement: OwnershipJudgement | null;
  /** Null without independent encoders: nothing can be claimed then, and nothing ruled out. */
  readonly claimed: boolean | null;
  readonly commitment: { readonly written: KeyCommitment } | { readonly check: CommitmentCheck } | null;
  readonly notes: readonly string[];
}

type Work = (engine: Engine) => Promise<{ readonly report: OwnershipReport; readonly exitCode: number }>;

const DEFAULT_IMAGES = 2000;
/** Side at which the untrained network, the zero of the mutual-information score, sees images; as in an audit. */
const UNTRAINED_SIDE = 32;

/**
 * Checks what was asked for, before anything is loaded; then `moat own` on an engine. Ends with 1 when a commitment does not
 * hold, with 0 whether or not a claim is made.
 * @throws MoatError `usage`, `path-missing`, `configuration-invalid`, `method-unknown`, `encoder-*`, `dataset-*`
 */
export async function examineOwnership(settings: OwnershipSettings): Promise<Work> {
  const { victim, suspect, commit } = settings;
  if (victim === undefined) throw usage('Name your encoder with --victim.');
  if (commit === undefined && suspect === undefined)
    throw usage('Name the encoder under suspicion with --suspect, or commit to a test with --commit.');
  if (commit !== undefined && suspect !== undefined)
    throw usage('A commitment is made before a suspect is seen: leave out --suspect.');
  for (const file of [victim, suspect]) if (file !== undefined) requireFile(file);
  const rule = ruleOf(settings);
  const tests = settings.tests?.flatMap(parseOwnershipTests) ?? usualTests();
  const zoo = settings.zoo === undefined ? [] : zooFiles(settings.zoo);
  const seen = seenAt(settings);
  if (settings.mark !== undefined && settings.markRates !== undefined)
    throw usage('--mark reads the rates itself: leave out --mark-rates.');
  const mark =
    settings.mark === undefined ? undefined : { file: settings.mark, ...readRotationKey(settings.mark) };
  const rates = settings.markRates === undefined ? {} : readRates(settings.markRates);
  const kept = settings.commitment === undefined ? undefined : readCommitment(settings.commitment);
  const rng = createRng(`ownership ${settings.seed ?? 0}`);

  return async (engine) => {
    const signal = new AbortController().signal;
    const look = createLook(engine, settings, {
      rng,
      rates,
      mark,
      disturbances: neededDisturbances(tests),
      signal,
    });
    const own = await look(victim);
    const independentDigests = await digestsOf(zoo, settings.options);
    const secret = secretOf(own, {
      tests,
      rule,
      seed: settings.seed ?? 0,
      rates,
      markDigest: mark?.digest,
      independentDigests,
    });
    const victimRate = own.observed.markRates === undefined ? null : meanRate(own.observed.markRates);
    const about = {
      schemaVersion: 1 as const,
      victim: own.encoder,
      mark: mark === undefined ? null : { file: mark.file, digest: mark.digest, victimRate },
      images: {
        compared: own.images.compared.indices.length,
        private: own.images.private?.indices.length ?? null,
        public: own.images.public?.indices.length ?? null,
      },
    };
    if (commit !== undefined || suspect === undefined) {
      const salt = randomBytes(32).toString('hex');
      const written = commitToKey(secret, salt, new Date(settings.clock.now()));
      if (commit !== undefined)
        writeFileAtomic(commit, [`${JSON.stringify({ ...written, salt }, null, 2)}\n`]);
      const report: OwnershipReport = {
        ...about,
        suspect: null,
        independent: [],
        judgement: null,
        claimed: null,
        commitment: { written },
        notes: own.images.notes,
      };
      return { report, exitCode: exitCode.ok };
    }

    const untrained = await embedUntrainedNetwork(engine, own, rng, signal);
    const context: OwnershipContext = {
      engine,
      rng: rng.derive('tests'),
      signal,
      victim: own.observed,
      fidelity: createFidelity({ engine, rng: rng.derive('fidelity') }, untrained),
    };
    const accused = await look(suspect);
    const others: Looked[] = [];
    const notes = [...own.images.notes];
    if (mark !== undefined && !(victimRate !== null && carriesMark(victimRate)))
      notes.push(
        `The victim does not carry the mark of this key itself (${own.observed.markGap ?? `it is read at ${victimRate?.toFixed(2)}`}): what is read from others says nothing.`,
      );
    for (const [i, file] of zoo.entries()) {
      settings.note(`independent encoder ${i + 1} of ${zoo.length}: ${path.basename(file)}`);
      const other = await look(file);
      const same = [own, accused].find(({ encoder }) => encoder.digest === other.encoder.digest);
      if (same === undefined) others.push(other);
      else
        notes.push(`${path.basename(file)} is ${path.basename(same.encoder.file)} itself and was left out.`);
    }
    const whole: OwnershipContext = { ...context, reference: others[0]?.observed };
    const read = async ({ observed }: Looked): Promise<EncoderReadings> => {
      settings.note(`testing ${observed.name}`);
      return readEncoder(whole, observed, tests);
    };
    const independent: { readonly name: string; readonly readings: EncoderReadings }[] = [];
    for (const other of others) independent.push({ name: other.observed.name, readings: await read(other) });
    const judgement = judgeReadings(
      { tests, suspect: await read(accused), victim: await read(own), independent },
      rule,
    );
    const check = kept === undefined ? undefined : checkCommitment(kept, { secret, salt: kept.salt }, seen);
    const report: OwnershipReport = {
      ...about,
      suspect: accused.encoder,
      independent: others.map(({ encoder }) => encoder),
      judgement,
      claimed: claimOf(judgement),
      commitment: check === undefined ? null : { check },
      notes,
    };
    return { report, exitCode: check?.holds === false ? exitCode.policyFailed : exitCode.ok };
  };
}

/** All tests together where they can be taken together, else the only one there is. */
function claimOf({ joint, findings }: OwnershipJudgement): boolean | null {
  const evidence = findings.flatMap((finding) => finding.evidence ?? []);
  if (evidence.length === 0) return null;
  return joint?.claimed ?? false;
}

interface Looked {
  readonly encoder: ExaminedEncoder;
  readonly observed: EncoderObservations;
  readonly images: OwnershipImages;
  readonly geometry: ImageGeometry;
}

/** Opens an encoder, shows it the images (chosen for the first one, the victim) and closes it. */
function createLook(
  engine: Engine,
  settings: OwnershipSettings,
  {
    rng,
    rates,
    mark,
    disturbances,
    signal,
  }: {
    readonly rng: Rng;
    readonly rates: Readonly<Record<string, readonly number[]>>;
    readonly mark: ReturnType<typeof readRotationKey> | undefined;
    readonly disturbances: ReadonlySet<DisturbanceId>;
    readonly signal: AbortSignal;
  },
): (file: string) => Promise<Looked> {
  let images: OwnershipImages | undefined;
  return async (file) => {
    const encoder = await openEncoder(engine, file, settings.options);
    try {
      const { digest, preprocessing } = encoder.description;
      images ??= await chooseOwnershipImages(
        settings,
        settings.images ?? DEFAULT_IMAGES,
        preprocessing,
        rng.derive('images'),
      );
      const name = path.basename(file);
      const observed = await observeEncoder(encoder, name, images, {
        rng: rng.derive('noise'),
        disturbances,
        signal,
      });
      const own = rates[name];
      const read =
        mark === undefined
          ? {}
          : await readMark(encoder, name, mark.key, images.compared, { rng: rng.derive('angles'), signal });
      return {
        encoder: { file, digest, dimension: encoder.dimension },
        observed: {
          ...observed,
          ...(own === undefined ? read : { markRates: Float64Array.from(own) }),
        },
        images,
        geometry: preprocessing,
      };
    } finally {
      await encoder.dispose();
    }
  };
}

async function embedUntrainedNetwork(
  engine: Engine,
  { images: { compared }, geometry, encoder }: Looked,
  rng: Rng,
  signal: AbortSignal,
): Promise<EncoderObservations['compared']> {
  const small: ImageGeometry = {
    ...geometry,
    height: UNTRAINED_SIDE,
    width: UNTRAINED_SIDE,
    resize: 'stretch',
    resizeTo: UNTRAINED_SIDE,
  };
  const { images } = await readImages(compared.dataset, compared.split, compared.indices, small, { signal });
  const [embedded] = await embedUntrained(
    { engine, rng: rng.derive('untrained'), pool: images },
    { dimension: encoder.dimension, inputSize: UNTRAINED_SIDE },
    [images],
  );
  if (embedded === undefined) throw new MoatError('internal', 'The untrained network embedded nothing.');
  return embedded;
}

/** What a commitment stands for: everything a claim could be tuned by afterwards. */
function secretOf(
  { encoder, images, observed }: Looked,
  chosen: {
    readonly tests: readonly MethodSpec[];
    readonly rule: ClaimRule;
    readonly seed: number;
    readonly rates: Readonly<Record<string, readonly number[]>>;
    readonly markDigest: string | undefined;
    readonly independentDigests: readonly string[];
  },
): unknown {
  const { tests, rule, seed, rates, markDigest, independentDigests } = chosen;
  return {
    victim: encoder.digest,
    compared: images.compared.digest,
    private: images.private?.digest ?? null,
    public: images.public?.digest ?? null,
    victimMarkRates: rates[observed.name] ?? null,
    ...(markDigest === undefined ? {} : { markKey: markDigest }),
    // Who chooses the others afterwards chooses how far the suspect stands out.
    independent: independentDigests,
    tests: tests.map(({ id, config }) => ({ id, config })),
    rule,
    seed,
  };
}

/** SHA-256 (hex) of encoder files, sorted: whatever they are called. */
async function digestsOf(files: readonly string[], options: EncoderOptions): Promise<readonly string[]> {
  const digests: string[] = [];
  for (const file of files) digests.push((await describeEncoder(file, options)).digest);
  return digests.sort();
}

function ruleOf({ level, leastEffect }: OwnershipSettings): ClaimRule {
  if (level !== undefined && !(level > 0 && level < 1)) throw usage('--level lies between 0 and 1.');
  if (leastEffect !== undefined && leastEffect < 0) throw usage('--least-effect is not negative.');
  return { level: level ?? defaultRule.level, leastEffect: leastEffect ?? defaultRule.leastEffect };
}

function seenAt({ seen, clock }: OwnershipSettings): Date {
  const date = new Date(seen ?? clock.now());
  if (Number.isNaN(date.getTime()))
    throw usage(`--seen takes a date like 2026-03-01T12:00:00Z, not "${seen}".`);
  return date;
}

function requireFile(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new MoatError('path-missing', `The encoder ${file} does not exist.`);
}

const ratesSchema = z.record(z.string(), z.array(z.number().min(0).max(1)).min(2));
const commitmentSchema = z.strictObject({
  scheme: z.string(),
  digest: z.string(),
  committedAt: z.string(),
  salt: z.string(),
});

function readRates(file: string): Readonly<Record<string, readonly number[]>> {
  return readChecked(file, ratesSchema);
}

function readCommitment(file: string): z.infer<typeof commitmentSchema> {
  return readChecked(file, commitmentSchema);
}

function readChecked<Schema extends z.ZodType>(file: string, schema: Schema): z.infer<Schema> {
  const value = readJson(file);
  if (value === undefined) throw new MoatError('path-missing', `The file ${file} does not exist.`);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new MoatError(
    'configuration-invalid',
    `${file}: ${issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`}.`,
  );
}

function usage(message: string): MoatError {
  return new MoatError('usage', message);
}
