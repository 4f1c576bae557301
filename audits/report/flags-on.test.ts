import { expect, test } from 'vitest';
import type { Flag } from '../contract/result.ts';
import { flagFinder } from './flags-on.ts';

const flag = (id: string, scope: string): Flag => ({ id, scope, severity: 'weakens', sentence: id });

test('a number has the flags of its cells, its task, its defense, the victim and the audit, each once and in order', () => {
  const find = flagFinder({
    flags: [
      flag('cell', 'cell:k1'),
      flag('other-cell', 'cell:k9'),
      flag('audit', 'audit'),
      flag('task', 'task:pets'),
      flag('other-task', 'task:cars'),
      flag('defense', 'defense:none'),
      flag('victim', 'victim'),
    ],
  });
  const ids = find({ task: 'pets', defense: 'none', cellKeys: ['k1', 'k1', 'k2'] }).map(({ id }) => id);
  expect(ids).toEqual(['cell', 'audit', 'task', 'defense', 'victim']);
  expect(find({}).map(({ id }) => id)).toEqual(['audit', 'victim']);
});
