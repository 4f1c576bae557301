import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runMoat, startMoat } from '../helpers/moat.ts';
import { writeTinyEncoder } from '../helpers/tiny-encoder.ts';
import { writeTinyImages } from '../helpers/tiny-images.ts';

/** What all cells share is made once: a kill costs the images at hand, and nothing is embedded twice. */

const firstSet = 'task-0-fit';
const ATTEMPTS = 10;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-preparation-'));
  writeTinyEncoder(path.join(folder, 'encoder.onnx'));
  await writeTinyImages(path.join(folder, 'pool'), { classes: 1, perClass: 300, seed: 'pool' });
  // 600 images: two whole chunks and a part of one.
  await writeTinyImages(path.join(folder, 'task', 'train'), { classes: 3, perClass: 200, seed: 'train' });
  await writeTinyImages(path.join(folder, 'task', 'test'), { classes: 3, perClass: 20, seed: 'test' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A dry run prepares for real and then only prints the plan. */
const prepare = (database: string): readonly string[] =>
  'audit encoder.onnx --pool pool --task tiny=task --preset quick --budgets 64 --dry-run --json --db'
    .split(' ')
    .concat(database);
const under = (database: string): string => path.join(folder, `${database}.artifacts`, 'prepared');

/** Every prepared file by its path, with its digest. */
function filesOf(database: string): Record<string, string> {
  const root = under(database);
  return Object.fromEntries(
    globSync('**/*.{npy,json}', { cwd: root }).map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(path.join(root, file)))
        .digest('hex'),
    ]),
  );
}

test('killed with -9 in its middle and started again, it keeps what was embedded and ends in the same files', async () => {
  expect((await runMoat(prepare('whole.db'), { cwd: folder })).code).toBe(0);
  const whole = filesOf('whole');
  expect(Object.keys(whole).some((file) => file.endsWith(`${firstSet}/embeddings-00002.npy`))).toBe(true);

  const left = (): string | undefined =>
    globSync(path.join(under('killed'), 'partial-*', firstSet, 'rows-written.jsonl'))[0];
  // Until the first chunk stands in its list: a head, a chunk, and nothing behind the last line break.
  const isWritten = (): boolean => (readIfThere(left()) ?? '').split('\n').length > 2;
  // A busy machine may let a run end between two looks at it: such a run killed nothing, and the next one is tried.
  let killed = false;
  for (let attempt = 0; attempt < ATTEMPTS && !killed; attempt++) {
    rmSync(path.join(folder, 'killed.db'), { force: true });
    rmSync(path.join(folder, 'killed.db.artifacts'), { recursive: true, force: true });
    const run = startMoat(prepare('killed.db'), { cwd: folder });
    while (!isWritten() && run.process.exitCode === null) await sleep(1);
    run.killGroup();
    killed = (await run.end).signal === 'SIGKILL' && left() !== undefined;
  }
  expect(killed).toBe(true);
  const firstChunk = statSync(path.join(path.dirname(left() ?? ''), 'embeddings-00000.npy'));
  expect(globSync(path.join(under('killed'), '*', 'record.json'))).toEqual([]);

  expect((await runMoat(prepare('killed.db'), { cwd: folder })).code).toBe(0);
  const resumed = filesOf('killed');
  // The record holds a measured speed; everything else is the same, byte for byte.
  for (const files of [whole, resumed])
    for (const file of Object.keys(files)) if (file.endsWith('record.json')) delete files[file];
  expect(resumed).toEqual(whole);
  const [kept] = globSync(path.join(under('killed'), '*', firstSet, 'embeddings-00000.npy'));
  // The very file the killed run wrote, not one like it.
  expect(statSync(kept ?? '').mtimeMs).toBe(firstChunk.mtimeMs);
  expect(globSync(path.join(under('killed'), 'partial-*'))).toEqual([]);
});

test('asked for again, it is found; damaged or in part removed, it is made again', async () => {
  const before = filesOf('whole');
  const again = async (): Promise<void> => {
    expect((await runMoat(prepare('whole.db'), { cwd: folder })).code).toBe(0);
    const after = filesOf('whole');
    for (const files of [before, after])
      for (const file of Object.keys(files)) if (file.endsWith('record.json')) delete files[file];
    expect(after).toEqual(before);
  };
  await again();
  const [set = ''] = globSync(path.join(under('whole'), '*', 'pool'));
  truncateSync(path.join(set, 'pixels-00000.npy'), 1000);
  await again();
  rmSync(set, { recursive: true });
  await again();
});

function readIfThere(file: string | undefined): string | undefined {
  return file === undefined || !existsSync(file) ? undefined : readFileSync(file, 'utf8');
}
