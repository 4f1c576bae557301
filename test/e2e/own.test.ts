import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OwnershipReport } from '../../audits/cli/examine-ownership.ts';
import { ownershipReportSchema } from '../../audits/report/ownership-schema.ts';
import { runMoat } from '../helpers/moat.ts';
import { writeTinyEncoder } from '../helpers/tiny-encoder.ts';
import { writeTinyImages } from '../helpers/tiny-images.ts';

/** `moat own` on real files: commit, test a suspect against nineteen independent encoders, test it against none. */

const ENCODERS = 19;
let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'moat-own-'));
  writeTinyEncoder(path.join(folder, 'victim.onnx'));
  // The copy answers three times as long: no distance finds it, and every measure of geometry does.
  writeTinyEncoder(path.join(folder, 'suspect.onnx'), { factor: 3 });
  mkdirSync(path.join(folder, 'zoo'));
  for (let i = 0; i < ENCODERS; i++)
    writeTinyEncoder(path.join(folder, 'zoo', `other-${i}.onnx`), { seed: `other ${i}` });
  copyFileSync(path.join(folder, 'victim.onnx'), path.join(folder, 'zoo', 'by-mistake.onnx'));
  await writeTinyImages(path.join(folder, 'private'), { classes: 3, perClass: 20, seed: 'private' });
  await writeTinyImages(path.join(folder, 'public'), { classes: 3, perClass: 20, seed: 'public' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tests =
  'similarity-fingerprint:measure=neighbor-overlap-10,distance-test,dataset-inference:components=2';
const shared = [
  'own',
  '--victim',
  'victim.onnx',
  '--private',
  'private',
  '--public',
  'public',
  '--tests',
  tests,
];
const machine = ['--engine', 'onnx', '--device', 'cpu'];

test('a commitment made first holds, the copy is found among nineteen strangers, the victim is no stranger', async () => {
  const committed = await runMoat([...shared, ...machine, '--zoo', 'zoo', '--commit', 'key.json', '--json'], {
    cwd: folder,
  });
  expect(committed.stderr).not.toMatch(/\n {4}at /);
  expect(committed.code).toBe(0);
  const kept = JSON.parse(readFileSync(path.join(folder, 'key.json'), 'utf8')) as { readonly digest: string };
  expect((JSON.parse(committed.stdout) as OwnershipReport).commitment).toMatchObject({
    written: { digest: kept.digest },
  });

  const examined = await runMoat(
    [
      ...shared,
      ...machine,
      '--suspect',
      'suspect.onnx',
      '--zoo',
      'zoo',
      '--commitment',
      'key.json',
      '--json',
    ],
    { cwd: folder },
  );
  expect(examined.stderr).not.toMatch(/\n {4}at /);
  const report = JSON.parse(examined.stdout) as OwnershipReport;
  // Nothing is printed that the published schema does not have.
  expect(ownershipReportSchema.parse(report)).toEqual(report);
  expect(report.commitment).toEqual({ check: { holds: true, complaints: [] } });
  expect(examined.code).toBe(0);
  expect(report.independent).toHaveLength(ENCODERS);
  expect(report.notes.join(' ')).toMatch(/by-mistake\.onnx is victim\.onnx itself/);
  const overlap = report.judgement?.findings.find(({ id }) => id === 'similarity-fingerprint');
  expect(overlap?.reading.statistic).toBeCloseTo(1, 2);
  expect(overlap?.evidence).toMatchObject({ claimed: true, comparison: { p: 1 / (ENCODERS + 1) } });
  expect(report.judgement?.findings.map(({ id }) => id)).toEqual([
    'similarity-fingerprint',
    'distance-test',
    'dataset-inference',
  ]);
}, 300_000);

test('without independent encoders there are effects and no claim; a commitment to other tests does not hold', async () => {
  const end = await runMoat(
    [
      ...shared.slice(0, -2),
      ...machine,
      '--tests',
      'dataset-inference:components=2',
      '--suspect',
      'suspect.onnx',
      '--commitment',
      'key.json',
    ],
    { cwd: folder },
  );
  expect(end.stdout).toMatch(/No p-value counts without independent encoders/);
  expect(end.stdout).toMatch(/not what was committed to/);
  expect(end.code).toBe(1);
}, 300_000);
