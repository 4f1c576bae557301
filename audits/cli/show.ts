import type { Command } from 'commander';
import { requireAudit, storedResult } from '../report/stored-result.ts';
import { displayPath, resolvePath, type CommandContext } from './context.ts';
import { addDatabaseOption, addExample, addJsonOption, addPluginOption } from './flags.ts';
import { renderResult } from './render/result.ts';
import { requirePlugins } from './required-plugins.ts';
import { chosenDatabase, pickAudit, withStore } from './stored-audits.ts';

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
        return storedResult(store, audit, () =>
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
