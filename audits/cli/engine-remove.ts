import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { addExample, addJsonOption, readChoice } from './flags.ts';

export function registerEngineRemove(engine: Command, context: CommandContext): void {
  const command = engine
    .command('remove')
    .summary('remove an installed engine')
    .description('Removes the tensorflow engine and whatever interrupted installations left.')
    .argument('<engine>', 'tensorflow', readChoice('remove', ['tensorflow']));
  addJsonOption(command);
  addExample(command, 'moat engine remove tensorflow').action(
    async (_name: string, flags: { readonly json?: boolean }) => {
      const { enginesFolder } = await import('../tensor/tensorflow/pack/folder.ts');
      const { removePack } = await import('../tensor/tensorflow/pack/remove.ts');
      const removed = removePack(enginesFolder());
      if (flags.json === true) context.terminal.printJson({ engine: 'tensorflow', removed });
      else
        context.terminal.print(
          removed ? 'The tensorflow engine is removed.' : 'The tensorflow engine is not installed.',
        );
    },
  );
}
