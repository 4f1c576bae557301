import type { Command } from 'commander';
import { commandName } from './command-name.ts';
import { engineStates, type EngineState } from '../doctor/engine-states.ts';
import type { CommandContext } from './context.ts';
import { addExample, addJsonOption } from './flags.ts';

export function registerEngineList(engine: Command, context: CommandContext): void {
  const command = engine
    .command('list')
    .summary('the engines and whether their files are whole')
    .description('Lists the training engines; of an installed one every file is compared with its hash.');
  addJsonOption(command);
  addExample(command, 'moat engine list').action(async (flags: { readonly json?: boolean }) => {
    const entries = (await engineStates()).map((entry) => ({ ...entry, sentence: advised(entry) }));
    if (flags.json === true) context.terminal.printJson(entries);
    else
      for (const { engine: id, state, sentence } of entries)
        context.terminal.print(`${id.padEnd(12)}${state.padEnd(15)}${sentence}`);
  });
}

function advised({ engine, state, sentence }: EngineState): string {
  if (state === 'ready') return sentence;
  const install = `${commandName} engine install ${engine}`;
  return state === 'damaged' ? `${sentence} Install it again: ${install}` : `install it with: ${install}`;
}
