import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import {
  furtherFidelityIds,
  type AuditConfig,
  type CostAssumptions,
  type DataSource,
  type Policy,
  type Preset,
} from '../contract/audit.ts';
import type { EncoderOptions } from '../contract/encoder.ts';
import type { EndpointSettings } from '../contract/endpoint.ts';
import { deviceIds, type DeviceId, type EngineId } from '../contract/engine.ts';
import { MoatError } from '../contract/errors.ts';
import type { MethodSpec } from '../contract/method.ts';
import type { PluginFile } from '../contract/plugin.ts';
import { completeAttack, parseAttack } from '../attacks/resolve.ts';
import { readRecordedReplies } from '../datasets/recorded-replies.ts';
import { poolShares } from '../datasets/shares.ts';
import { chainMarkKeys, chainRecordings, completeChain, parseChain } from '../defenses/chain.ts';
import { builtinDemo } from '../encoder/demo-encoder.ts';
import { zooFiles } from '../encoder/zoo.ts';
import { evaluationVersion } from '../metrics/registry.ts';
import { defaultQueryPolicy, findQueryPolicy } from '../query-policies/registry.ts';
import { backboneStart } from '../surrogates/training-schema.ts';
import { parseSurrogate } from '../surrogates/training-settings.ts';
import { readRotationKey } from '../watermarks/rotation-key.ts';
import { defaultCosts } from './cost-assumptions.ts';
import { defaultPolicy } from './policy.ts';
import { findPreset, presets } from './presets.ts';

/** An audit as a person asks for it: whatever is absent comes from the preset. */
export interface AuditRequest {
  /** Path of an ONNX file, `builtin:demo`, or the address of a service. */
  readonly encoder: string;
  /** Present where `encoder` is an address. */
  readonly endpoint?: EndpointSettings | undefined;
  readonly encoderOptions: EncoderOptions;
  readonly backbone?: string | undefined;
  /** Already loaded: their methods are known. */
  readonly plugins?: readonly PluginFile[] | undefined;
  /** Folders; `FOLDER=0.3` gives one its share of what is sent. */
  readonly pools: readonly string[];
  readonly tasks: readonly DataSource[];
  readonly preset: string;
  /** Configurations as typed: `direct-extraction:loss=cosine`, `gaussian-noise:sigma=0.1+rounding`. */
  readonly attacks?: readonly string[] | undefined;
  /** Attacks that a defense must face besides those listed are left out. */
  readonly listedOnly?: boolean | undefined;
  readonly defenses?: readonly string[] | undefined;
  readonly budgets?: readonly number[] | undefined;
  readonly accounts?: readonly number[] | undefined;
  readonly seeds?: number | undefined;
  readonly seed?: number | undefined;
  /** Rows per task for probes and for measuring, at most; the preset's where absent. */
  readonly fitRows?: number | undefined;
  readonly scoreRows?: number | undefined;
  /** Spellings; the first plays the whole battery, the others every attack that trains. */
  readonly surrogates?: readonly string[] | undefined;
  readonly queryPolicies?: readonly string[] | undefined;
  readonly fidelity?: readonly string[] | undefined;
  /** Ownership tests on every copy. */
  readonly ownership?: boolean | undefined;
  /** Folder of encoders known to be independent of the victim. */
  readonly zoo?: string | undefined;
  readonly private?: string | undefined;
  readonly public?: string | undefined;
  readonly timeLimitMs?: number | undefined;
  /** `auto` (the default) stands for what `devices/choose.ts` finds the fastest; here for the engine everybody has. */
  readonly engine?: string | undefined;
  readonly device?: string | undefined;
  readonly workers?: number | undefined;
  readonly policy?: Policy | undefined;
  readonly price?: number | undefined;
  readonly costs?: Partial<CostAssumptions> | undefined;
}

const ENGINES: readonly EngineId[] = ['onnx', 'tensorflow', 'reference'];
/** More processes than this gain nothing before memory becomes the limit. */
const MOST_WORKERS = 8;
const MOST_SEEDS = 100;
/** With fewer rows a ten-class probe has no more than a few of each class. */
export const FEWEST_ROWS = 100;

/**
 * Completes a request. Paths become absolute, `none` is always among the defenses and the no-victim control
 * among the attacks: nothing can be judged without them.
 * @throws MoatError `configuration-invalid`, `method-unknown`, `path-missing`, `usage`
 */
export function configureAudit(request: AuditRequest): AuditConfig {
  const preset = findPreset(request.preset);
  if (preset === undefined)
    throw invalid(
      `There is no preset "${request.preset}"; there are ${presets.map(({ id }) => id).join(', ')}.`,
    );
  const isDemo = request.encoder === builtinDemo;
  const pools = request.pools.map(poolSource);
  checkShares(pools);
  const tasks = request.tasks.map((task) => dataSource(task.name, task.path));
  if (!isDemo && pools.length === 0)
    throw new MoatError(
      'usage',
      'An audit needs a query pool: name one or more folders of images with --pool.',
    );
  if (!isDemo && tasks.length === 0)
    throw new MoatError('usage', 'An audit needs a labelled task to measure with: --task NAME=FOLDER.');
  const surrogates = surrogatesOf(request, preset);
  const backbone = backboneOf(request, surrogates);
  const names = tasks.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw invalid(`Two tasks are named "${twice}".`);
  return {
    ...victimOf(request),
    ...(request.plugins === undefined || request.plugins.length === 0 ? {} : { plugins: request.plugins }),
    encoderOptions: request.encoderOptions,
    backbone,
    pools: pools.length === 0 ? [{ name: 'demo', path: builtinDemo }] : pools,
    tasks: tasks.length === 0 ? [{ name: 'demo', path: builtinDemo }] : tasks,
    preset: { id: preset.id, version: preset.version, canPass: preset.canPass },
    attacks: attackSpecs(request, preset, backbone !== null),
    ...attackExtent(request),
    defenses: defenseChains(request, preset),
    budgets: ascending(request.budgets ?? preset.budgets, 'budget'),
    accounts: ascending(request.accounts ?? preset.accounts, 'number of accounts'),
    seeds: positive(request.seeds ?? preset.seeds, '--seeds', MOST_SEEDS),
    seed: request.seed ?? 1,
    evaluation: {
      fitRows: rows(request.fitRows ?? preset.evaluation.fitRows, '--fit-rows'),
      scoreRows: rows(request.scoreRows ?? preset.evaluation.scoreRows, '--score-rows'),
      version: evaluationVersion,
    },
    ...surrogates,
    ...queryPoliciesOf(request),
    ...furtherFidelity(request),
    ...ownershipOf(request),
    ...(request.timeLimitMs === undefined ? {} : { timeLimitMs: request.timeLimitMs }),
    engine: engine(request.engine ?? 'auto'),
    device: device(request.device ?? 'auto'),
    // A service's limits of rate and spending are kept by the process that asks it: there is one at a time.
    workers: positive(
      request.workers ??
        (request.endpoint === undefined ? Math.min(availableParallelism(), MOST_WORKERS) : 1),
      '--workers',
      request.endpoint === undefined ? MOST_WORKERS : 1,
    ),
    policy: request.policy ?? defaultPolicy,
    isGated: request.policy !== undefined,
    pricePerQuery: request.price ?? request.endpoint?.pricePerImage ?? 0.0001,
    costs: { ...defaultCosts, ...request.costs },
  };
}

function victimOf({ encoder, endpoint }: AuditRequest): Pick<AuditConfig, 'encoder' | 'endpoint'> {
  if (endpoint !== undefined) return { encoder, endpoint };
  return { encoder: encoder === builtinDemo ? builtinDemo : existing(encoder, 'encoder') };
}

/** The public encoder named, or the demo's own where a surrogate is built on one and none is named: anybody has it. */
function backboneOf(
  request: AuditRequest,
  { surrogate, furtherSurrogates = [] }: Pick<AuditConfig, 'surrogate' | 'furtherSurrogates'>,
): string | null {
  if (request.backbone !== undefined)
    return request.backbone === builtinDemo ? builtinDemo : existing(request.backbone, 'backbone');
  const all = [surrogate, ...furtherSurrogates.map(({ settings }) => settings)];
  return all.some((settings) => backboneStart(settings) !== undefined) ? builtinDemo : null;
}

/** The first surrogate and those beside it; spelled alike they are one. */
function surrogatesOf(
  { surrogates }: AuditRequest,
  preset: Preset,
): Pick<AuditConfig, 'surrogate' | 'furtherSurrogates'> {
  if (surrogates === undefined)
    return {
      surrogate: preset.surrogate,
      ...(preset.furtherSurrogates === undefined ? {} : { furtherSurrogates: preset.furtherSurrogates }),
    };
  const [surrogate = preset.surrogate, ...further] = distinct(
    surrogates.map((text) => parseSurrogate(text, preset.surrogate)),
  );
  return further.length === 0
    ? { surrogate }
    : { surrogate, furtherSurrogates: further.map((settings) => ({ settings, extent: 'battery' })) };
}

/** Nothing where the default alone is asked for. */
function queryPoliciesOf({ queryPolicies }: AuditRequest): Pick<AuditConfig, 'queryPolicies'> {
  if (queryPolicies === undefined) return {};
  const ids = distinct(queryPolicies.map((id) => findQueryPolicy(id).meta.id));
  return ids.length === 1 && ids[0] === defaultQueryPolicy.meta.id ? {} : { queryPolicies: ids };
}

/** @throws MoatError `configuration-invalid` for a service: it would be asked for what is no thief's query and is paid */
function furtherFidelity({ fidelity, endpoint }: AuditRequest): Pick<AuditConfig, 'fidelity'> {
  if (fidelity === undefined) return {};
  const ids = distinct(fidelity).map((id) => {
    const known = furtherFidelityIds.find((candidate) => candidate === id);
    if (known === undefined)
      throw invalid(`--fidelity has no "${id}"; there is ${furtherFidelityIds.join(', ')}.`);
    return known;
  });
  if (ids.includes('transfer') && endpoint !== undefined)
    throw invalid(
      '--fidelity transfer shows the victim thousands of disturbed images: it is for an encoder file, not for a service.',
    );
  return ids.length === 0 ? {} : { fidelity: ids };
}

function ownershipOf(request: AuditRequest): Pick<AuditConfig, 'ownership'> {
  const { zoo, private: own, public: strangers } = request;
  if (request.ownership !== true) {
    if ([zoo, own, strangers].every((folder) => folder === undefined)) return {};
    throw new MoatError('usage', '--zoo, --private and --public belong to ownership tests: add --ownership.');
  }
  if (strangers !== undefined && own === undefined)
    throw new MoatError(
      'usage',
      '--public images are compared with private ones: name those with --private.',
    );
  if (own !== undefined && request.endpoint !== undefined)
    throw invalid(
      '--private shows the victim images of its own: it is for an encoder file, not for a service.',
    );
  return {
    ownership: {
      zoo: zoo === undefined ? [] : zooFiles(path.resolve(zoo)),
      ...(own === undefined ? {} : { private: existing(own, 'folder of private images') }),
      ...(strangers === undefined ? {} : { public: existing(strangers, 'folder of public images') }),
    },
  };
}

function attackSpecs(request: AuditRequest, preset: Preset, hasBackbone: boolean): readonly MethodSpec[] {
  const chosen =
    request.attacks === undefined
      ? preset.attacks.map((spec) => completeAttack(spec))
      : request.attacks.map((text) => parseAttack(text));
  const control = completeAttack({ id: 'no-victim', config: {} });
  const withBackbone = hasBackbone
    ? [
        completeAttack({ id: 'no-victim', config: { variant: 'backbone' } }),
        // The preset steals with what the attacker holds; a list given by hand stays as given.
        ...(request.attacks === undefined
          ? [completeAttack({ id: 'backbone-stitching', config: { features: 'backbone' } })]
          : []),
      ]
    : [];
  return distinct([control, ...withBackbone, ...chosen]);
}

function attackExtent({ attacks, listedOnly }: AuditRequest): Pick<AuditConfig, 'attackExtent'> {
  if (listedOnly !== true) return attacks === undefined ? { attackExtent: 'where-faced' } : {};
  if (attacks === undefined) throw new MoatError('usage', '--listed-only needs a list: --attacks.');
  return { attackExtent: 'listed' };
}

function defenseChains(request: AuditRequest, preset: Preset): readonly (readonly MethodSpec[])[] {
  const chosen =
    request.defenses === undefined
      ? preset.defenses.map((chain) => completeChain(chain))
      : request.defenses.map((text) => withMarkKey(withRecording(parseChain(text)), request));
  return distinct([[], ...chosen]);
}

/** A recorded table is part of the configuration by its content, not by its name. */
function withRecording(chain: readonly MethodSpec[]): readonly MethodSpec[] {
  return chain.map((spec) => {
    const [recording] = chainRecordings([spec]);
    if (recording === undefined) return spec;
    const file = existing(recording.file, 'table of replies');
    const { digest, replies } = readRecordedReplies(file);
    return { ...spec, config: { ...spec.config, file, digest, dimension: replies.dimension } };
  });
}

/** So is the key of a mark that lies in the encoder. */
function withMarkKey(
  chain: readonly MethodSpec[],
  { endpoint }: Pick<AuditRequest, 'endpoint'>,
): readonly MethodSpec[] {
  return chain.map((spec) => {
    const [asked] = chainMarkKeys([spec]);
    if (asked === undefined) return spec;
    if (asked.file === '')
      throw invalid(`${spec.id} needs the key of the encoder's mark: ${spec.id}:key=encoder.onnx.mark.`);
    if (endpoint !== undefined)
      throw invalid(
        `${spec.id} reads its mark from an encoder file, not from a service that counts its replies.`,
      );
    const file = path.resolve(asked.file);
    return { ...spec, config: { ...spec.config, key: file, digest: readRotationKey(file).digest } };
  });
}

function distinct<T>(values: readonly T[]): readonly T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

/** `FOLDER` or `FOLDER=SHARE`; a folder whose own name ends like a share is that folder. */
function poolSource(text: string): DataSource {
  const at = text.lastIndexOf('=');
  const isFolder = text === builtinDemo || statSync(text, { throwIfNoEntry: false }) !== undefined;
  const share = at < 1 || isFolder ? undefined : Number(text.slice(at + 1));
  if (share === undefined) return dataSource(path.basename(text), text);
  if (!(share > 0 && share <= 1))
    throw invalid(
      `--pool ${text}: a share is a number above 0 and at most 1 (--pool photos=0.7 drawings=0.3).`,
    );
  const folder = text.slice(0, at);
  return { ...dataSource(path.basename(folder), folder), share };
}

/** @throws MoatError `configuration-invalid` */
function checkShares(pools: readonly DataSource[]): void {
  try {
    poolShares(pools);
  } catch (error) {
    throw invalid(`--pool: ${error instanceof Error ? error.message : 'the shares are invalid'}.`);
  }
}

function dataSource(name: string, location: string): DataSource {
  return { name, path: location === builtinDemo ? location : existing(location, 'data set') };
}

function existing(location: string, what: string): string {
  const absolute = path.resolve(location);
  if (statSync(absolute, { throwIfNoEntry: false }) === undefined)
    throw new MoatError('path-missing', `The ${what} ${location} does not exist.`);
  return absolute;
}

function engine(id: string): EngineId {
  if (id === 'auto') return 'onnx';
  const known = ENGINES.find((candidate) => candidate === id);
  if (known === undefined)
    throw invalid(`There is no engine "${id}"; there are auto, ${ENGINES.join(', ')}.`);
  return known;
}

function device(id: string): DeviceId {
  if (id === 'auto') return 'cpu';
  const known = deviceIds.find((candidate) => candidate === id);
  if (known === undefined)
    throw invalid(`There is no device "${id}"; there are auto, ${deviceIds.join(', ')}.`);
  return known;
}

function ascending(values: readonly number[], what: string): readonly number[] {
  if (values.length === 0) throw invalid(`Name at least one ${what}.`);
  for (const value of values)
    if (!Number.isSafeInteger(value) || value < 1)
      throw invalid(`A ${what} is a whole number above 0, not ${value}.`);
  return [...new Set(values)].sort((a, b) => a - b);
}

function rows(value: number, flag: string): number {
  if (!Number.isSafeInteger(value) || value < FEWEST_ROWS)
    throw invalid(`${flag} takes a whole number from ${FEWEST_ROWS}, not ${value}.`);
  return value;
}

function positive(value: number, flag: string, most: number): number {
  if (!Number.isSafeInteger(value) || value < 1 || value > most)
    throw invalid(`${flag} takes a whole number from 1 to ${most}, not ${value}.`);
  return value;
}

function invalid(message: string): MoatError {
  return new MoatError('configuration-invalid', message);
}
