import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { addExample } from './flags.ts';
import { registerZooTrain } from './zoo-train.ts';

export function registerZoo(program: Command, context: CommandContext): void {
  const command = program
    .command('zoo')
    .summary('independent encoders, for `moat own --zoo`: train')
    .description(
      'Independent encoders beside which a suspect is judged (docs/ownership.md). Each command takes --json.',
    );
  registerZooTrain(command, context);
  addExample(command, 'moat zoo train photos other-photos --out zoo --count 20');
}
