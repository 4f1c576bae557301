import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditResult } from '../../audits/contract/result.ts';
import { residentBytes } from '../../build/resident-bytes.ts';
import { startMoat, type CommandEnd } from '../helpers/moat.ts';
import { RESNET50_DIMENSION, writeResnet50 } from '../helpers/resnet50.ts';
import { writeTinyImages } from '../helpers/tiny-images.ts';

/** A victim of the usual size: 224 pixels, 2 048 dimensions, 94 MB. The battery is small, since every image costs 4 billion products. */

const MOST_BYTES = 3 * 2 ** 30;
const SAMPLE_MS = 100;
/** Elsewhere the system does not tell what processes hold. */
const isMeasured = process.platform === 'linux';
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-resnet50-'));
  writeResnet50(path.join(folder, 'resnet50.onnx'));
  await writeTinyImages(path.join(folder, 'pool'), { classes: 20, perClass: 4, seed: 'pool' });
  await writeTinyImages(path.join(folder, 'task', 'train'), { classes: 2, perClass: 8, seed: 'train' });
  await writeTinyImages(path.join(folder, 'task', 'test'), { classes: 2, perClass: 8, seed: 'test' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command and looks at what all its processes hold together. */
async function watched(...args: readonly string[]): Promise<CommandEnd & { readonly peakBytes: number }> {
  const command = startMoat(args, { cwd: folder });
  let peakBytes = 0;
  const sampling = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentBytes(command.process.pid ?? 0));
  }, SAMPLE_MS);
  try {
    return { ...(await command.end), peakBytes };
  } finally {
    clearInterval(sampling);
  }
}

function expectWithinMemory(peakBytes: number): void {
  if (!isMeasured) return;
  // More than the weights: the right processes were looked at.
  expect(peakBytes).toBeGreaterThan(2 ** 27);
  expect(peakBytes).toBeLessThan(MOST_BYTES);
}

test('inspect reads its size and takes ImageNet’s normalisation, in less than 3 GB', async () => {
  const { code, stdout, peakBytes } = await watched('inspect', 'resnet50.onnx', '--json');
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as {
    readonly encoder: { readonly preprocessing: Readonly<Record<string, unknown>> };
  };
  expect(report.encoder.preprocessing).toMatchObject({
    width: 224,
    height: 224,
    mean: [0.485, 0.456, 0.406],
  });
  expectWithinMemory(peakBytes);
});

test('a quick plan of 64 images with a surrogate of 32 pixels runs through, in less than 3 GB', async () => {
  const plan =
    '--preset quick --budgets 64 --seeds 1 --attacks direct-extraction,backbone-stitching --defenses rounding';
  const { code, stdout, peakBytes } = await watched(
    'audit',
    'resnet50.onnx',
    ...'--pool pool --task shapes=task --surrogate small-cnn:inputSize=32:epochs=2 --workers 2'.split(' '),
    ...plan.split(' '),
    ...'--db x.db --json'.split(' '),
  );
  expect(code).toBe(0);
  const result = JSON.parse(stdout) as AuditResult;
  expect(result.state).toBe('completed');
  expect(result.preflight.dimension).toBe(RESNET50_DIMENSION);
  expect(result.matrix.map(({ state }) => state)).toEqual(result.matrix.map(() => 'done'));
  expect(result.matrix.length).toBeGreaterThanOrEqual(4);
  expectWithinMemory(peakBytes);
});
