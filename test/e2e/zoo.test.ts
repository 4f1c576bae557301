import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { OwnershipReport } from '../../audits/cli/examine-ownership.ts';
import { readZoo, type ZooEntry } from '../../audits/run/zoo-manifest.ts';
import { inTemporaryFolder, runMoat, startMoat } from '../helpers/moat.ts';
import { writeTinyImages } from '../helpers/tiny-images.ts';

/** `moat zoo train` on real files, and `moat own` beside what it made. */

const SMALL = '--resolution 8 --dimension 8 --batch 4 --epochs 5'.split(' ');
const MACHINE = '--device cpu --engine onnx --json'.split(' ');

interface ZooReport {
  readonly trained: number;
  readonly encoders: readonly ZooEntry[];
}

test('a zoo that was stopped goes on, is trained once, grows, and is judged by what its encoders saw', async () => {
  await inTemporaryFolder(async (folder) => {
    const at = (name: string): string => path.join(folder, name);
    await writeTinyImages(at('own'), { classes: 2, perClass: 12, seed: 'own' });
    await writeTinyImages(at('other'), { classes: 2, perClass: 12, seed: 'other' });
    await writeTinyImages(at('public'), { classes: 2, perClass: 12, seed: 'public' });
    const train = ['zoo', 'train', 'own', 'other', '--methods', 'simsiam,supervised', ...SMALL, ...MACHINE];

    const stopped = startMoat([...train, '--count', '3'], { cwd: folder });
    await stopped.waitFor(/^Training/m);
    stopped.process.kill('SIGINT');
    const end = await stopped.end;
    expect(end.code, end.stderr).toBe(5);
    expect(end.stderr).toContain('continue with the same command');

    const whole = await runMoat([...train, '--count', '3'], { cwd: folder });
    expect(whole.code, whole.stderr).toBe(0);
    expect(whole.stderr).toMatch(/^3 of 3: 100 %, epoch 5 of 5, .*; all: under a minute left$/m);
    const { encoders } = JSON.parse(whole.stdout) as ZooReport;
    expect(encoders.map(({ method, seed, images }) => [method, seed, images.name])).toEqual([
      ['simsiam', 1, 'own'],
      ['supervised', 1, 'own'],
      ['simsiam', 1, 'other'],
    ]);
    for (const { file, sha256 } of encoders)
      expect(
        createHash('sha256')
          .update(readFileSync(at(`zoo/${file}`)))
          .digest('hex'),
      ).toBe(sha256);
    expect(existsSync(at(`zoo/${encoders[0]?.file ?? ''}.training`))).toBe(false);

    const grown = await runMoat([...train, '--count', '4'], { cwd: folder });
    expect(grown.code, grown.stderr).toBe(0);
    const after = JSON.parse(grown.stdout) as ZooReport;
    expect(after.trained).toBe(1);
    expect(after.encoders.slice(0, 3)).toEqual(encoders);
    expect(readZoo(at('zoo'))).toEqual(after.encoders);

    // The first of them plays the victim, and leaves one encoder that saw its images and two that did not.
    const victim = `zoo/${encoders[0]?.file ?? ''}`;
    const sides = '--private own --public public --tests dataset-inference:components=1,distance-test'.split(
      ' ',
    );
    const judged = await runMoat(
      ['own', '--victim', victim, '--suspect', victim, '--zoo', 'zoo', ...sides, ...MACHINE],
      { cwd: folder },
    );
    expect(judged.code, judged.stderr).toBe(0);
    const { judgement, notes, independent } = JSON.parse(judged.stdout) as OwnershipReport;
    expect(independent).toHaveLength(3);
    expect(notes.join(' ')).toMatch(/1 independent encoder was trained on private or public images/);
    expect(judgement?.findings.map(({ id, evidence }) => [id, evidence?.comparison.encoders])).toEqual([
      ['dataset-inference', 2],
      ['distance-test', 3],
    ]);
  });
});

test('images without classes are refused where only labels would do', async () => {
  await inTemporaryFolder(async (folder) => {
    await writeTinyImages(path.join(folder, 'photos'), { classes: 1, perClass: 3, seed: 'photos' });
    const end = await runMoat(['zoo', 'train', 'photos', '--methods', 'supervised', ...MACHINE], {
      cwd: folder,
    });
    expect(end.code).toBe(2);
    expect(end.stderr).toMatch(/photos: it has no classes/);
  });
});
