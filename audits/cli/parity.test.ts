import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { emptyDraft, settingsOf, type Draft } from '../../renderer/new-audit/draft.ts';
import { systemClock } from '../run/system-clock.ts';
import { bridgeMethods } from '../serve/registry.ts';
import { settingsSchema } from '../settings/settings.ts';
import { commands } from './commands.ts';
import type { AppSettings } from '../contract/bridge.ts';
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

test('the form of a new audit says every setting that a command line may say', () => {
  const everyField: Draft = {
    ...emptyDraft(),
    encoder: '/e.onnx',
    options: {
      size: 32,
      mean: [0, 0, 0],
      std: [1, 1, 1],
      layout: 'nchw',
      range: '0-1',
      output: 'embedding',
      projection: 'projection',
      pooling: 'none',
    },
    pools: [{ path: '/pool', share: '' }],
    tasks: [{ name: 'task', path: '/task' }],
    attacks: ['direct-extraction'],
    defenses: ['none'],
    listedOnly: true,
    budgets: '500',
    accounts: '1',
    seeds: '3',
    time: '1h',
    hasPolicy: true,
    seed: '1',
    fitRows: '100',
    scoreRows: '100',
    backbone: '/backbone.onnx',
    surrogate: 'small-cnn',
    queryPolicy: 'random',
    transfer: true,
    ownership: true,
    zoo: '/zoo',
    private: '/private',
    public: '/public',
  };
  const app: AppSettings = {
    theme: 'system',
    engine: 'onnx',
    device: 'cpu',
    workers: 1,
    price: 1,
    gpuHour: 1,
    accountPrice: 1,
    labelPrice: 1,
    trainingCost: 1,
    reportFolder: '/reports',
  };
  const ofFile = settingsOf(everyField, app).settings;
  const ofService = settingsOf({ ...everyField, encoder: 'https://example.com', endpoint: '/e.json' }, app);
  const said = new Set([...Object.keys(ofFile), ...Object.keys(ofService.settings)]);
  // A window has one database; reports go where its settings say; the schema is for editors.
  const elsewhere = ['db', 'out', '$schema'];
  expect([...said, ...elsewhere].toSorted()).toEqual(Object.keys(settingsSchema.shape).toSorted());
  for (const { settings } of [{ settings: ofFile }, ofService])
    expect(settingsSchema.safeParse(settings).error).toBeUndefined();
});

test('docs/parity.md is in step with the code (npm run schemas)', () => {
  expect(readFileSync(path.join(import.meta.dirname, '../../docs/parity.md'), 'utf8')).toBe(renderParity());
});
