import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditResult } from '../../audits/contract/result.ts';
import { runMoat } from '../helpers/moat.ts';

/** Real encoders, real photographs and real digits, in a small battery. Users do not have this data. */

const shared = path.join(import.meta.dirname, '..', '..', '..', 'shared');
const encoders = path.join(shared, 'encoders');
const cifar = path.join(shared, 'data', 'cifar10-jpeg');
const mnist = path.join(shared, 'data', 'mnist');
const missing = [encoders, cifar, mnist].filter((folder) => !existsSync(folder));
if (missing.length > 0)
  console.warn(`SKIPPED: audits of real encoders, because there is no ${missing.join(', no ')}`);

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'moat-shared-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(missing.length > 0)(
  'an attacker with a public encoder steals more than one with random features, and MNIST serves as pool',
  async () => {
    const end = await runMoat(
      [
        'audit',
        path.join(encoders, 'cifar10-supcon.onnx'),
        '--backbone',
        path.join(encoders, 'cifar10-simclr.onnx'),
        '--pool',
        cifar,
        mnist,
        '--task',
        `cifar10=${cifar}`,
        '--attacks',
        'backbone-stitching,backbone-stitching:features=backbone',
        '--defenses',
        'none',
        '--budgets',
        '300',
        '--seeds',
        '1',
        '--db',
        'x.db',
        '--json',
      ],
      { cwd: folder },
    );
    expect(end.code).toBe(0);
    const result = JSON.parse(end.stdout) as AuditResult;
    const accuracy = (attack: string): number =>
      result.matrix.find((cell) => cell.attack === attack)?.knnAccuracy?.value ?? 0;
    expect(accuracy('backbone-stitching:features=backbone')).toBeGreaterThan(
      accuracy('backbone-stitching') + 0.1,
    );
    // The encoders' README gives 0.787 +/- 0.02 for the victim's probe.
    expect(result.baselines[0]?.victimProbe?.value).toBeGreaterThan(0.74);
    expect(result.baselines[0]?.victimProbe?.value).toBeLessThan(0.83);
  },
);
