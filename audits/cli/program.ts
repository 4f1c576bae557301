import { Command } from 'commander';
import { registerAttacks } from './attacks.ts';
import { registerAudit } from './audit.ts';
import { registerCancel } from './cancel.ts';
import type { CommandContext } from './context.ts';
import { registerDefenses } from './defenses.ts';
import { registerDemo } from './demo.ts';
import { registerDoctor } from './doctor.ts';
import { registerInspect } from './inspect-command.ts';
import { registerList } from './list.ts';
import { registerResume } from './resume.ts';
import { registerShow } from './show.ts';

/** The whole command line. Nothing in it ends the process or prints an error: `main.ts` does. */
export function createProgram(context: CommandContext): Command {
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
  const registrations = [
    registerAudit,
    registerDemo,
    registerInspect,
    registerResume,
    registerCancel,
    registerList,
    registerShow,
    registerAttacks,
    registerDefenses,
    registerDoctor,
  ];
  // Settings of the program (exit override, output) are inherited by commands added after them.
  for (const register of registrations) register(program, context);
  return program;
}
