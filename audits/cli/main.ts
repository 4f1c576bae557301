import process from 'node:process';
import { CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { exitCode } from '../contract/errors.ts';
import { systemClock } from '../run/system-clock.ts';
import type { CommandContext } from './context.ts';
import { reportFailure } from './failure.ts';
import { registerDoctor } from './doctor.ts';
import { createProgram, type Registration } from './program.ts';
import { createTerminal } from './terminal.ts';

/** The rim of the command line: arguments in, exit code out. */
async function main(args: readonly string[]): Promise<number> {
  const terminal = createTerminal(process.stdout, process.stderr);
  const json = args.includes('--json');
  const context: CommandContext = {
    terminal,
    clock: systemClock,
    moatVersion: manifest.version,
    folder: process.cwd(),
    exitCode: exitCode.ok,
    logFile: null,
  };
  // The net below all others: what no one caught still ends in one sentence and the right exit code.
  process.on('uncaughtException', (thrown) => {
    const { logFile } = context;
    process.exit(reportFailure(thrown, { terminal, json, logFile, now: systemClock.now() }));
  });
  try {
    const program = createProgram(context, await registrationsFor(args));
    await program.parseAsync(args.length === 0 ? ['--help'] : args, { from: 'user' });
    return context.exitCode;
  } catch (thrown) {
    // Help and version were printed; commander leaves through an error.
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return exitCode.ok;
    return reportFailure(thrown, { terminal, json, logFile: context.logFile, now: systemClock.now() });
  }
}

/** The doctor must be able to work where the packages of the other commands do not load. */
async function registrationsFor(args: readonly string[]): Promise<readonly Registration[]> {
  if (args[0] === 'doctor') return [registerDoctor];
  return (await import('./commands.ts')).commands;
}

// A reader that has seen enough (`moat list | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCode.ok);
});

const code = await main(process.argv.slice(2));
// Everything printed must leave before the process does: a pipe may still hold a part.
process.stdout.write('', () => process.exit(code));
