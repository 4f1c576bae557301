import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { addExample, addJsonOption } from './flags.ts';
import { methodEntry } from './method-list.ts';
import { renderMethods } from './render/methods.ts';

export function registerDefenses(program: Command, context: CommandContext): void {
  const command = program
    .command('defenses')
    .summary('the defenses and their settings')
    .description('Lists the defenses with their settings, for --defenses id[:key=value]*[+id...].');
  addJsonOption(command);
  addExample(command, 'moat defenses --json').action(async (flags: { readonly json?: boolean }) => {
    const { defenses } = await import('../defenses/registry.ts');
    const entries = defenses.map((defense) => ({
      ...methodEntry(defense),
      mechanism: defense.meta.mechanism,
      mustFace: defense.meta.mustFace,
      stateful: defense.meta.stateful,
    }));
    if (flags.json === true) context.terminal.printJson(entries);
    else for (const line of renderMethods(entries, context.terminal.output)) context.terminal.print(line);
  });
}
