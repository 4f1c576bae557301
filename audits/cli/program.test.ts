import { CommanderError } from 'commander';
import { expect, test } from 'vitest';
import { systemClock } from '../run/system-clock.ts';
import { commands } from './commands.ts';
import type { CommandContext } from './context.ts';
import { createProgram } from './program.ts';
import { plainPaint } from './render/view.ts';

const view = { columns: 80, paint: plainPaint };
const context: CommandContext = {
  terminal: {
    output: view,
    progress: view,
    hasLiveProgress: false,
    print: () => undefined,
    printJson: () => undefined,
    note: () => undefined,
    writeProgress: () => undefined,
  },
  clock: systemClock,
  moatVersion: '0.1.0',
  folder: '/',
  exitCode: 0,
  logFile: null,
};

const names = createProgram(context, commands).commands.map((command) => command.name());

test.each(names)('%s --help explains every option and ends with one example', async (name) => {
  let text = '';
  const program = createProgram(context, commands);
  const command = program.commands.find((candidate) => candidate.name() === name);
  command?.configureOutput({ writeOut: (part) => (text += part) });
  await expect(program.parseAsync([name, '--help'], { from: 'user' })).rejects.toThrow(CommanderError);
  expect(text.match(/Example:\n {2}\$ moat /g)).toHaveLength(1);
  expect(text).toContain(`$ moat ${name}`);
  for (const option of command?.options ?? []) expect(option.description).not.toBe('');
  expect(text).toContain('--json');
});
