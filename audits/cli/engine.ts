import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { registerEngineInstall } from './engine-install.ts';
import { registerEngineList } from './engine-list.ts';
import { registerEngineRemove } from './engine-remove.ts';
import { addExample } from './flags.ts';

export function registerEngine(program: Command, context: CommandContext): void {
  const command = program
    .command('engine')
    .summary('training engines: install, list, remove')
    .description(
      'Installs, lists and removes training engines that are too large to come with Moat. Each command takes --json.',
    );
  registerEngineInstall(command, context);
  registerEngineList(command, context);
  registerEngineRemove(command, context);
  addExample(command, 'moat engine install tensorflow');
}
