import type { AuditConfig } from '../contract/audit.ts';
import { silentLog } from '../contract/context.ts';
import { loadPlugins } from '../plugins/load.ts';
import { planService } from '../run/plan-service.ts';
import { planAudit, runAudit } from '../run/runner.ts';
import { besideDatabase } from '../run/file-log.ts';
import { confirmAsking } from './confirm.ts';
import { displayPath, resolvePath, type CommandContext } from './context.ts';
import type { RunFlags } from './audit.ts';
import { createProgress } from './progress.ts';
import { renderPlan } from './render/plan.ts';
import { runSession, type SessionSettings } from './session.ts';
import { configuredAudit } from '../settings/configured-audit.ts';
import { defaultDatabase, defaultReportFolder, type Settings } from '../settings/settings.ts';
import { untilStopped } from './signals.ts';

/** Runs, or with `--dry-run` prints, the audit that the settings ask for. */
export async function startAudit(
  context: CommandContext,
  settings: Settings,
  flags: RunFlags,
): Promise<void> {
  const beganAtMs = context.clock.monotonicMs();
  // Before anything is read that may name their ids.
  const plugins = await loadPlugins(flags.plugins.map((file) => resolvePath(context, file)));
  const { config, deviceReason } = await configuredAudit(settings, context.folder, plugins);
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
    if (!flags.quiet) context.terminal.note(`device: ${deviceReason}`);
    await runSession(context, session, (options) =>
      runAudit(config, { ...options, deviceReason, beganAtMs }),
    );
  }
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
  try {
    const plan = await untilStopped(clock, (signal) =>
      planAudit(config, {
        clock,
        beganAtMs,
        log: silentLog,
        signal,
        onEvent: progress.onEvent,
        moatVersion: context.moatVersion,
        artifactFolder: besideDatabase(database, 'artifacts'),
      }),
    );
    progress.end();
    if (session.json) terminal.printJson({ config, ...plan });
    else
      for (const line of renderPlan(config, plan, displayPath(context, database), terminal.output))
        terminal.print(line);
  } finally {
    progress.end();
  }
}
