import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appFiles } from '../../audits/serve/app-files.ts';
import { openBrowser } from '../helpers/browser.ts';
import { startServed } from '../helpers/served.ts';
import { axeViolations, openApp } from './app-page.ts';

/** Engine packs in the settings of a real engine; what pip fetches is no part of a test (docs/engines.md). */

const isSupported = process.platform === 'linux' && process.arch === 'x64';
const given = {
  MOAT_ENGINES: process.env['MOAT_ENGINES'],
  CXX: process.env['CXX'],
  PATH: process.env['PATH'],
};
let browser: Browser | undefined;
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'moat-packs-'));
  [browser] = await Promise.all([openBrowser(), appFiles()]);
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The settings of an engine that finds its packs here, a compiler, and no pip. */
async function openSettings(engines: string) {
  if (browser === undefined) return undefined;
  const compiler = path.join(folder, 'compiler');
  writeFileSync(compiler, '#!/bin/sh\nexit 0\n');
  chmodSync(compiler, 0o755);
  Object.assign(process.env, { MOAT_ENGINES: engines, CXX: compiler, PATH: folder });
  const served = await startServed(['--db', path.join(folder, 'moat.db')], { cwd: folder }).finally(() => {
    for (const [name, value] of Object.entries(given))
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
  });
  const opened = await openApp(browser, `${served.origin}/#token=${served.token}`);
  await opened.page.evaluate("location.hash = '#/settings'");
  const entry = opened.page.getByRole('listitem').filter({ hasText: 'TensorFlow' });
  await entry.waitFor();
  const close = async (): Promise<void> => {
    await opened.page.context().close();
    served.command.process.kill('SIGINT');
    await served.command.end;
  };
  return { ...opened, entry, close };
}

test.skipIf(!isSupported)(
  'without pip a pack is not installed: the window says what to do and can try again',
  async ({ skip }) => {
    const engines = path.join(folder, 'none');
    const opened = await openSettings(engines);
    if (opened === undefined) return skip();
    const { page, entry, close, complaints } = opened;
    await entry.getByText('Not installed', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Install the engine pack, TensorFlow' }).click();
    await page
      .getByText(/there is no pip to fetch TensorFlow with; install Python's pip/)
      .first()
      .waitFor();
    expect(await page.getByRole('button', { name: 'Install the engine pack, TensorFlow' }).isEnabled()).toBe(
      true,
    );
    expect(readdirSync(engines)).toEqual([]);
    expect(await axeViolations(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await close();
  },
);

test.skipIf(!isSupported)('a pack that was installed is found again, shown and removed', async ({ skip }) => {
  const engines = path.join(folder, 'there');
  const pack = path.join(engines, 'tensorflow');
  mkdirSync(path.join(pack, 'lib'), { recursive: true });
  writeFileSync(path.join(pack, 'lib', 'one.so'), 'whole');
  const sha256 = createHash('sha256').update('whole').digest('hex');
  const manifest = {
    format: 1,
    engine: 'tensorflow',
    variant: 'cpu',
    version: '9.9.9',
    platform: 'linux-x64',
    source: { name: 'x.whl', sha256 },
    binding: 'lib/one.so',
    files: [{ path: 'lib/one.so', bytes: 5, sha256 }],
  };
  writeFileSync(path.join(pack, 'manifest.json'), JSON.stringify(manifest));
  const opened = await openSettings(engines);
  if (opened === undefined) return skip();
  const { page, entry, close, complaints } = opened;
  await entry.getByText(/libtensorflow 9\.9\.9 for CPU, in /).waitFor();
  await entry.getByRole('button', { name: /Remove/ }).click();
  await entry.getByText('Not installed', { exact: true }).waitFor();
  expect(readdirSync(engines)).toEqual([]);
  await page.reload();
  await page.getByRole('button', { name: 'Install the engine pack, TensorFlow' }).waitFor();
  expect(complaints).toEqual([]);
  await close();
});
