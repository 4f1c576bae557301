import { fork } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readRotationKey } from '../../audits/watermarks/rotation-key.ts';
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

test('a marked encoder comes with the key that reads its mark, and neither is overwritten', async () => {
  await inTemporaryFolder(async (folder) => {
    await writeTinyImages(path.join(folder, 'photos'), { classes: 2, perClass: 12, seed: 'train' });
    const train = ['train', 'photos', '--epochs', '2', '--watermark', 'rotation:predictor=frozen', ...SMALL];
    const marked = await runMoat(train, { cwd: folder });
    expect(marked.code, marked.stderr).toBe(0);
    const { sha256, watermark } = JSON.parse(marked.stdout) as {
      readonly sha256: string;
      readonly watermark: Readonly<Record<string, unknown>>;
    };
    const file = path.join(folder, 'encoder.onnx.mark');
    expect(watermark).toMatchObject({
      kind: 'rotation',
      predictor: 'frozen',
      key: file,
      successRate: { training: expect.any(Number) as number, heldOut: expect.any(Number) as number },
    });
    const { key, digest } = readRotationKey(file);
    expect(key).toMatchObject({ predictor: 'frozen', dimension: 8, encoder: sha256 });
    expect(digest).toBe(watermark['keyDigest']);
    rmSync(path.join(folder, 'encoder.onnx'));
    const again = await runMoat(train, { cwd: folder });
    expect(again.code).toBe(4);
    expect(again.stderr).toContain('encoder.onnx.mark exists already');
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

/** @returns what the training wrote to stdout; killed with -9 in step `killAt`. */
function trainInChild(checkpoint: string, result: string, killAt?: number): Promise<string> {
  const child = fork(
    path.join(import.meta.dirname, '..', 'helpers', 'encoder-child.ts'),
    [checkpoint, result, 'vicreg', ...(killAt === undefined ? [] : [String(killAt)])],
    { stdio: ['ignore', 'pipe', 'inherit', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning'] },
  );
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.once('message', () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    child.once('close', (code, signal) => {
      if (killAt === undefined ? code === 0 : signal === 'SIGKILL') resolve(stdout);
      else reject(new Error(`the training ended with ${code ?? signal}:\n${stdout}`));
    });
  });
}

test('killed with -9 in the middle of epochs it goes on to bitwise the same weights', async () => {
  await inTemporaryFolder(async (folder) => {
    const file = (name: string): string => path.join(folder, name);
    await trainInChild(file('whole.training'), file('whole'));
    // Twenty steps, four per epoch.
    const [checkpoint, result] = [file('cut.training'), file('cut')];
    expect(await trainInChild(checkpoint, result, 11)).toMatch(/after step 0$/m);
    expect(await trainInChild(checkpoint, result, 19)).toMatch(/after step 10$/m);
    expect(await trainInChild(checkpoint, result)).toMatch(/after step 18$/m);
    expect(readFileSync(result).equals(readFileSync(file('whole')))).toBe(true);
  });
});
