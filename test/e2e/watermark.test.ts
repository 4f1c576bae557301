import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditResult, MatrixCell } from '../../audits/contract/result.ts';
import { runMoat } from '../helpers/moat.ts';
import { makeTinyProject, measurementsOf, type TinyProject } from '../helpers/tiny-project.ts';

/** A marked service through a whole audit: the mark's score before and after removal, and what the verdict makes of a mark. */

const plain = 'backbone-stitching';
const removal = (method: string): string => `watermark-removal:base=backbone-stitching:method=${method}`;
const rotated = 'watermark-removal:base=backbone-stitching';
const attacks = [plain, rotated, removal('permute'), removal('truncate'), removal('average'), removal('cse')];
const linear = 'linear-watermark:terms=2';
const region = 'region-watermark:strength=0.5';

let project: TinyProject;
let result: AuditResult;

beforeAll(async () => {
  project = await makeTinyProject();
  const args = ['--preset', 'quick', '--budgets', '64', '--seeds', '1'];
  const lists = ['--attacks', attacks.join(','), '--defenses', [linear, region].join(',')];
  const audit = await runMoat(
    ['audit', ...project.arguments, ...args, ...lists, '--db', 'x.db', '--out', 'x', '--json'],
    { cwd: project.folder },
  );
  expect(audit.code, audit.stderr).toBe(0);
  result = JSON.parse(audit.stdout) as AuditResult;
});
afterAll(() => rmSync(project.folder, { recursive: true, force: true }));

function cellOf(attack: string, defense: string): MatrixCell {
  const cell = result.matrix.find((entry) => entry.attack === attack && entry.defense === defense);
  if (cell === undefined) throw new Error(`no cell ${attack} on ${defense}`);
  return cell;
}
const scoreOf = (attack: string, defense: string): number =>
  cellOf(attack, defense).markScore?.value ?? Number.NaN;

test('every copy made at a marked service has a mark score, and no other', () => {
  for (const attack of attacks)
    for (const defense of [linear, region]) {
      expect(cellOf(attack, defense).state).toBe('done');
      expect(scoreOf(attack, defense)).toEqual(expect.any(Number));
    }
  for (const attack of attacks) expect(cellOf(attack, 'none').markScore).toBeUndefined();
  const rows = measurementsOf(path.join(project.folder, 'x.db')) as readonly { readonly metric: string }[];
  const stored = rows.filter(({ metric }) => metric === 'mark-score');
  const marked = result.matrix.filter(({ defense, state }) => defense !== 'none' && state === 'done');
  expect(stored).toHaveLength(marked.length);
});

test('the same copy, turned or reordered: a mark of angles is found as before, one of coordinates is not', () => {
  for (const attack of [rotated, removal('permute')]) {
    expect(scoreOf(attack, region)).toBeCloseTo(scoreOf(plain, region), 2);
    expect(Math.abs(scoreOf(attack, linear) - scoreOf(plain, linear))).toBeGreaterThan(0.1);
  }
});

test('laundering by rotation costs the copy nothing', () => {
  const overlap = (attack: string): number => cellOf(attack, linear).neighborOverlap?.value ?? Number.NaN;
  expect(overlap(rotated)).toBeCloseTo(overlap(plain), 2);
});

test('marks must face their removal, and a mark alone passes no policy', () => {
  for (const defense of [linear, region]) {
    const verdict = result.verdicts.find((one) => one.defense === defense);
    expect(verdict?.verdict).not.toBe('pass');
    expect(result.matrix.some((cell) => cell.defense === defense && cell.attack === 'view-averaging')).toBe(
      true,
    );
  }
});
