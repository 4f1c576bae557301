import type { AuditConfig, CostAssumptions, Policy } from '../contract/audit.ts';
import { silentLog } from '../contract/context.ts';
import { endpointSchema, type EndpointSettings } from '../contract/endpoint.ts';
import { exitCode, MoatError } from '../contract/errors.ts';
import { chooseDevice } from '../devices/choose.ts';
import { cachedTrials } from '../devices/trial-cache.ts';
import { builtinDemo } from '../encoder/demo-encoder.ts';
import { endpointOf } from '../endpoint/endpoint.ts';
import { parseEndpointUrl, readSecrets } from '../endpoint/secrets.ts';
import { configureAudit, type AuditRequest } from '../plan/configure.ts';
import { parsePolicy } from '../plan/policy.ts';
import { loadPlugins } from '../plugins/load.ts';
import { planService } from '../run/plan-service.ts';
import { planAudit, runAudit } from '../run/runner.ts';
import { confirmAsking } from './confirm.ts';
import { displayPath, resolvePath, type CommandContext } from './context.ts';
import type { RunFlags } from './audit.ts';
import { createProgress } from './progress.ts';
import { renderPlan } from './render/plan.ts';
import { runSession, type SessionSettings } from './session.ts';
import {
  defaultDatabase,
  defaultReportFolder,
  durationMs,
  readJson,
  settingsFile,
  type Settings,
} from './settings.ts';
import { listenForStop } from './signals.ts';
import { besideDatabase } from './terminal.ts';

/** Runs, or with `--dry-run` prints, the audit that the settings ask for. */
export async function startAudit(
  context: CommandContext,
  settings: Settings,
  flags: RunFlags,
): Promise<void> {
  const beganAtMs = context.clock.monotonicMs();
  // Before anything is read that may name their ids.
  const plugins = await loadPlugins(flags.plugins.map((file) => resolvePath(context, file)));
  const asked = configureAudit({ ...auditRequest(context, settings), plugins });
  const { device = 'auto' } = settings;
  const choice = await chooseDevice(
    { engine: settings.engine ?? 'auto', device, workers: asked.workers },
    // Whoever names a device may just have installed its driver.
    cachedTrials({ refresh: device !== 'auto' }),
  );
  const config: AuditConfig = { ...asked, engine: choice.engine, device: choice.device };
  const session: SessionSettings = {
    command: 'moat audit',
    database: settings.db ?? defaultDatabase,
    reportFolder: settings.out ?? defaultReportFolder,
    hasPolicy: settings.policy !== undefined,
    json: flags.json,
    quiet: flags.quiet,
    plugins: flags.plugins,
  };
  if (flags.dryRun) await printPlan(context, config, session, beganAtMs);
  else {
    if (config.endpoint !== undefined) await confirmAsking(context, config, await planService(config), flags);
    if (!flags.quiet) context.terminal.note(`device: ${choice.reason}`);
    await runSession(context, session, (options) =>
      runAudit(config, { ...options, deviceReason: choice.reason, beganAtMs }),
    );
  }
}

function auditRequest(context: CommandContext, settings: Settings): AuditRequest {
  const encoder = settings.encoder ?? builtinDemo;
  const isDemo = encoder === builtinDemo;
  if (settings.encoder === undefined && (settings.pool !== undefined || settings.task !== undefined))
    throw new MoatError(
      'usage',
      'Name the encoder that --pool and --task are for: moat audit ENCODER --pool ...',
    );
  const located = (location: string): string =>
    location === builtinDemo ? location : resolvePath(context, location);
  const optional = (folder: string | undefined): string | undefined =>
    folder === undefined ? undefined : resolvePath(context, folder);
  const endpoint = endpointSettings(context, settings, encoder);
  const { size, mean, std, layout, range, output, pooling, projection } = settings;
  return {
    encoder: endpoint === undefined ? located(encoder) : parseEndpointUrl(encoder),
    endpoint,
    encoderOptions: { size, mean, std, layout, range, output, pooling, projection },
    backbone: settings.backbone === undefined ? undefined : located(settings.backbone),
    pools: (settings.pool ?? []).map(located),
    tasks: Object.entries(settings.task ?? {}).map(([name, folder]) => ({ name, path: located(folder) })),
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
    policy: policyOf(context, settings.policy),
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
function endpointSettings(
  context: CommandContext,
  settings: Settings,
  encoder: string,
): EndpointSettings | undefined {
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
  const value = file === undefined ? undefined : readJson(resolvePath(context, file));
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

function policyOf(context: CommandContext, policy: Settings['policy']): Policy | undefined {
  if (policy === undefined) return undefined;
  if (typeof policy !== 'string') return parsePolicy(policy, settingsFile);
  const value = readJson(resolvePath(context, policy));
  if (value === undefined) throw new MoatError('path-missing', `The policy file ${policy} does not exist.`);
  return parsePolicy(value, policy);
}

async function printPlan(
  context: CommandContext,
  config: AuditConfig,
  session: SessionSettings,
  beganAtMs: number,
): Promise<void> {
  const { clock, terminal } = context;
  const database = resolvePath(context, session.database);
  if (config.endpoint !== undefined) {
    // Preparing would ask the service: a plan costs nothing.
    const plan = await planService(config);
    if (session.json) terminal.printJson({ config, ...plan });
    else
      for (const line of renderPlan(config, plan, displayPath(context, database), terminal.output))
        terminal.print(line);
    return;
  }
  const progress = createProgress(terminal, { quiet: session.quiet, clock });
  const controller = new AbortController();
  const stopListening = listenForStop({
    clock,
    onStop: () => controller.abort(),
    onKill: () => process.exit(exitCode.interrupted),
  });
  try {
    const plan = await planAudit(config, {
      clock,
      beganAtMs,
      log: silentLog,
      signal: controller.signal,
      onEvent: progress.onEvent,
      moatVersion: context.moatVersion,
      artifactFolder: besideDatabase(database, 'artifacts'),
    });
    progress.end();
    if (session.json) terminal.printJson({ config, ...plan });
    else
      for (const line of renderPlan(config, plan, displayPath(context, database), terminal.output))
        terminal.print(line);
  } finally {
    progress.end();
    stopListening();
  }
}
