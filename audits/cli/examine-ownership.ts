import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { z } from 'zod';
import type { Clock } from '../contract/context.ts';
import type { EncoderOptions } from '../contract/encoder.ts';
import type { Engine } from '../contract/engine.ts';
import { exitCode, MoatError } from '../contract/errors.ts';
import type { MethodSpec } from '../contract/method.ts';
import type { OwnershipContext, OwnershipJudgement } from '../contract/ownership.ts';
import { describeEncoder } from '../encoder/describe.ts';
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
import { createRng } from '../rng.ts';
import { readRotationKey } from '../watermarks/rotation-key.ts';
import { carriesMark, meanRate } from '../watermarks/success-rates.ts';
import {
  contextOf,
  createLook,
  type ExaminedEncoder,
  type Looked,
  type LookSettings,
} from './look-at-encoder.ts';
import { lookAtZoo } from './look-at-zoo.ts';
import { readJson } from '../settings/settings.ts';

export interface OwnershipSettings extends LookSettings {
  readonly suspect?: string | undefined;
  readonly victim?: string | undefined;
  readonly zoo?: string | undefined;
  readonly mark?: string | undefined;
  readonly markRates?: string | undefined;
  readonly tests?: readonly string[] | undefined;
  readonly level?: number | undefined;
  readonly leastEffect?: number | undefined;
  readonly seed?: number | undefined;
  readonly commit?: string | undefined;
  readonly commitment?: string | undefined;
  readonly seen?: string | undefined;
  readonly clock: Clock;
  /** One line for people on stderr. */
  readonly note: (line: string) => void;
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

    const context = await contextOf(engine, own, rng, signal);
    const accused = await look(suspect);
    const { others, notes: zooNotes } = await lookAtZoo(zoo, [own, accused], {
      look,
      tests,
      note: settings.note,
    });
    const notes = [...own.images.notes, ...zooNotes];
    if (mark !== undefined && !(victimRate !== null && carriesMark(victimRate)))
      notes.push(
        `The victim does not carry the mark of this key itself (${own.observed.markGap ?? `it is read at ${victimRate?.toFixed(2)}`}): what is read from others says nothing.`,
      );
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
