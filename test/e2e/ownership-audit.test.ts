import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditResult } from '../../audits/contract/result.ts';
import { resultSchema } from '../../audits/report/result-schema.ts';
import { runMoat } from '../helpers/moat.ts';
import { writeTinyEncoder } from '../helpers/tiny-encoder.ts';
import { writeTinyImages } from '../helpers/tiny-images.ts';
import { makeTinyProject, type TinyProject } from '../helpers/tiny-project.ts';

/** `moat audit --ownership`: every copy against nineteen independent encoders; adversarial examples beside it. */

const ENCODERS = 19;
let project: TinyProject;
let result: AuditResult;
let shown = '';

beforeAll(async () => {
  project = await makeTinyProject();
  mkdirSync(path.join(project.folder, 'zoo'));
  for (let i = 0; i < ENCODERS; i++)
    writeTinyEncoder(path.join(project.folder, 'zoo', `other-${i}.onnx`), { seed: `other ${i}` });
  copyFileSync(
    path.join(project.folder, 'encoder.onnx'),
    path.join(project.folder, 'zoo', 'by-mistake.onnx'),
  );
  await writeTinyImages(path.join(project.folder, 'private'), { classes: 3, perClass: 70, seed: 'private' });
  await writeTinyImages(path.join(project.folder, 'public'), { classes: 3, perClass: 10, seed: 'public' });
  const battery = [
    '--preset',
    'quick',
    '--budgets',
    '64',
    '--seeds',
    '1',
    '--engine',
    'onnx',
    '--device',
    'cpu',
  ];
  const lists = [
    '--attacks',
    'backbone-stitching',
    '--listed-only',
    '--defenses',
    'none',
    '--fidelity',
    'transfer',
  ];
  const ownership = ['--ownership', '--zoo', 'zoo', '--private', 'private', '--public', 'public'];
  const audit = await runMoat(
    [
      'audit',
      ...project.arguments,
      ...battery,
      ...lists,
      ...ownership,
      '--db',
      'x.db',
      '--out',
      'x',
      '--json',
    ],
    { cwd: project.folder },
  );
  expect(audit.code, audit.stderr).toBe(0);
  result = JSON.parse(audit.stdout) as AuditResult;
  shown = (await runMoat(['show', '--db', 'x.db'], { cwd: project.folder })).stdout;
});
afterAll(() => rmSync(project.folder, { recursive: true, force: true }));

test('every copy is tested against all of them but the victim itself, by each test', () => {
  expect(() => resultSchema.parse(result)).not.toThrow();
  expect(result.ownership?.independent).toEqual({ encoders: ENCODERS, zoo: ENCODERS, untrained: 0 });
  expect(result.ownership?.reason).toBeNull();
  const rows = (result.ownership?.rows ?? []).filter((row) => row.attack === 'backbone-stitching');
  expect(rows.map(({ test: label }) => label)).toEqual([
    'similarity-fingerprint',
    'similarity-fingerprint:measure=procrustes-r2',
    'similarity-fingerprint:measure=neighbor-overlap-10',
    'similarity-fingerprint:measure=mi-score',
    'distance-test',
    'rank-signature',
    'dataset-inference',
    null,
  ]);
  for (const row of rows) {
    expect(row.independent?.encoders).toBe(ENCODERS);
    expect(row.p).toBeGreaterThanOrEqual(1 / (ENCODERS + 1));
  }
  expect(rows[0]?.victim).toBeCloseTo(1, 4);
  expect(rows[0]?.value?.value).toBeLessThan(1);
});

test('adversarial examples of every copy and of the control without a query', () => {
  for (const cell of result.matrix)
    expect(cell.fidelity.transfer?.map(({ epsilon }) => epsilon)).toEqual([0.05, 0.1, 0.15, 0.2, 0.25, 0.3]);
  // The provider's own looking is no thief's query.
  for (const cell of result.matrix) expect(cell.queriesUsed ?? 0).toBeLessThanOrEqual(64);
});

test('both are shown', () => {
  expect(shown).toContain('Could you prove it?');
  expect(shown).toContain('Adversarial examples made on the copy');
});
