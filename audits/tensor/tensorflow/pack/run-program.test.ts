import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isRunning } from '../../../../test/helpers/is-running.ts';
import { runProgram } from './run-program.ts';

let folder: string;
const never = new AbortController().signal;

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'moat-program-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that starts another, names both in a file and ends when it is killed. */
const endless = (file: string): string[] => ['-c', `sleep 600 & echo "$$ $!" > ${file}; wait`];

async function startedIn(file: string): Promise<readonly number[]> {
  await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n')).toBe(true);
  return readFileSync(file, 'utf8').trim().split(' ').map(Number);
}

describe.skipIf(process.platform !== 'linux')('on Linux', () => {
  test('a program gives its output, in the folder and with the variables it was told', async () => {
    const script = 'pwd; echo "$TOLD"; [ -e /proc/self/fd/3 ] || echo closed';
    const output = await runProgram('sh', ['-c', script], {
      signal: never,
      folder,
      environment: { TOLD: 'a "word"' },
    });
    expect(output).toBe(`${folder}\na "word"\nclosed\n`);
  });

  test('one that fails says what it wrote, one that is not there too', async () => {
    await expect(runProgram('sh', ['-c', 'echo why >&2; exit 7'], { signal: never })).rejects.toMatchObject({
      message: 'sh ended with 7',
      stderr: 'why\n',
    });
    await expect(runProgram('no-such-program', [], { signal: never })).rejects.toMatchObject({
      stderr: expect.stringContaining('no-such-program') as string,
    });
  });

  test('cancelled, it ends with what it started', async () => {
    const file = path.join(folder, 'cancelled');
    const controller = new AbortController();
    const end = runProgram('sh', endless(file), { signal: controller.signal });
    const pids = await startedIn(file);
    expect(pids.map(isRunning)).toEqual([true, true]);
    controller.abort();
    await expect(end).rejects.toThrow('sh ended with SIGKILL');
    await expect.poll(() => pids.some(isRunning)).toBe(false);
    await expect(runProgram('true', [], { signal: controller.signal })).rejects.toThrow(/abort/);
  });

  test('it does not outlive a process that was killed at once', async () => {
    const file = path.join(folder, 'orphan');
    const script = `
      import { runProgram } from ${JSON.stringify(path.join(import.meta.dirname, 'run-program.ts'))};
      await runProgram('sh', ${JSON.stringify(endless(file))}, { signal: new AbortController().signal });
    `;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    const pids = await startedIn(file);
    parent.kill('SIGKILL');
    await expect.poll(() => pids.some(isRunning)).toBe(false);
  });
});
