import type { Command } from 'commander';
import { requestCancel } from '../store/cancel.ts';
import { commandName } from './command-name.ts';
import { resolvePath, type CommandContext } from './context.ts';
import { addDatabaseOption, addExample, addJsonOption } from './flags.ts';
import { chosenDatabase, pickAudit, withStore } from './stored-audits.ts';

export function registerCancel(program: Command, context: CommandContext): void {
  const command = program
    .command('cancel')
    .summary('ask a running audit to stop at a safe point')
    .description(
      'Asks an audit that another process runs to stop at its next safe point; it can be resumed. Without an id: the newest running one.',
    )
    .argument('[audit]', 'id, or the beginning of one');
  addJsonOption(addDatabaseOption(command));
  addExample(command, 'moat cancel --db moat.db').action(
    async (id: string | undefined, flags: { readonly db?: string; readonly json?: boolean }) => {
      const database = chosenDatabase(context, flags.db);
      const auditId = await withStore(context, database, (store) =>
        pickAudit(
          store.audits.list(),
          id,
          ({ state }) => state === 'running' || state === 'preparing',
          'running audit',
        ),
      );
      const state = requestCancel(resolvePath(context, database), auditId, context.clock);
      const isStopping = state === 'running' || state === 'preparing';
      if (flags.json === true) context.terminal.printJson({ auditId, state, stopping: isStopping });
      else
        context.terminal.print(
          isStopping
            ? `Audit ${auditId} stops at its next safe point; continue with: ${commandName} resume ${auditId}`
            : `Audit ${auditId} is not running (${state}); nothing to cancel.`,
        );
    },
  );
}
