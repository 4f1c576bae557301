import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** What every npm script begins with, in a project of one file and with a stand-in for npm. */

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-bootstrap-'));
  mkdirSync(path.join(folder, 'build'));
  mkdirSync(path.join(folder, 'bin'));
  copyFileSync(
    path.join(import.meta.dirname, '../../build/bootstrap.mjs'),
    path.join(folder, 'build/bootstrap.mjs'),
  );
  for (const name of ['package.json', 'package-lock.json', '.npmrc'])
    writeFileSync(path.join(folder, name), '');
  writeFileSync(path.join(folder, 'script.mjs'), "process.stdout.write('ran')");
  writeFileSync(
    path.join(folder, 'bin/npm'),
    '#!/bin/sh\nmkdir node_modules || exit 1\n[ -n "$HANG" ] && exec sleep 60\nsleep 1\necho "$*" >> installed.log\n',
  );
  chmodSync(path.join(folder, 'bin/npm'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function begin(more: NodeJS.ProcessEnv = {}) {
  return spawn(process.execPath, ['build/bootstrap.mjs', 'script.mjs'], {
    cwd: folder,
    env: {
      ...process.env,
      npm_execpath: undefined,
      PATH: `${path.join(folder, 'bin')}${path.delimiter}${process.env['PATH']}`,
      TMPDIR: folder,
      ...more,
    },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function start(): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const child = begin();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

test.skipIf(process.platform === 'win32')(
  'commands that start together install the packages once; whoever was killed is not waited for',
  async () => {
    const both = await Promise.all([start(), start()]);
    expect(both.map(({ code, stdout }) => [code, stdout])).toEqual([
      [0, 'ran'],
      [0, 'ran'],
    ]);
    expect(both.filter(({ stderr }) => stderr.includes('waiting for it')).length).toBe(1);
    expect(readFileSync(path.join(folder, 'installed.log'), 'utf8').trim().split('\n').length).toBe(1);

    rmSync(path.join(folder, 'node_modules'), { recursive: true });
    const killed = begin({ HANG: 'yes' });
    await new Promise((resolve) => killed.stderr.once('data', resolve));
    process.kill(-(killed.pid ?? 0), 'SIGKILL');
    await new Promise((resolve) => killed.once('exit', resolve));
    expect(readdirSync(folder).filter((name) => name.startsWith('moat-install-')).length).toBe(1);
    rmSync(path.join(folder, 'node_modules'), { recursive: true, force: true });
    expect(await start()).toMatchObject({ code: 0, stdout: 'ran' });
  },
);
