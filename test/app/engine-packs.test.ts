import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { appFiles } from '../../audits/serve/app-files.ts';
import { openBrowser } from '../helpers/browser.ts';
import { isRunning } from '../helpers/is-running.ts';
import { startMoat } from '../helpers/moat.ts';
import { startServed } from '../helpers/served.ts';
import { writePip, writeStandInPip } from '../helpers/stand-in-pip.ts';
import { packsIn, writeTinyPack } from '../helpers/tiny-pack.ts';
import { axeViolations, openApp } from './app-page.ts';

/** Engine packs in the settings of a real engine; what pip fetches is no part of a test (docs/engines.md). */

const isSupported = process.platform === 'linux' && process.arch === 'x64';
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

/** A compiler, and no pip. @param bin takes the compiler, and is where programs are looked for */
function withoutPip(bin: string): { readonly PATH: string; readonly CXX: string } {
  const compiler = path.join(bin, 'compiler');
  writeFileSync(compiler, '#!/bin/sh\nexit 0\n');
  chmodSync(compiler, 0o755);
  return { PATH: bin, CXX: compiler };
}

/** The settings of an engine that finds its packs here, and programs where the variables say. */
async function openSettings(
  engines: string,
  variables: Readonly<Record<string, string>> = withoutPip(folder),
) {
  if (browser === undefined) return undefined;
  for (const [name, value] of Object.entries({ MOAT_ENGINES: engines, ...variables }))
    vi.stubEnv(name, value);
  const served = await startServed(['--db', path.join(folder, 'moat.db')], { cwd: folder }).finally(() =>
    vi.unstubAllEnvs(),
  );
  const address = `${served.origin}/#/settings?token=${served.token}`;
  const opened = await openApp(browser, address);
  const entry = opened.page.getByRole('listitem').filter({ hasText: 'TensorFlow' });
  await entry.waitFor();
  const close = async (): Promise<void> => {
    await opened.page.context().close();
    served.command.process.kill('SIGINT');
    await served.command.end;
  };
  return { ...opened, entry, close, address };
}

test.skipIf(!isSupported)(
  'without pip a pack is not installed: every window says what to do, and trying again works once it is done',
  async ({ skip }) => {
    const engines = path.join(folder, 'none');
    const bin = mkdtempSync(path.join(folder, 'bin-'));
    const opened = await openSettings(engines, withoutPip(bin));
    if (opened === undefined || browser === undefined) return skip();
    const { page, entry, close, address, complaints } = opened;
    const other = await openApp(browser, address);
    await entry.getByText('Not installed', { exact: true }).waitFor();
    const install = page.getByRole('button', { name: 'Install the engine pack, TensorFlow' });
    await install.click();
    for (const window of [page, other.page])
      await window
        .getByRole('listitem')
        .getByText(
          /there is no pip to fetch TensorFlow with; install Python's pip.* When that is done, try again\.$/,
        )
        .waitFor();
    expect(packsIn(engines)).toEqual([]);
    expect(await axeViolations(page)).toEqual([]);

    const pip = writeStandInPip(bin);
    await install.click();
    await pip.started();
    await page.getByRole('button', { name: 'Cancel the installation of TensorFlow' }).waitFor();
    expect(await entry.getByText(/there is no pip/).count()).toBe(0);
    expect([...complaints, ...other.complaints]).toEqual([]);
    await other.page.context().close();
    await close();
  },
);

test.skipIf(!isSupported)('a pack that was installed is found again, shown and removed', async ({ skip }) => {
  const engines = path.join(folder, 'there');
  writeTinyPack(engines);
  const opened = await openSettings(engines);
  if (opened === undefined) return skip();
  const { page, entry, close, complaints } = opened;
  await entry.getByText(/libtensorflow 9\.9\.9 for CPU, in /).waitFor();
  await entry.getByRole('button', { name: /Remove/ }).click();
  await entry.getByText('Not installed', { exact: true }).waitFor();
  expect(packsIn(engines)).toEqual([]);
  await page.reload();
  await page.getByRole('button', { name: 'Install the engine pack, TensorFlow' }).waitFor();
  expect(complaints).toEqual([]);
  await close();
});

test.skipIf(!isSupported)(
  'every window shows an installation under way; it is cancelled in any of them, and ends with the engine',
  async ({ skip }) => {
    const engines = path.join(folder, 'slow');
    const pip = writeStandInPip(mkdtempSync(path.join(folder, 'pip-')));
    const opened = await openSettings(engines, pip.variables);
    if (opened === undefined || browser === undefined) return skip();
    const { page, close, address, complaints } = opened;
    const other = await openApp(browser, address);
    for (const window of [page, other.page])
      await window.getByRole('button', { name: 'Install the engine pack, TensorFlow' }).waitFor();

    await page.getByRole('button', { name: 'Install the engine pack, TensorFlow' }).click();
    const first = await pip.started();
    await page.reload();
    for (const window of [page, other.page]) {
      await window.getByText('Fetching tensorflow-cpu with pip (0.3 GB).').waitFor();
      await window.getByRole('button', { name: 'Cancel the installation of TensorFlow' }).waitFor();
      expect(await window.getByRole('button', { name: /Install the engine pack/ }).count()).toBe(0);
      expect(await axeViolations(window)).toEqual([]);
    }

    await other.page.getByRole('button', { name: 'Cancel the installation of TensorFlow' }).click();
    for (const window of [page, other.page]) {
      await window.getByText('The installation was cancelled; nothing of it was kept.').waitFor();
      await window.getByText('Not installed', { exact: true }).waitFor();
    }
    await expect.poll(() => first.some(isRunning)).toBe(false);
    expect(packsIn(engines)).toEqual([]);

    pip.forget();
    await other.page.getByRole('button', { name: 'Install the engine pack, TensorFlow' }).click();
    const second = await pip.started();
    await page.getByRole('button', { name: 'Cancel the installation of TensorFlow' }).waitFor();
    expect([...complaints, ...other.complaints]).toEqual([]);
    await other.page.context().close();
    await close();
    await expect.poll(() => second.some(isRunning)).toBe(false);
    expect(packsIn(engines)).toEqual([]);
  },
);

test.skipIf(!isSupported)(
  'an installation begun on a command line is shown until it ends',
  async ({ skip }) => {
    const engines = path.join(folder, 'elsewhere');
    const pip = writeStandInPip(mkdtempSync(path.join(folder, 'pip-')));
    const opened = await openSettings(engines);
    if (opened === undefined) return skip();
    const { page, entry, close, complaints } = opened;
    const install = page.getByRole('button', { name: 'Install the engine pack, TensorFlow' });
    await install.waitFor();
    for (const [name, value] of Object.entries({ MOAT_ENGINES: engines, ...pip.variables }))
      vi.stubEnv(name, value);
    const command = startMoat(['engine', 'install', 'tensorflow'], { cwd: folder });
    vi.unstubAllEnvs();
    await entry
      .getByText(
        `The tensorflow engine is being installed by another program (process ${command.process.pid}).`,
      )
      .waitFor();
    expect(await entry.getByRole('button').count()).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
    command.process.kill('SIGINT');
    await command.end;
    await install.waitFor();
    expect(await entry.getByText(/by another program/).count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  },
);

test.skipIf(!isSupported)(
  'a stage that is over does not come back while the end is asked for',
  async ({ skip }) => {
    const engines = path.join(folder, 'ending');
    const bin = mkdtempSync(path.join(folder, 'pip-'));
    const goOn = path.join(bin, 'go-on');
    const opened = await openSettings(
      engines,
      writePip(
        bin,
        `while [ ! -e '${goOn}' ]; do sleep 0.1; done
       echo "WARNING: Retrying (Retry(total=4)) after connection broken by 'ReadTimeoutError(...)'" >&2
       sleep 600`,
      ),
    );
    if (opened === undefined) return skip();
    const { page, entry, close, complaints } = opened;
    await page.getByRole('button', { name: 'Install the engine pack, TensorFlow' }).click();
    await entry.getByText('Fetching tensorflow-cpu with pip (0.3 GB).', { exact: true }).waitFor();
    writeFileSync(goOn, '');
    const later = entry.getByText(/It had to try again: the package index did not answer in time\.$/);
    await later.waitFor();
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    await page.route('**/api/engines.list', async (route) => {
      await held;
      await route.continue();
    });
    const asked = page.waitForRequest('**/api/engines.list');
    await page.getByRole('button', { name: 'Cancel the installation of TensorFlow' }).click();
    await asked;
    expect(await later.count()).toBe(1);
    answer();
    await entry.getByText('The installation was cancelled; nothing of it was kept.').waitFor();
    expect(complaints).toEqual([]);
    await close();
  },
);
