import { completeSpec, parseChain as splitChain, spellSpec } from '../contract/configuration.ts';
import type { VersionedSpec } from '../contract/cell.ts';
import { type Matrix, matrix, matrixRows } from '../contract/data.ts';
import { MoatError } from '../contract/errors.ts';
import type {
  DefenseCharges,
  DefenseDefinition,
  DefenseSession,
  Detection,
  MarkInEncoder,
  MethodSpec,
  ProviderStatistics,
  RecordedReplies,
} from '../contract/method.ts';
import type { Rng } from '../rng.ts';
import { none } from './none.ts';
import { defenseRegistry, findDefense } from './registry.ts';

/** Defenses in order of application, each with its whole config; `none` is the empty list. */
export type DefenseChain = readonly MethodSpec[];

/** Recorded tables by the SHA-256 of their file. */
export type Recordings = ReadonlyMap<string, RecordedReplies>;

const noRecordings: Recordings = new Map();

/** The account of the provider's own calibration run; attackers and honest users are numbered from 0. */
export const calibrationAccount = -1;

/**
 * Reads `gaussian-noise:sigma=0.5+rounding` or `none`; `none` beside others is dropped.
 * @throws MoatError `method-unknown` or `configuration-invalid`, naming the part.
 */
export function parseChain(text: string): DefenseChain {
  return completeChain(splitChain(text).map(({ id, values }) => ({ id, config: values })));
}

/** Every default filled in, `none` dropped. Throws as `parseChain` does. */
export function completeChain(chain: DefenseChain): DefenseChain {
  const completed = chain
    .map(({ id, config }) => completeSpec(knownDefense(id), config))
    .filter(({ id }) => id !== none.meta.id);
  const recorded = completed.find(({ id }) => knownDefense(id).recording !== undefined);
  if (recorded !== undefined && completed.length > 1)
    throw new MoatError(
      'configuration-invalid',
      `${recorded.id} stands alone: what was recorded is the whole defense's reply.`,
    );
  return completed;
}

/** Whether some stage watches accounts and raises alarms. */
export function chainDetects(chain: DefenseChain): boolean {
  return chain.some(({ id }) => knownDefense(id).meta.detects === true);
}

/** The recorded tables a chain answers from: file and SHA-256. */
export function chainRecordings(
  chain: DefenseChain,
): readonly { readonly file: string; readonly digest: string }[] {
  return chain.flatMap(({ id, config }) => knownDefense(id).recording?.(config) ?? []);
}

/** The keys of marks that lie in the encoder itself: file and SHA-256. */
export function chainMarkKeys(
  chain: DefenseChain,
): readonly { readonly file: string; readonly digest: string }[] {
  return chain.flatMap(({ id, config }) => knownDefense(id).markKey?.(config) ?? []);
}

/** The canonical spelling of a chain: defaults left out, settings sorted; the empty chain is `none`. */
export function spellChain(chain: DefenseChain): string {
  if (chain.length === 0) return none.meta.id;
  return chain.map((spec) => spellSpec(knownDefense(spec.id), spec)).join('+');
}

/** The chain as it enters a cell's key. */
export function versionChain(chain: DefenseChain): readonly VersionedSpec[] {
  return chain.map(({ id, config }) => {
    const plugin = defenseRegistry.pluginOf(id);
    return {
      id,
      config,
      version: knownDefense(id).meta.version,
      ...(plugin === undefined ? {} : { plugin }),
    };
  });
}

/** Attack ids without which no verdict "pass" may be given: those of every stage, each once. */
export function chainMustFace(chain: DefenseChain): readonly string[] {
  if (chain.length === 0) return none.meta.mustFace;
  const required = chain.flatMap((spec) => {
    const defense = knownDefense(spec.id);
    return defense.mustFace?.(spec.config) ?? defense.meta.mustFace;
  });
  return [...new Set(required)];
}

/** Length of a reply that has passed the whole chain. */
export function chainOutputDimension(chain: DefenseChain, inputDimension: number): number {
  return chain.reduce(
    (dimension, spec) => knownDefense(spec.id).outputDimension?.(spec.config, dimension) ?? dimension,
    inputDimension,
  );
}

/**
 * What each stage may know of the data it will see: statistics of the provider's calibration images after the stages
 * before it. These replies come from sessions of their own, so that calibration leaves no trace in any account.
 * @param embeddings clean embeddings of the calibration images `[rows, dimension]`, at least one row
 * @param projections of the same images, where the victim has them
 * @returns one entry per stage
 */
export function calibrateChain(
  chain: DefenseChain,
  embeddings: Matrix,
  rng: Rng,
  projections?: Matrix,
): readonly ProviderStatistics[] {
  const inputs = Array.from({ length: embeddings.rows }, (_, row) => `calibration/${row}`);
  const statistics: ProviderStatistics[] = [];
  let seen = embeddings;
  chain.forEach((spec, stage) => {
    const seenProjections = projections && matrixRows(projections, 0, seen.rows);
    const provider = {
      ...providerStatistics(seen),
      ...(seenProjections === undefined ? {} : { projections: seenProjections }),
    };
    statistics.push(provider);
    // Nobody sees the last stage's replies. A stage that refuses leaves the stages behind it less to be calibrated on.
    if (stage + 1 < chain.length)
      seen = openStage(spec, stage, provider, calibrationAccount, rng).reply(
        seen,
        inputs.slice(0, seen.rows),
        seenProjections,
      );
  });
  return statistics;
}

/**
 * The chain as one account meets it. Deterministic in (`rng`, `account`, order of rows).
 * @throws RangeError when `calibration` belongs to another chain or `account` is no account number.
 */
export function openChainSession(
  chain: DefenseChain,
  calibration: readonly ProviderStatistics[],
  account: number,
  rng: Rng,
  recordings: Recordings = noRecordings,
): DefenseSession {
  if (!Number.isInteger(account) || account < 0) throw new RangeError(`account ${account}`);
  // The empty chain still copies: the caller's clean embeddings are shared by every cell.
  if (chain.length === 0) return { reply: ({ data, rows, columns }) => matrix(data.slice(), rows, columns) };
  const stages = chain.map((spec, stage) => {
    const provider = calibration[stage];
    if (provider === undefined || calibration.length !== chain.length)
      throw new RangeError(`${calibration.length} calibrations for ${chain.length} stages`);
    return openStage(spec, stage, provider, account, rng, recordings);
  });
  return composeSessions(stages);
}

/** A mark that some stage leaves, under the key of one account. */
export interface ChainMark {
  /** The defense that leaves it. */
  readonly id: string;
  /** As `DefenseDefinition.verify`. */
  readonly verify: (suspect: Matrix) => number;
  /** Digest of the key, where the mark lies in the encoder: `verify` is then given answers to turned images. */
  readonly keyDigest?: string | undefined;
}

/**
 * The marks of a chain as the service itself looks for them, one per stage that leaves one.
 * @param calibration as `calibrateChain` gave it for the provider's images
 * @param rng the key under which the sessions were opened
 * @param inEncoder marks that lie in the encoder, by the digest of their key; one that is not opened is not looked for
 * @returns verifiers of a suspect's embeddings of the provider's images, in their order; where a stage before the mark refuses
 * some of those images, the first ones
 */
export function openChainMarks(
  chain: DefenseChain,
  calibration: readonly ProviderStatistics[],
  account: number,
  rng: Rng,
  inEncoder: ReadonlyMap<string, MarkInEncoder> = new Map(),
): readonly ChainMark[] {
  return chain.flatMap(({ id, config }, stage) => {
    const defense = knownDefense(id);
    const provider = calibration[stage];
    if (defense.verify === undefined || provider === undefined) return [];
    const mark = { config, provider, account, rng: stageKey(id, stage, rng) };
    const keyDigest = defense.markKey?.(config).digest;
    if (keyDigest !== undefined) {
      const opened = inEncoder.get(keyDigest);
      if (opened === undefined) return [];
      const verify = (suspect: Matrix): number =>
        defense.verify?.(suspect, { ...mark, inEncoder: opened }) ?? 0;
      return [{ id, keyDigest, verify }];
    }
    const { rows } = provider.embeddings;
    return [{ id, verify: (suspect) => defense.verify?.(matrixRows(suspect, 0, rows), mark) ?? 0 }];
  });
}

/** The stages in order: the first alarm counts, prices add up, and what one stage refuses no later one sees. */
function composeSessions(stages: readonly DefenseSession[]): DefenseSession {
  const detecting = stages.filter(({ detection }) => detection !== undefined);
  const charging = stages.filter(({ charges }) => charges !== undefined);
  return {
    reply: (embeddings, inputs, projections) =>
      stages.reduce(
        (replies, session) =>
          session.reply(
            replies,
            inputs.slice(0, replies.rows),
            projections === undefined ? undefined : matrixRows(projections, 0, replies.rows),
          ),
        embeddings,
      ),
    ...(detecting.length === 0 ? {} : { detection: () => firstDetection(detecting) }),
    ...(charging.length === 0 ? {} : { charges: () => totalCharges(charging) }),
  };
}

/** Statistics of different detectors have no common scale: the score is the first one's, the alarm whoever raised it first. */
function firstDetection(stages: readonly DefenseSession[]): Detection {
  const detections = stages.flatMap(({ detection }) => detection?.() ?? []);
  const alarms = detections.flatMap(({ alarmAtRow }) => alarmAtRow ?? []);
  const flagged = detections.find(({ flaggedRows }) => flaggedRows !== undefined)?.flaggedRows;
  return {
    score: detections[0]?.score ?? 0,
    alarmAtRow: alarms.length === 0 ? null : Math.min(...alarms),
    ...(flagged === undefined ? {} : { flaggedRows: flagged }),
  };
}

function totalCharges(stages: readonly DefenseSession[]): DefenseCharges {
  return stages
    .flatMap(({ charges }) => charges?.() ?? [])
    .reduce((total, { seconds, dollars }) => ({
      seconds: total.seconds + seconds,
      dollars: total.dollars + dollars,
    }));
}

/** Mean and standard deviation per dimension (population), accumulated in double precision. */
export function providerStatistics(embeddings: Matrix): ProviderStatistics {
  const { data, rows, columns } = embeddings;
  if (rows < 1) throw new RangeError('a defense cannot be calibrated on no images');
  const mean = new Float32Array(columns);
  const standardDeviation = new Float32Array(columns);
  for (let column = 0; column < columns; column++) {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += data[row * columns + column] ?? 0;
    const center = sum / rows;
    let squares = 0;
    for (let row = 0; row < rows; row++) squares += ((data[row * columns + column] ?? 0) - center) ** 2;
    mean[column] = center;
    standardDeviation[column] = Math.sqrt(squares / rows);
  }
  return { embeddings, mean, standardDeviation };
}

/** The place in the chain is part of the key: the same defense twice draws independently. */
function stageKey(id: string, stage: number, rng: Rng): Rng {
  return rng.derive(`stage/${stage}/${id}`);
}

function openStage(
  spec: MethodSpec,
  stage: number,
  provider: ProviderStatistics,
  account: number,
  rng: Rng,
  recordings: Recordings = noRecordings,
): DefenseSession {
  const stageRng = stageKey(spec.id, stage, rng);
  const defense = knownDefense(spec.id);
  const recorded = recordings.get(defense.recording?.(spec.config).digest ?? '');
  return defense.openSession({ config: spec.config, provider, account, rng: stageRng, recorded });
}

function knownDefense(id: string): DefenseDefinition {
  const found = findDefense(id);
  if (found !== undefined) return found;
  throw new MoatError(
    'method-unknown',
    `There is no defense "${id}"; there are ${defenseRegistry
      .all()
      .map((defense) => defense.meta.id)
      .join(', ')}.`,
  );
}
