import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PDFDocument, PDFName } from 'pdf-lib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BridgeMethod, BridgeReply, BridgeRequest } from '../../audits/contract/bridge.ts';
import { errorTable } from '../../audits/contract/errors.ts';
import { findChromium } from '../../audits/report/pdf/chromium.ts';
import type { MoatWindow } from '../../renderer/bridge/window.ts';
import { buildDesktop, DESKTOP_FOLDER } from '../../build/desktop/build.ts';
import type { DesktopApp } from '../helpers/desktop-app.ts';
import { launchStandIn } from '../helpers/electron-stand-in/launch.ts';
import { electronProgram, launchElectron } from '../helpers/real-electron.ts';
import { makeTinyProject, type TinyProject } from '../helpers/tiny-project.ts';

/**
 * The built app as a user starts it: main process, preload script, engine and workers in processes of their own, pages in
 * Chromium. Once over a stand-in for Electron, once on Electron itself where its program is at hand.
 */

const appFolder = `${DESKTOP_FOLDER}-test`;
const real = electronProgram();
if ('missing' in real)
  console.warn(
    `\n${'*'.repeat(88)}\n** SKIPPED: the desktop app is not tested on Electron itself: ${real.missing}.\n${'*'.repeat(88)}`,
  );
const hasChromium = await findChromium().then(
  () => true,
  () => false,
);

const rings = [
  {
    name: 'over the stand-in',
    skip: !hasChromium,
    launch: (userData: string) => launchStandIn(path.join(appFolder, 'electron/main/main.js'), userData),
  },
  {
    name: 'on Electron',
    skip: 'missing' in real,
    launch: (userData: string) => launchElectron('program' in real ? real.program : '', appFolder, userData),
  },
];

let project: TinyProject;
beforeAll(async () => {
  project = await makeTinyProject();
  await buildDesktop(appFolder);
});
afterAll(() => {
  rmSync(project.folder, { recursive: true, force: true });
  rmSync(appFolder, { recursive: true, force: true });
});

async function call<Name extends BridgeMethod>(
  page: Page,
  name: Name,
  request: BridgeRequest<Name>,
): Promise<BridgeReply<Name>> {
  const answer = await page.evaluate(
    async ([method, given]) => (await window.moat?.call(method, given)) ?? null,
    [name, request] as const,
  );
  if (answer?.ok !== true) throw new Error(JSON.stringify(answer));
  return answer.value as BridgeReply<Name>;
}

/** Waits until the page has been told an event that has all of these. */
async function told(page: Page, wanted: object): Promise<void> {
  await page.waitForFunction(
    (pattern) => {
      const fits = (value: unknown, part: unknown): boolean =>
        typeof part === 'object' && part !== null
          ? Object.entries(part).every(([key, each]) => fits((value as Record<string, unknown>)[key], each))
          : value === part;
      return (globalThis as unknown as { events: unknown[] }).events.some((event) => fits(event, pattern));
    },
    wanted,
    { timeout: 240_000 },
  );
}

describe.each(rings)('the desktop app $name', ({ skip, launch }) => {
  let userData: string;
  let app: DesktopApp;
  let page: Page;
  beforeAll(async () => {
    if (skip) return;
    userData = mkdtempSync(path.join(tmpdir(), 'moat-user-'));
    app = await launch(userData);
    page = await app.firstWindow();
    await page.waitForFunction(() => window.moat !== undefined);
  });
  afterAll(async () => {
    if (skip) return;
    // Whichever stories ran, and however the launch ended: nothing is left running over a folder that is gone.
    await (app as DesktopApp | undefined)?.close();
    rmSync(userData, { recursive: true, force: true });
  });

  test.skipIf(skip)('opens a window on an engine of its own, and shows the app', async () => {
    const hello = await call(page, 'app.hello', {});
    expect(hello).toMatchObject({ host: 'electron', readOnlyBecause: null });
    expect(hello.database).toBe(path.join(userData, 'moat.db'));
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await page.title()).toContain('Moat');
  });

  test.skipIf(skip)('a page has the functions of the bridge, and nothing of Node or Electron', async () => {
    expect(await page.evaluate(() => Object.keys(window.moat ?? {}).sort())).toEqual([
      'call',
      'chooseFile',
      'chooseFolder',
      'openPath',
      'pathOfFile',
      'saveFile',
      'subscribe',
      'watchCommands',
      'watchNavigation',
    ] satisfies readonly (keyof MoatWindow)[]);
    const names = ['require', 'module', 'exports', 'process', 'Buffer', 'electron', 'ipcRenderer', 'global'];
    expect(await page.evaluate((each) => each.filter((name) => name in globalThis), names)).toEqual([]);
    const isReplaced = await page.evaluate(() => {
      try {
        Object.assign(window, { moat: null });
      } catch {
        // Refused, as it should be.
      }
      return window.moat === null;
    });
    expect(isReplaced).toBe(false);
  });

  test.skipIf(skip)(
    'a request that no method knows, or that its method refuses, is answered with an error',
    async () => {
      const ask = (name: string, request: unknown) =>
        page.evaluate(([method, given]) => window.moat?.call(method, given), [name, request] as const);
      expect(await ask('no.such', {})).toMatchObject({ ok: false, error: { code: 'usage' } });
      expect(await ask('../x', {})).toMatchObject({ ok: false, error: { code: 'usage' } });
      expect(await ask('audits.snapshot', { id: 7 })).toMatchObject({ ok: false, error: { code: 'usage' } });
    },
  );

  test.skipIf(skip)('what the desktop cannot open is answered with what to do about it', async () => {
    const missing = path.join(userData, 'missing.pdf');
    expect(await page.evaluate((place) => window.moat?.openPath(place), missing)).toEqual({
      ok: false,
      error: {
        code: 'path-not-opened',
        message: `There is no file or folder ${missing}.`,
        details: {},
        hint: errorTable['path-not-opened'].hint,
      },
    });
  });

  test.skipIf(skip)('a page goes nowhere else, opens no window, and is granted nothing', async () => {
    const address = page.url();
    await page.evaluate(() => void (location.href = 'https://elsewhere.invalid/'));
    await page.evaluate(() => void window.open('https://elsewhere.invalid/'));
    await expect
      .poll(() =>
        app.evaluate((electron: { BrowserWindow: { getAllWindows: () => unknown[] } }) =>
          Promise.resolve(electron.BrowserWindow.getAllWindows().length),
        ),
      )
      .toBe(1);
    expect(page.url()).toBe(address);
    expect(await page.evaluate(() => window.moat !== undefined)).toBe(true);
    const states = await page.evaluate(async () => {
      const names = ['geolocation', 'notifications', 'camera'] as PermissionName[];
      const found = await Promise.all(names.map((name) => navigator.permissions.query({ name })));
      return found.map(({ state }) => state);
    });
    expect(states).not.toContain('granted');
  });

  test.skipIf(skip)(
    'a page reaches no network, no file outside the app, and makes no code out of text',
    async () => {
      const outcome = await page.evaluate(async () => {
        const reach = (url: string): Promise<string> =>
          fetch(url).then(
            ({ status }) => String(status),
            () => 'refused',
          );
        const attempt = (run: () => void): string => {
          try {
            run();
            return 'done';
          } catch {
            return 'refused';
          }
        };
        return {
          network: await reach('https://elsewhere.invalid/'),
          file: await reach('file:///etc/hosts'),
          outside: await reach('/%2e%2e/package.json'),
          own: await reach('/index.html'),
          markup: attempt(() => void (document.createElement('div').innerHTML = '<b>x</b>')),
          script: attempt(() => void (document.createElement('script').text = 'window.ran = true')),
        };
      });
      expect(outcome).toEqual({
        network: 'refused',
        file: 'refused',
        outside: '404',
        own: '200',
        markup: 'refused',
        script: 'refused',
      });
    },
  );

  test.skipIf(skip)(
    'an engine that is killed in the middle of an audit comes back, and the audit ends as it would have',
    async () => {
      await page.evaluate(() => {
        const events: unknown[] = [];
        Object.assign(globalThis, { events });
        window.moat?.subscribe(({ event }) => events.push(event));
      });
      const { id } = await call(page, 'audits.start', {
        settings: {
          encoder: path.join(project.folder, 'encoder.onnx'),
          pool: [path.join(project.folder, 'pool')],
          task: { tiny: path.join(project.folder, 'task') },
          preset: 'quick',
          attacks: ['direct-extraction'],
          defenses: ['gaussian-noise'],
          budgets: [64],
          seeds: 1,
          engine: 'onnx',
          device: 'cpu',
          workers: 1,
        },
      });
      await told(page, { type: 'run', run: { type: 'cell', state: 'done' } });
      const before = await call(page, 'app.hello', {});
      await app.evaluate((electron: { app: { getAppMetrics: () => { pid: number; name?: string }[] } }) => {
        const engine = electron.app.getAppMetrics().find(({ name }) => name === 'Moat engine');
        if (engine === undefined) throw new Error('no engine runs');
        process.kill(engine.pid, 'SIGKILL');
      });
      await told(page, { type: 'engine', state: 'restarting' });
      await told(page, { type: 'engine', state: 'restarted' });
      await told(page, { type: 'run', run: { type: 'stage', stage: 'done' } });
      const after = await call(page, 'app.hello', {});
      expect(after.engineLife).not.toBe(before.engineLife);
      const [entry] = await call(page, 'audits.list', {});
      expect(entry).toMatchObject({ id, state: 'completed', cellsFailed: 0 });
      expect(entry?.cellsDone).toBe(entry?.cellsTotal);
    },
  );

  test.skipIf(skip)('its report is saved as a tagged PDF, printed by a window nobody sees', async () => {
    const file = path.join(userData, 'report of mine.pdf');
    await app.evaluate(
      (electron: {
        app: { on: (name: string, listener: () => void) => void; getPath: (name: string) => string };
        dialog: { showSaveDialog: unknown };
      }) => {
        const made = { windows: 0, asked: '' };
        Object.assign(globalThis, { made });
        electron.app.on('web-contents-created', () => (made.windows += 1));
        electron.dialog.showSaveDialog = (_window: unknown, options: { defaultPath: string }) => {
          made.asked = options.defaultPath;
          return Promise.resolve({
            canceled: false,
            filePath: `${electron.app.getPath('userData')}/report of mine.pdf`,
          });
        };
      },
    );
    const [audit] = await call(page, 'audits.list', {});
    await page.evaluate((id) => (location.hash = `#/report/${id}`), audit?.id ?? '');
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('menuitem', { name: /^PDF/ }).click();
    await page.getByText(`Written: ${file}`).waitFor();
    const pdf = await PDFDocument.load(readFileSync(file), { updateMetadata: false });
    expect(pdf.getPageCount()).toBeGreaterThan(1);
    expect(pdf.catalog.has(PDFName.of('StructTreeRoot'))).toBe(true);
    expect(pdf.catalog.has(PDFName.of('Outlines'))).toBe(true);
    // By a window of the app, and not by a browser of this machine.
    const made = await app.evaluate(
      () => (globalThis as unknown as { made: { windows: number; asked: string } }).made,
    );
    expect(made).toEqual({ windows: 1, asked: `moat-${audit?.id}-report.pdf` });
  });

  test.skipIf(skip)('packages are complete, and a device is tried in a process of its own', async () => {
    const checks = await call(page, 'machine.doctor', {});
    const named = (id: string) => checks.find((check) => check.id === id);
    expect(named('packages')).toMatchObject({ status: 'ok' });
    // On Linux sharp's native build and Electron's program do not go together.
    const sharpBuild = process.platform === 'linux' ? / in WebAssembly\)/ : /\(sharp [\d.]+\)/;
    expect(named('images')).toMatchObject({ status: 'ok', sentence: expect.stringMatching(sharpBuild) });
    // How fast it is, or that a busy machine left it no time; never that there was no process.
    expect(named('onnx on cpu')?.sentence).toMatch(
      /agrees with the reference engine|no training step within/,
    );
  });

  test.skipIf(skip)('a menu leads the page to a place', async () => {
    await app.evaluate(
      (electron: {
        Menu: {
          getApplicationMenu: () => {
            items: { label: string; submenu?: { items: { label: string; click: () => void }[] } }[];
          };
        };
      }) => {
        const file = electron.Menu.getApplicationMenu().items.find(({ label }) => label === 'File');
        file?.submenu?.items.find(({ label }) => label === 'Settings')?.click();
      },
    );
    await page.waitForFunction(() => location.hash === '#/settings');
  });

  test.skipIf(skip)('quits when asked, and lets go of the database', async () => {
    expect(await app.close()).toBe(0);
  });
});
