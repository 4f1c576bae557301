import type { Command } from 'commander';
import { resolvePath, type CommandContext } from './context.ts';
import { addExample, addJsonOption, addPluginOption } from './flags.ts';
import { methodEntry } from './method-list.ts';
import { renderMethods } from './render/methods.ts';

export function registerDefenses(program: Command, context: CommandContext): void {
  const command = program
    .command('defenses')
    .summary('the defenses and their settings')
    .description('Lists the defenses with their settings, for --defenses id[:key=value]*[+id...].');
  addPluginOption(addJsonOption(command));
  addExample(command, 'moat defenses --json').action(
    async (flags: { readonly json?: boolean; readonly plugin?: readonly string[] }) => {
      const [{ defenseRegistry }, { loadPlugins }] = await Promise.all([
        import('../defenses/registry.ts'),
        import('../plugins/load.ts'),
      ]);
      await loadPlugins((flags.plugin ?? []).map((file) => resolvePath(context, file)));
      const entries = defenseRegistry.all().map((defense) => ({
        ...methodEntry(defense),
        mechanism: defense.meta.mechanism,
        mustFace: defense.meta.mustFace,
        stateful: defense.meta.stateful,
      }));
      if (flags.json === true) context.terminal.printJson(entries);
      else for (const line of renderMethods(entries, context.terminal.output)) context.terminal.print(line);
    },
  );
}
