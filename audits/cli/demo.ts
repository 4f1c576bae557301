import type { Command } from 'commander';
import { builtinDemo } from '../plan/configure.ts';
import { addBatteryOptions, addRunOptions, flagSettings, runFlags, startAudit } from './audit.ts';
import type { CommandContext } from './context.ts';
import { addExample } from './flags.ts';

export function registerDemo(program: Command, context: CommandContext): void {
  const command = program
    .command('demo')
    .summary('audit the built-in demo encoder: no file, no network')
    .description(
      'Audits the built-in demo encoder on images drawn at run time: no file, no network. moat.config.json is not read.',
    );
  addBatteryOptions(command);
  addRunOptions(command);
  addExample(command, 'moat demo --out demo-report').action(async (flags: Record<string, unknown>) => {
    await startAudit(context, { ...flagSettings(flags), encoder: builtinDemo }, runFlags(flags));
  });
}
