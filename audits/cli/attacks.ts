import type { Command } from 'commander';
import { resolvePath, type CommandContext } from './context.ts';
import { addExample, addJsonOption, addPluginOption } from './flags.ts';
import { methodEntry } from './method-list.ts';
import { renderMethods } from './render/methods.ts';

export function registerAttacks(program: Command, context: CommandContext): void {
  const command = program
    .command('attacks')
    .summary('the attacks and their settings')
    .description('Lists the attacks with their settings, for --attacks id[:key=value]*.');
  addPluginOption(addJsonOption(command));
  addExample(command, 'moat attacks --json').action(
    async (flags: { readonly json?: boolean; readonly plugin?: readonly string[] }) => {
      const [{ attackRegistry }, { loadPlugins }] = await Promise.all([
        import('../attacks/registry.ts'),
        import('../plugins/load.ts'),
      ]);
      await loadPlugins((flags.plugin ?? []).map((file) => resolvePath(context, file)));
      const entries = attackRegistry.all().map((attack) => ({
        ...methodEntry(attack),
        knowledge: attack.meta.knowledge,
        requires: attack.meta.requires,
        training: attack.meta.training,
      }));
      if (flags.json === true) context.terminal.printJson(entries);
      else for (const line of renderMethods(entries, context.terminal.output)) context.terminal.print(line);
    },
  );
}
