import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { installedElsewhere, lockPacks } from './lock.ts';
import { removePack } from './remove.ts';

let engines: string;
let holder: ChildProcess | undefined;
beforeEach(() => {
  engines = mkdtempSync(path.join(os.tmpdir(), 'moat-lock-'));
});
afterEach(() => {
  holder?.kill('SIGKILL');
  rmSync(engines, { recursive: true, force: true });
});

const moduleOf = (name: string): string => JSON.stringify(path.join(import.meta.dirname, name));
const nodeArguments = (script: string): string[] => ['--input-type=module', '-e', script];
const busy = (pid: number | undefined): Error =>
  expect.objectContaining({
    code: 'engine-busy',
    message: `The tensorflow engine is being installed by another program (process ${pid}).`,
  }) as Error;

test('who installs is told to others until it ends, however it does', async () => {
  const script = `
    import { lockPacks } from ${moduleOf('lock.ts')};
    import { beginStaging } from ${moduleOf('staging.ts')};
    const lock = lockPacks(${JSON.stringify(engines)});
    beginStaging(${JSON.stringify(engines)});
    process.stdout.write('locked');
    setInterval(() => lock, 1000);
  `;
  expect(installedElsewhere(engines)).toBeNull();
  const other = spawn(process.execPath, nodeArguments(script), { stdio: ['ignore', 'pipe', 'inherit'] });
  holder = other;
  const ended = new Promise((resolve) => other.once('close', resolve));
  await new Promise((resolve) => other.stdout.once('data', resolve));
  expect(() => lockPacks(engines)).toThrow(busy(other.pid));
  expect(() => removePack(engines)).toThrow(busy(other.pid));
  expect(installedElsewhere(engines)).toContain(`(process ${other.pid})`);
  expect(readdirSync(engines)).toContain(`.tensorflow-${other.pid}`);

  other.kill('SIGKILL');
  await ended;
  expect(installedElsewhere(engines)).toBeNull();
  expect(removePack(engines)).toBe(false);
  expect(readdirSync(engines)).toEqual(['.lock']);
});

test('a folder that a killed installation left does not lock, though a process has its number now', () => {
  mkdirSync(path.join(engines, `.tensorflow-${process.ppid}`));
  expect(installedElsewhere(engines)).toBeNull();
  lockPacks(engines).release();
  expect(removePack(engines)).toBe(false);
  expect(readdirSync(engines)).toEqual(['.lock']);
});

test('nobody is at work where this process is', () => {
  const lock = lockPacks(engines);
  mkdirSync(path.join(engines, `.tensorflow-${process.pid}`));
  expect(installedElsewhere(engines)).toBeNull();
  expect(() => lockPacks(engines)).toThrow(busy(process.pid));
  lock.release();
  lockPacks(engines).release();
});

/** Root may write everything: another user tries in its place. */
const other = process.getuid?.() === 0 ? { uid: 65534 } : {};
const canRunAsOther = spawnSync(process.execPath, ['--version'], other).status === 0;

test.runIf(canRunAsOther)(
  'what another user owns is named, left as it is, and nothing is left beside it',
  () => {
    const asOther = (call: string): string => {
      const script = `
      import { lockPacks } from ${moduleOf('lock.ts')};
      import { removePack } from ${moduleOf('remove.ts')};
      try { ${call}; } catch ({ code, message }) { process.stdout.write(code + ': ' + message); }
    `;
      return spawnSync(process.execPath, nodeArguments(script), { ...other, encoding: 'utf8' }).stdout;
    };
    const refused = (place: string): string =>
      `engine-requirement-missing: The tensorflow engine can be neither installed nor removed: ${place} cannot be written; make it writable, or name another folder with MOAT_ENGINES.`;
    const named = JSON.stringify(engines);

    chmodSync(engines, 0o555);
    expect(asOther(`removePack(${named})`)).toBe(refused(engines));
    chmodSync(engines, 0o777);
    const lock = path.join(engines, '.lock');
    writeFileSync(lock, '');
    chmodSync(lock, 0o444);
    expect(asOther(`lockPacks(${named})`)).toBe(refused(lock));
    rmSync(lock);
    const pack = path.join(engines, 'tensorflow');
    mkdirSync(pack);
    chmodSync(pack, 0o555);
    expect(asOther(`removePack(${named})`)).toBe(refused(pack));
    expect(existsSync(pack)).toBe(true);
    expect(readdirSync(engines).sort()).toEqual(['.lock', 'tensorflow']);
  },
);
