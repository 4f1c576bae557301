import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { inTemporaryFolder, runMoat, startMoat } from '../helpers/moat.ts';
import { writeTinyImages } from '../helpers/tiny-images.ts';

const SMALL = '--resolution 8 --dimension 8 --batch 4 --device cpu --engine onnx --json'.split(' ');

test('a folder becomes an encoder that an audit can use, and stopped and started again it is the same one', async () => {
  await inTemporaryFolder(async (folder) => {
    await writeTinyImages(path.join(folder, 'photos'), { classes: 2, perClass: 12, seed: 'train' });
    const train = ['train', 'photos', '--method', 'simsiam', '--epochs', '20', ...SMALL];
    const whole = await runMoat([...train, '--out', 'whole.onnx'], { cwd: folder });
    expect(whole.code, whole.stderr).toBe(0);
    expect(whole.stderr).toMatch(/epoch 20 of 20, loss .*, kNN /);
    const report = JSON.parse(whole.stdout) as Record<string, unknown>;
    expect(report).toMatchObject({
      method: 'simsiam',
      images: 22,
      heldOut: 2,
      stepsDone: 100,
      totalSteps: 100,
    });

    const inspected = await runMoat(['inspect', 'whole.onnx', '--json'], { cwd: folder });
    expect(inspected.code, inspected.stderr).toBe(0);
    const { encoder, auditable } = JSON.parse(inspected.stdout) as {
      readonly encoder: {
        readonly preprocessing: object;
        readonly sources: Readonly<Record<string, string>>;
      };
      readonly auditable: boolean;
    };
    expect(auditable).toBe(true);
    expect(encoder.preprocessing).toMatchObject({
      height: 8,
      width: 8,
      layout: 'nhwc',
      range: '0-1',
      std: [1, 1, 1],
    });

    const again = [...train, '--out', 'again.onnx'];
    const stopped = startMoat(again, { cwd: folder });
    await stopped.waitFor(/^Training/m);
    stopped.process.kill('SIGINT');
    const end = await stopped.end;
    expect(end.code, end.stderr).toBe(5);
    expect(end.stderr).toContain('continue with the same command');
    expect(existsSync(path.join(folder, 'again.onnx'))).toBe(false);
    const other = await runMoat([...again, '--seed', '1'], { cwd: folder });
    expect(other.code).toBe(4);
    expect(other.stderr).toContain('again.onnx.training is of a training with other settings');
    const resumed = await runMoat(again, { cwd: folder });
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(
      readFileSync(path.join(folder, 'again.onnx')).equals(readFileSync(path.join(folder, 'whole.onnx'))),
    ).toBe(true);
    expect(existsSync(path.join(folder, 'again.onnx.training'))).toBe(false);
  });
});

test('what cannot be trained is said before anything is', async () => {
  await inTemporaryFolder(async (folder) => {
    await writeTinyImages(path.join(folder, 'photos'), { classes: 1, perClass: 3, seed: 'train' });
    writeFileSync(path.join(folder, 'taken.onnx'), '');
    const cases: readonly (readonly [args: string, code: number, sentence: RegExp])[] = [
      ['nowhere', 4, /There is no file or folder .*nowhere/],
      ['photos --method supervised', 2, /needs images of at least two classes; photos has one class/],
      ['photos --method vicreg --preset paper', 4, /preset paper is for simclr/],
      ['photos --out taken.onnx', 4, /taken\.onnx exists already/],
      ['photos --time soon', 4, /--time takes a time like/],
      ['photos --time 5m --epochs 3', 4, /cannot be used with option/],
    ];
    for (const [args, code, sentence] of cases) {
      const end = await runMoat(['train', ...args.split(' '), '--device', 'cpu', '--engine', 'onnx'], {
        cwd: folder,
      });
      expect(end.stderr).toMatch(sentence);
      expect(end.code).toBe(code);
    }
  });
});
