import type { Command } from 'commander';
import { exitCode } from '../contract/errors.ts';
import type { CommandContext } from './context.ts';
import { checkDisk, checkFolder, checkMemory, checkNode, checkPackages, guarded } from './doctor-checks.ts';
import { addExample, addJsonOption } from './flags.ts';
import { renderChecks } from './render/doctor.ts';

export function registerDoctor(program: Command, context: CommandContext): void {
  const command = program
    .command('doctor')
    .summary('check this machine: runtime, packages, engines and devices, disk, memory')
    .description('Checks whether this machine can run audits, and says what to do where it cannot.');
  addJsonOption(command);
  addExample(command, 'moat doctor').action(async (flags: { readonly json?: boolean }) => {
    const reinstall = 'Run npm ci in the project folder.';
    const checks = [
      checkNode(),
      checkPackages(),
      // Loaded late: a broken native library must become a line of this list, not the end of the program.
      ...(await guarded('engine', reinstall, async () =>
        (await import('./doctor-engine.ts')).checkEngines(),
      )),
      ...(await guarded('images', reinstall, async () => (await import('./doctor-images.ts')).checkImages())),
      ...(await guarded('database', reinstall, async () =>
        (await import('./doctor-database.ts')).checkDatabase(context.clock),
      )),
      ...(await guarded('folder', 'Work in another folder.', () => checkFolder(context.folder))),
      ...(await guarded('disk', 'Work in another folder.', () => checkDisk(context.folder))),
      checkMemory(),
    ];
    if (flags.json === true) context.terminal.printJson(checks);
    else for (const line of renderChecks(checks, context.terminal.output)) context.terminal.print(line);
    if (checks.some((check) => check.status === 'problem')) context.exitCode = exitCode.error;
  });
}
