import type { Command } from 'commander';
import { exitCode } from '../contract/errors.ts';
import type { CommandContext } from './context.ts';
import { examineMachine } from '../doctor/examine-machine.ts';
import { addExample, addJsonOption } from './flags.ts';
import { renderChecks } from './render/doctor.ts';

export function registerDoctor(program: Command, context: CommandContext): void {
  const command = program
    .command('doctor')
    .summary('check this machine: runtime, packages, engines and devices, disk, memory')
    .description('Checks whether this machine can run audits, and says what to do where it cannot.');
  addJsonOption(command);
  addExample(command, 'moat doctor').action(async (flags: { readonly json?: boolean }) => {
    const checks = await examineMachine(context.folder, context.clock);
    if (flags.json === true) context.terminal.printJson(checks);
    else for (const line of renderChecks(checks, context.terminal.output)) context.terminal.print(line);
    if (checks.some((check) => check.status === 'problem')) context.exitCode = exitCode.error;
  });
}
