import type { Command } from 'commander';
import { addBatteryOptions, addRunOptions, flagSettings, runFlags } from './audit.ts';
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
    const settings = flagSettings(flags);
    const { startAudit } = await import('./start-audit.ts');
    // Without an encoder the demo is what is audited.
    await startAudit(context, settings, runFlags(flags));
  });
}
