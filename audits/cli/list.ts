import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { addDatabaseOption, addExample, addJsonOption } from './flags.ts';
import { renderAudits } from './render/audits.ts';
import { chosenDatabase, withStore } from './stored-audits.ts';

export function registerList(program: Command, context: CommandContext): void {
  const command = program
    .command('list')
    .summary('the audits of a database, newest first')
    .description('Lists the audits of a database, newest first.');
  addJsonOption(addDatabaseOption(command));
  addExample(command, 'moat list --db moat.db').action(
    async (flags: { readonly db?: string; readonly json?: boolean }) => {
      const database = chosenDatabase(context, flags.db);
      const summaries = await withStore(context, database, (store) => store.audits.list());
      if (flags.json === true) context.terminal.printJson(summaries);
      else for (const line of renderAudits(summaries, context.terminal.output)) context.terminal.print(line);
    },
  );
}
