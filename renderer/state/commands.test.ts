import { expect, test } from 'vitest';
import { CommandRegistry, spellKeys } from './commands.svelte.ts';

const press = (code: string, held: readonly string[]) =>
  ({
    code,
    altKey: held.includes('alt'),
    shiftKey: held.includes('shift'),
    ctrlKey: held.includes('ctrl'),
    metaKey: held.includes('meta'),
  }) as KeyboardEvent;

test('keys run their command only with exactly their modifiers; mod is Ctrl, on a Mac Cmd', () => {
  const registry = new CommandRegistry();
  let runs = 0;
  const command = { id: 'a', title: 'A', group: 'G', keys: ['mod', 'KeyK'] as const, run: () => void runs++ };
  const stop = registry.add([command]);
  expect(registry.take(press('KeyK', ['ctrl']), false)).toBe(true);
  expect(registry.take(press('KeyK', ['meta']), true)).toBe(true);
  expect(registry.take(press('KeyK', ['meta']), false)).toBe(false);
  expect(registry.take(press('KeyK', ['ctrl', 'shift']), false)).toBe(false);
  expect(registry.take(press('KeyK', []), false)).toBe(false);
  stop();
  expect(registry.take(press('KeyK', ['ctrl']), false)).toBe(false);
  expect(runs).toBe(2);
});

test('what is not available now is neither listed nor run', () => {
  const registry = new CommandRegistry();
  registry.add([
    {
      id: 'a',
      title: 'A',
      group: 'G',
      keys: ['alt', 'KeyA'],
      isAvailable: () => false,
      run: () => expect.fail(),
    },
  ]);
  expect(registry.available).toEqual([]);
  expect(registry.take(press('KeyA', ['alt']), false)).toBe(false);
  registry.run('a');
});

test('keys are spelled as they stand on the keyboard', () => {
  expect(spellKeys(['mod', 'Slash'], false)).toBe('Ctrl /');
  expect(spellKeys(['alt', 'shift', 'KeyN'], true)).toBe('⌥ ⇧ N');
});
