import { Command } from 'commander';
import type { CommandContext } from './context.ts';

/** Adds one command to the program. */
export type Registration = (program: Command, context: CommandContext) => void;

/** The command line of some commands. Nothing in it ends the process or prints an error: `main.ts` does. */
export function createProgram(context: CommandContext, registrations: readonly Registration[]): Command {
  const program = new Command('moat')
    .description(
      'Finds out, before launch, how cheaply an image-embedding service can be copied through its API and which defense is worth switching on.',
    )
    .version(context.moatVersion, '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nExit codes: 0 done (with --policy: pass), 1 policy not met, 2 error, incomplete or not measured,\n3 encoder not supported, 4 usage, 5 stopped and resumable, 130 ended at once.\n\nExample:\n  $ moat demo',
    );
  // Commands inherit the settings above, so they come after them.
  for (const register of registrations) register(program, context);
  return program;
}
