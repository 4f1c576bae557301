import type { Command } from 'commander';
import { requireAudit } from '../report/stored-result.ts';
import type { CommandContext } from './context.ts';
import { requireStoredDevice, requireUnfinished } from '../run/resumable.ts';
import { addDatabaseOption, addExample, addJsonOption, addPluginOption } from './flags.ts';
import { defaultReportFolder, readSettings } from '../settings/settings.ts';
import type { AuditSummary } from '../store/types.ts';
import { requirePlugins } from './required-plugins.ts';
import { chosenDatabase, pickAudit, withStore } from './stored-audits.ts';

interface ResumeFlags {
  readonly db?: string;
  readonly out?: string;
  readonly failed?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly plugin?: readonly string[];
}

export function registerResume(program: Command, context: CommandContext): void {
  const command = program
    .command('resume')
    .summary('go on with an audit that was stopped')
    .description(
      'Goes on with an audit that was stopped, killed or cancelled: finished cells are kept, the others start from their last checkpoint. Without an id: the newest unfinished one.',
    )
    .argument('[audit]', 'id, or the beginning of one');
  addDatabaseOption(command)
    .option('--out <dir>', 'folder for the report (default: moat-report)')
    .option('--failed', 'try cells that failed again, too')
    .option('--quiet', 'no progress');
  addPluginOption(addJsonOption(command));
  addExample(command, 'moat resume --db moat.db').action(
    async (id: string | undefined, flags: ResumeFlags) => {
      const database = chosenDatabase(context, flags.db);
      const retryFailed = flags.failed === true;
      const { auditId, config } = await withStore(context, database, (store) => {
        // Without an id: the newest that was stopped on the way; one that could not even begin comes last.
        const unfinished = (audit: AuditSummary): boolean =>
          audit.state !== 'completed' || (retryFailed && audit.cellsFailed > 0);
        const begun = store.audits.list().filter((audit) => audit.cellsTotal > 0);
        const candidates = id === undefined && begun.some(unfinished) ? begun : store.audits.list();
        const chosen = pickAudit(candidates, id, unfinished, 'unfinished audit');
        const audit = requireAudit(store, chosen);
        requireUnfinished(store, audit, { failed: retryFailed });
        return { auditId: chosen, config: audit.config };
      });
      requirePlugins(context, config.plugins, flags.plugin ?? []);
      await requireStoredDevice({ id: auditId, config });
      const [{ continueAudit }, { runSession }] = await Promise.all([
        import('../run/runner.ts'),
        import('./session.ts'),
      ]);
      await runSession(
        context,
        {
          command: 'moat resume',
          database,
          reportFolder: flags.out ?? readSettings(context.folder).out ?? defaultReportFolder,
          json: flags.json === true,
          quiet: flags.quiet === true,
          plugins: flags.plugin ?? [],
          hasPolicy: config.isGated,
        },
        (options) => continueAudit(auditId, options, { failed: retryFailed }),
      );
    },
  );
}
