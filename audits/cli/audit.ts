import type { Command } from 'commander';
import type { AuditConfig, Policy } from '../contract/audit.ts';
import { exitCode, MoatError } from '../contract/errors.ts';
import { builtinDemo, configureAudit, type AuditRequest } from '../plan/configure.ts';
import { parsePolicy } from '../plan/policy.ts';
import { planAudit, runAudit } from '../run/runner.ts';
import { silentLog } from '../contract/context.ts';
import { resolvePath, type CommandContext } from './context.ts';
import {
  addDatabaseOption,
  addEncoderOptions,
  addExample,
  addJsonOption,
  collectTask,
  readList,
  readNumber,
  readWhole,
  readWholes,
} from './flags.ts';
import { createProgress } from './progress.ts';
import { renderPlan } from './render/plan.ts';
import { displayPath, runSession, type SessionSettings } from './session.ts';
import {
  checkSettings,
  defaultDatabase,
  defaultReportFolder,
  mergeSettings,
  readJson,
  readSettings,
  settingsFile,
  type Settings,
} from './settings.ts';
import { listenForStop } from './signals.ts';
import { besideDatabase } from './terminal.ts';

/** Flags that say how to run, not what to measure: never in `moat.config.json`. */
export interface RunFlags {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly dryRun: boolean;
}

export function registerAudit(program: Command, context: CommandContext): void {
  const command = program
    .command('audit')
    .summary('steal an encoder through each defense and judge the defenses')
    .description(
      'Audits an ONNX image encoder: plays the attackers through each candidate defense, measures what was stolen and what honest users lost. Without an encoder it audits the built-in demo.',
    )
    .argument('[encoder]', 'path of the ONNX file (default: the built-in demo)')
    .option('--pool <dir...>', 'folders of images the attacker queries with')
    .option(
      '--task <name=dir>',
      'a labelled data set to measure with; may be given several times',
      collectTask,
    );
  addBatteryOptions(command);
  addEncoderOptions(command);
  addRunOptions(command);
  addExample(
    command,
    'moat audit encoder.onnx --pool photos --task cifar10=data/cifar10 --preset quick',
  ).action(async (encoder: string | undefined, flags: Record<string, unknown>) => {
    const file = readSettings(context.folder);
    const settings = mergeSettings(file, flagSettings({ ...flags, encoder }));
    await startAudit(context, settings, runFlags(flags));
  });
}

/** `--attacks`, `--defenses` and all that shapes the battery; shared by `audit` and `demo`. */
export function addBatteryOptions(command: Command): Command {
  return command
    .option('--preset <name>', 'quick, standard or demo')
    .option('--attacks <list>', 'attack configurations, commas between', readList('--attacks'))
    .option('--defenses <list>', 'defense configurations, commas between, + composes', readList('--defenses'))
    .option('--backbone <file>', 'a public ONNX encoder that the attacker holds')
    .option('--surrogate <name>', 'architecture of the stolen copy: small-cnn, resnet18 or resnet34')
    .option('--budgets <list>', 'query budgets: 500,2000', readWholes('--budgets'))
    .option('--accounts <list>', 'accounts the attacker holds: 1,5', readWholes('--accounts'))
    .option('--seeds <count>', 'repetitions behind every interval', readWhole('--seeds'))
    .option('--seed <number>', 'seed of everything', readWhole('--seed', 0))
    .option('--engine <name>', 'auto, onnx or reference')
    .option('--workers <count>', 'cells at a time', readWhole('--workers'))
    .option('--policy <file>', 'what you can live with; the exit code then answers it')
    .option('--price <dollars>', 'US dollars per query', readNumber('--price'));
}

export function addRunOptions(command: Command): Command {
  addDatabaseOption(command)
    .option('--out <dir>', 'folder for the report (default: moat-report)')
    .option('--dry-run', 'print cells, queries, time and money, and run nothing')
    .option('--yes', 'start without asking')
    .option('--quiet', 'no progress');
  return addJsonOption(command);
}

export function runFlags(flags: Readonly<Record<string, unknown>>): RunFlags {
  return { json: flags['json'] === true, quiet: flags['quiet'] === true, dryRun: flags['dryRun'] === true };
}

/** The flags that `moat.config.json` may hold too, checked by its schema. */
export function flagSettings(flags: Readonly<Record<string, unknown>>): Settings {
  const { json: _json, quiet: _quiet, dryRun: _dryRun, yes: _yes, ...settings } = flags;
  return checkSettings(settings, 'command line');
}

/** Runs, or with `--dry-run` prints, the audit that the settings ask for. */
export async function startAudit(
  context: CommandContext,
  settings: Settings,
  flags: RunFlags,
): Promise<void> {
  const config = configureAudit(auditRequest(context, settings));
  const session: SessionSettings = {
    command: 'moat audit',
    database: settings.db ?? defaultDatabase,
    reportFolder: settings.out ?? defaultReportFolder,
    hasPolicy: settings.policy !== undefined,
    json: flags.json,
    quiet: flags.quiet,
  };
  if (flags.dryRun) await printPlan(context, config, session);
  else await runSession(context, session, (options) => runAudit(config, options));
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
  const { size, mean, std, layout, range, output, pooling } = settings;
  return {
    encoder: located(encoder),
    encoderOptions: { size, mean, std, layout, range, output, pooling },
    backbone: settings.backbone === undefined ? undefined : located(settings.backbone),
    pools: (settings.pool ?? []).map(located),
    tasks: Object.entries(settings.task ?? {}).map(([name, folder]) => ({ name, path: located(folder) })),
    preset: settings.preset ?? (isDemo ? 'demo' : 'quick'),
    attacks: settings.attacks,
    defenses: settings.defenses,
    budgets: settings.budgets,
    accounts: settings.accounts,
    seeds: settings.seeds,
    seed: settings.seed,
    surrogate: settings.surrogate,
    engine: settings.engine,
    workers: settings.workers,
    policy: policyOf(context, settings.policy),
    price: settings.price,
  };
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
): Promise<void> {
  const { clock, terminal } = context;
  const database = resolvePath(context, session.database);
  const progress = createProgress(terminal, { quiet: session.quiet, monotonicMs: clock.monotonicMs });
  const controller = new AbortController();
  const stopListening = listenForStop({
    monotonicMs: clock.monotonicMs,
    onStop: () => controller.abort(),
    onKill: () => process.exit(exitCode.interrupted),
  });
  try {
    const plan = await planAudit(config, {
      clock,
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
