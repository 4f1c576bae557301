import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { systemClock } from '../run/system-clock.ts';
import { bridgeMethods } from '../serve/registry.ts';
import { settingsSchema } from '../settings/settings.ts';
import { commands } from './commands.ts';
import type { CommandContext } from './context.ts';
import { commandParity, renderParity, windowOnly } from './parity.ts';
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

/** Every command that does something: `engine` itself only has others below it. */
const leaves = createProgram(context, commands).commands.flatMap(
  (command): readonly (readonly [string, Command])[] =>
    command.commands.length === 0
      ? [[command.name(), command]]
      : command.commands.map((below) => [`${command.name()} ${below.name()}`, below]),
);
const methods: readonly string[] = bridgeMethods.map(({ name }) => name);

test('every command has methods, or a reason to have none', () => {
  expect(commandParity.map(({ command }) => command).toSorted()).toEqual(
    leaves.map(([name]) => name).toSorted(),
  );
  for (const { command, methods: used, reason } of commandParity)
    expect(used.length === 0, command).toBe(reason !== undefined);
});

test('every method stands for a command, or has a reason to stand for none; none is listed that does not exist', () => {
  const used = commandParity.flatMap((entry): readonly string[] => entry.methods);
  expect([...new Set([...used, ...Object.keys(windowOnly)])].toSorted()).toEqual(methods.toSorted());
  for (const name of Object.keys(windowOnly)) expect(used).not.toContain(name);
});

test('a method is registered once', () => {
  expect(methods).toEqual([...new Set(methods)]);
});

test.each(commandParity.filter(({ methods: used }) => used.length > 0))(
  'moat $command: options that the app lacks exist',
  ({ command, options = {} }) => {
    const known = leaves.find(([name]) => name === command)?.[1].options.map(({ long }) => long);
    for (const option of Object.keys(options)) expect(known).toContain(option);
  },
);

test.each(['audit', 'demo'])('%s: every option is a setting that a window may send, or listed', (name) => {
  const settings = Object.keys(settingsSchema.shape);
  const entry = commandParity.find(({ command }) => command === name);
  // `--dry-run` is `audits.estimate`, `--yes` is `confirmed`.
  const others = ['dryRun', 'yes'];
  const command = leaves.find(([leaf]) => leaf === name)?.[1];
  for (const option of command?.options ?? [])
    if (!others.includes(option.attributeName()) && entry?.options?.[option.long ?? ''] === undefined)
      expect(settings).toContain(option.attributeName());
});

test('docs/parity.md is in step with the code (npm run schemas)', () => {
  expect(readFileSync(path.join(import.meta.dirname, '../../docs/parity.md'), 'utf8')).toBe(renderParity());
});
