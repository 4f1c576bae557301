import path from 'node:path';
import process from 'node:process';
import type { CostAssumptions, Policy } from '../contract/audit.ts';
import { endpointSchema, type EndpointSettings } from '../contract/endpoint.ts';
import { MoatError } from '../contract/errors.ts';
import { builtinDemo } from '../encoder/demo-encoder.ts';
import { endpointOf } from '../endpoint/endpoint.ts';
import { parseEndpointUrl, readSecrets } from '../endpoint/secrets.ts';
import type { AuditRequest } from '../plan/configure.ts';
import { parsePolicy } from '../plan/policy.ts';
import { durationMs, readJson, settingsFile, type Settings } from './settings.ts';

/**
 * The audit that settings ask for. Relative paths in them are relative to `folder`.
 * @throws MoatError `usage`, `path-missing`, `configuration-invalid`, `endpoint-secret-missing`
 */
export function auditRequest(settings: Settings, folder: string): AuditRequest {
  const encoder = settings.encoder ?? builtinDemo;
  const isDemo = encoder === builtinDemo;
  if (settings.encoder === undefined && (settings.pool !== undefined || settings.task !== undefined))
    throw new MoatError(
      'usage',
      'Name the encoder that --pool and --task are for: moat audit ENCODER --pool ...',
    );
  const located = (location: string): string =>
    location === builtinDemo ? location : path.resolve(folder, location);
  const optional = (location: string | undefined): string | undefined =>
    location === undefined ? undefined : path.resolve(folder, location);
  const endpoint = endpointSettings(folder, settings, encoder);
  const { size, mean, std, layout, range, output, pooling, projection } = settings;
  return {
    encoder: endpoint === undefined ? located(encoder) : parseEndpointUrl(encoder),
    endpoint,
    encoderOptions: { size, mean, std, layout, range, output, pooling, projection },
    backbone: settings.backbone === undefined ? undefined : located(settings.backbone),
    pools: (settings.pool ?? []).map(located),
    tasks: Object.entries(settings.task ?? {}).map(([name, location]) => ({ name, path: located(location) })),
    preset: settings.preset ?? (isDemo ? 'demo' : 'quick'),
    attacks: settings.attacks,
    listedOnly: settings.listedOnly,
    defenses: settings.defenses,
    budgets: settings.budgets,
    accounts: settings.accounts,
    seeds: settings.seeds,
    seed: settings.seed,
    fitRows: settings.fitRows,
    scoreRows: settings.scoreRows,
    surrogates: settings.surrogate,
    queryPolicies: settings.queryPolicy,
    fidelity: settings.fidelity,
    ownership: settings.ownership,
    zoo: optional(settings.zoo),
    private: optional(settings.private),
    public: optional(settings.public),
    timeLimitMs: settings.time === undefined ? undefined : durationMs(settings.time),
    engine: settings.engine,
    device: settings.device,
    workers: settings.workers,
    policy: policyOf(folder, settings.policy),
    price: settings.price,
    costs: costsOf(settings),
  };
}

function costsOf(settings: Settings): Partial<CostAssumptions> {
  const { gpuHour, accountPrice, labelPrice, trainingCost } = settings;
  return {
    ...(gpuHour === undefined ? {} : { perComputeHour: gpuHour }),
    ...(accountPrice === undefined ? {} : { perAccount: accountPrice }),
    ...(labelPrice === undefined ? {} : { perLabel: labelPrice }),
    ...(trainingCost === undefined ? {} : { training: trainingCost }),
  };
}

/** @throws MoatError `usage`, `path-missing`, `configuration-invalid`, `endpoint-secret-missing`: before anything is asked */
function endpointSettings(folder: string, settings: Settings, encoder: string): EndpointSettings | undefined {
  const isAddress = /^https?:/i.test(encoder);
  if (!isAddress) {
    if (settings.endpoint === undefined) return undefined;
    throw new MoatError('usage', '--endpoint belongs to a service: moat audit https://... --endpoint FILE.');
  }
  const { size, mean, std, layout, range, output, pooling } = settings;
  if ([size, mean, std, layout, range, output, pooling].some((option) => option !== undefined))
    throw new MoatError(
      'usage',
      'A service prepares its images itself: --size, --mean, --std, --layout, --range, --output and --pooling are for files.',
    );
  if (settings.projection !== undefined)
    throw new MoatError(
      'usage',
      'A service gives one kind of answer: --projection names a second output, which only the file of an encoder has.',
    );
  const file = settings.endpoint;
  const value = file === undefined ? undefined : readJson(path.resolve(folder, file));
  if (file !== undefined && value === undefined)
    throw new MoatError('path-missing', `The endpoint file ${file} does not exist.`);
  const parsed = endpointSchema.safeParse(value ?? {});
  const issue = parsed.error?.issues[0];
  if (file !== undefined && issue !== undefined) {
    const entry = issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
    throw new MoatError('configuration-invalid', `${file}: ${entry}${issue.message}.`);
  }
  const victim = endpointOf(parseEndpointUrl(encoder), parsed.data);
  readSecrets(victim, process.env);
  return victim.settings;
}

function policyOf(folder: string, policy: Settings['policy']): Policy | undefined {
  if (policy === undefined) return undefined;
  if (typeof policy !== 'string') return parsePolicy(policy, settingsFile);
  const value = readJson(path.resolve(folder, policy));
  if (value === undefined) throw new MoatError('path-missing', `The policy file ${policy} does not exist.`);
  return parsePolicy(value, policy);
}
