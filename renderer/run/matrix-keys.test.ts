import { expect, test } from 'vitest';
import { positionAfterKey } from './matrix-keys.ts';

const [defense, group] = [{ kind: 'defense' } as const, { kind: 'group' } as const];
/** Row by row: 0, title, 2, 3, title, 5. */
const grid = { rows: [defense, group, defense, defense, group, defense], columns: 4, page: 2 };

test.each([
  ['ArrowDown', [0, 1], [2, 1]],
  ['ArrowDown', [5, 1], [5, 1]],
  ['ArrowUp', [2, 1], [0, 1]],
  ['ArrowUp', [0, 1], [0, 1]],
  ['ArrowRight', [0, 3], [0, 3]],
  ['ArrowLeft', [0, 0], [0, 0]],
  ['Home', [3, 2], [3, 0]],
  ['End', [3, 2], [3, 3]],
  ['PageDown', [2, 1], [3, 1]],
  ['PageDown', [3, 1], [5, 1]],
  ['PageUp', [5, 1], [3, 1]],
  ['PageUp', [3, 1], [2, 1]],
  ['ctrl Home', [3, 2], [0, 0]],
  ['ctrl End', [0, 0], [5, 3]],
] as const)('%s moves from %j to %j', (keys, [row, column], to) => {
  const ctrlKey = keys.startsWith('ctrl ');
  expect(positionAfterKey({ key: keys.replace('ctrl ', ''), ctrlKey }, { row, column }, grid)).toEqual({
    row: to[0],
    column: to[1],
  });
});

test.each(['Enter', 'a', 'Tab', 'ctrl ArrowDown'])('%s moves nothing', (keys) => {
  const ctrlKey = keys.startsWith('ctrl ');
  expect(
    positionAfterKey({ key: keys.replace('ctrl ', ''), ctrlKey }, { row: 0, column: 0 }, grid),
  ).toBeNull();
});

test('titles at the ends are no place for the keyboard', () => {
  const titled = { rows: [group, defense, group], columns: 1, page: 9 };
  for (const key of ['PageUp', 'PageDown', 'ArrowUp', 'ArrowDown'])
    expect(positionAfterKey({ key, ctrlKey: false }, { row: 1, column: 0 }, titled)?.row).toBe(1);
});
