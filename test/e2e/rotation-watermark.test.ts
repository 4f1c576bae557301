import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OwnershipReport } from '../../audits/cli/examine-ownership.ts';
import type { AuditResult } from '../../audits/contract/result.ts';
import { runMoat } from '../helpers/moat.ts';
import { makeTinyProject, type TinyProject } from '../helpers/tiny-project.ts';

/** A mark trained into an encoder, and read back: by an audit from copies, by `moat own` from suspects. */

const KEY = 'marked.onnx.mark';
const defense = `rotation-watermark:key=${KEY}`;
const machine = ['--engine', 'onnx', '--device', 'cpu'];
let project: TinyProject;
beforeAll(async () => {
  project = await makeTinyProject();
  const size = ['--resolution', '16', '--dimension', '8', '--batch', '16', '--epochs', '12'];
  const trained = await runMoat(
    ['train', 'task/train', ...size, '--watermark', 'rotation', '--out', 'marked.onnx', ...machine],
    { cwd: project.folder },
  );
  expect(trained.code, trained.stderr).toBe(0);
  expect(trained.stdout).toMatch(/watermark read at 0\.\d+ from training images, 0\.\d+ from held-out ones/);
});
afterAll(() => rmSync(project.folder, { recursive: true, force: true }));

const audit = (encoder: string, key = defense) =>
  runMoat(
    [
      'audit',
      encoder,
      ...project.arguments.slice(1),
      '--preset',
      'quick',
      '--budgets',
      '64',
      '--seeds',
      '1',
      '--attacks',
      'backbone-stitching',
      '--defenses',
      key,
      '--db',
      'x.db',
      '--out',
      'x',
      '--json',
      ...machine,
    ],
    { cwd: project.folder },
  );

test('an audit reads the mark from copies of the marked encoder, and faces it with its removal', async () => {
  const ended = await audit('marked.onnx');
  expect(ended.code, ended.stderr).toBe(0);
  const { matrix, verdicts } = JSON.parse(ended.stdout) as AuditResult;
  const marked = matrix.filter(
    (cell) => cell.defense.startsWith('rotation-watermark') && cell.state === 'done',
  );
  expect(marked.map(({ attack }) => attack)).toContain('watermark-removal');
  for (const { markScore } of marked) expect(markScore?.value).toEqual(expect.any(Number));
  for (const cell of matrix) if (cell.defense === 'none') expect(cell.markScore).toBeUndefined();
  expect(verdicts.some((one) => one.defense.startsWith('rotation-watermark'))).toBe(true);
});

test('an encoder that does not carry the mark, and a key that is none, are refused', async () => {
  const other = await audit('encoder.onnx');
  expect(other.code).toBe(2);
  expect(other.stderr).toMatch(/reads embeddings of 8 dimensions; the audited encoder answers with 24/);
  const none = await audit('marked.onnx', 'rotation-watermark');
  expect(none.code).toBe(4);
  expect(none.stderr).toContain('rotation-watermark:key=');
});

test('moat own reads it from the victim, and says where it cannot', async () => {
  const own = async (suspect: string): Promise<OwnershipReport> => {
    const ended = await runMoat(
      [
        'own',
        '--victim',
        'marked.onnx',
        '--suspect',
        suspect,
        '--private',
        'task',
        '--mark',
        KEY,
        '--tests',
        'watermark-success-rate',
        '--json',
        ...machine,
      ],
      { cwd: project.folder },
    );
    expect(ended.code, ended.stderr).toBe(0);
    return JSON.parse(ended.stdout) as OwnershipReport;
  };
  const itself = await own('marked.onnx');
  expect(itself.mark?.victimRate).toBeGreaterThan(0.6);
  expect(itself.judgement?.findings[0]?.reading).toMatchObject({ statistic: itself.mark?.victimRate, n: 30 });
  expect(itself.claimed).toBeNull();
  const other = await own('encoder.onnx');
  expect(other.judgement?.findings).toEqual([]);
  expect(other.judgement?.notMeasured[0]?.reason).toMatch(
    /24 dimensions and the key reads 8: not comparable/,
  );
});
