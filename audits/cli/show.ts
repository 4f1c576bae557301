import type { Command } from 'commander';
import { MoatError } from '../contract/errors.ts';
import type { AuditResult } from '../contract/result.ts';
import type { AuditRow, Store } from '../store/types.ts';
import { displayPath, resolvePath, type CommandContext } from './context.ts';
import { addDatabaseOption, addExample, addJsonOption, addPluginOption } from './flags.ts';
import { renderResult } from './render/result.ts';
import { requirePlugins } from './required-plugins.ts';
import { chosenDatabase, pickAudit, requireAudit, withStore } from './stored-audits.ts';

export function registerShow(program: Command, context: CommandContext): void {
  const command = program
    .command('show')
    .summary('an audit’s verdicts, matrix and flags')
    .description(
      'Shows an audit: the headline, the matrix with intervals, the verdict on each defense, the recommendation and the flags. Without an id: the newest. Works while the audit runs.',
    )
    .argument('[audit]', 'id, or the beginning of one');
  addPluginOption(addJsonOption(addDatabaseOption(command)));
  addExample(command, 'moat show --db moat.db').action(
    async (
      id: string | undefined,
      flags: { readonly db?: string; readonly json?: boolean; readonly plugin?: readonly string[] },
    ) => {
      const database = chosenDatabase(context, flags.db);
      const result = await withStore(context, database, (store) => {
        const audit = requireAudit(store, pickAudit(store.audits.list(), id));
        return resultOf(store, audit, () =>
          requirePlugins(context, audit.config.plugins, flags.plugin ?? []),
        );
      });
      if (flags.json === true) {
        context.terminal.printJson(result);
        return;
      }
      const files = { database: displayPath(context, resolvePath(context, database)), folder: null };
      for (const line of renderResult(result, files, context.terminal.output)) context.terminal.print(line);
    },
  );
}

/**
 * The stored result; while the audit runs, after it was killed, or where an earlier build stored it, what the cells in the
 * database amount to.
 */
async function resultOf(store: Store, audit: AuditRow, checkPlugins: () => void): Promise<AuditResult> {
  const stored =
    audit.state === 'completed' || audit.state === 'cancelled' ? store.reports.get(audit.id) : undefined;
  if (stored !== undefined) return stored;
  if (audit.preparation === null)
    throw audit.error === null
      ? new MoatError(
          'audit-unknown',
          `Audit ${audit.id} is still reading its data; there is nothing to show yet.`,
        )
      : MoatError.fromJSON(audit.error);
  checkPlugins();
  const [{ buildResult }, { usePlugins }] = await Promise.all([
    import('../report/build.ts'),
    import('../plugins/load.ts'),
  ]);
  await usePlugins(audit.config.plugins);
  return buildResult({
    audit,
    cells: store.cells.byAudit(audit.id),
    measurements: store.measurements.byAudit(audit.id),
  });
}
