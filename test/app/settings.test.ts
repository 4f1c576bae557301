import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EngineEntry } from '../../audits/contract/bridge.ts';
import { appFiles } from '../../audits/serve/app-files.ts';
import { openBrowser } from '../helpers/browser.ts';
import { FakeEngine, type FakeAnswers } from '../helpers/fake-engine.ts';
import { axeViolations, openApp } from './app-page.ts';

/** The settings in a real browser over the built app. */

let browser: Browser | undefined;
let folder: string;
const engines: FakeEngine[] = [];

beforeAll(async () => {
  [browser, folder] = await Promise.all([openBrowser(), appFiles()]);
});
afterAll(async () => {
  await browser?.close();
  await Promise.all(engines.map((engine) => engine.close()));
});

async function open(answers: FakeAnswers, options: Parameters<typeof openApp>[2] = {}) {
  const engine = new FakeEngine(folder, answers);
  engines.push(engine);
  await engine.listen();
  if (browser === undefined) return undefined;
  const opened = await openApp(browser, engine.url('#/settings'), options);
  await opened.page.getByRole('listitem').filter({ hasText: 'TensorFlow' }).waitFor();
  return { engine, ...opened };
}

test('a chosen theme holds against the system’s, at once and after a reload; the system’s holds else', async ({
  skip,
}) => {
  const opened = await open({}, { colorScheme: 'light' });
  if (opened === undefined) return skip();
  const { page } = opened;
  const paper = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
  const light = await paper();
  await page.getByRole('radio', { name: 'Dark' }).check();
  await expect.poll(paper).not.toBe(light);
  const dark = await paper();
  await page.reload();
  expect(await paper()).toBe(dark);
  await page.getByRole('radio', { name: 'Like the system' }).check();
  await expect.poll(paper).toBe(light);
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await paper()).toBe(dark);
  // Paper is always light.
  await page.getByRole('radio', { name: 'Dark' }).check();
  await page.emulateMedia({ media: 'print' });
  await expect.poll(paper).toBe(light);
  await page.context().close();
});

test('prices are saved as numbers; what is none is said and not saved', async ({ skip }) => {
  const opened = await open({});
  if (opened === undefined) return skip();
  const { page, engine } = opened;
  const changes = () =>
    engine.calls.filter(({ name }) => name === 'settings.set').map(({ request }) => request);
  const gpuHour = page.getByLabel('One hour of a thief’s GPU');
  await gpuHour.fill('2,5');
  await gpuHour.press('Enter');
  await expect.poll(changes).toEqual([{ changes: { gpuHour: 2.5 } }]);
  const price = page.getByLabel('One query');
  await price.fill('cheap');
  await price.press('Enter');
  await page.getByText('A number, 0 or more.').waitFor();
  expect(await price.getAttribute('aria-invalid')).toBe('true');
  expect(await axeViolations(page)).toEqual([]);
  await price.fill('');
  await price.press('Enter');
  await expect.poll(changes).toEqual([{ changes: { gpuHour: 2.5 } }, { changes: { price: null } }]);
  engine.answers['settings.set'] = () => {
    throw new Error('The disk is full.');
  };
  await page.getByLabel('One label').fill('1');
  await page.getByLabel('One label').press('Enter');
  await page.getByText('Not saved. The disk is full.').waitFor();
  expect(await page.getByLabel('One label').inputValue()).toBe('');
  await page.context().close();
});

/** What the engine says of TensorFlow. */
function tensorflow(changes: Partial<EngineEntry>): readonly EngineEntry[] {
  return [
    {
      id: 'tensorflow',
      title: 'TensorFlow',
      state: 'not-installed',
      devices: ['cuda'],
      sentence: 'Trains on NVIDIA GPUs; 1.2 GB.',
      canInstall: false,
      canRemove: false,
      installation: null,
      ...changes,
    },
  ];
}

test('an engine pack is installed with its progress; the machine is measured and checked', async ({
  skip,
}) => {
  const { promise: installed, resolve: finish } = Promise.withResolvers<readonly EngineEntry[]>();
  const opened = await open({
    'engines.install': () => {
      listed({ installation: { state: 'running', fraction: null, sentence: 'Fetching 1 200 MB' } });
      return installed;
    },
    'machine.benchmark': () => ({
      lines: [{ label: 'Training steps', value: 41.25, unit: 'per second' }],
    }),
    'machine.doctor': () => [
      { id: 'disk', status: 'ok', sentence: '80 GB are free.', advice: null },
      { id: 'gpu', status: 'absent', sentence: 'No GPU was found.', advice: 'Audits run on the CPU.' },
    ],
  });
  if (opened === undefined) return skip();
  const { page, engine, complaints } = opened;
  const listed = (changes: Partial<EngineEntry>): readonly EngineEntry[] => {
    const entries = tensorflow(changes);
    engine.answers['engines.list'] = () => entries;
    engine.publish({ type: 'engines-changed' });
    return entries;
  };
  await page.getByRole('button', { name: 'Install the engine pack, TensorFlow' }).click();
  await page.getByText('Fetching 1 200 MB').waitFor();
  expect(await page.getByRole('progressbar').count()).toBe(0);
  engine.publish({ type: 'task', task: 'machine.benchmark', fraction: 0.9, sentence: 'Not of this' });
  engine.publish({ type: 'task', task: 'engines.install', fraction: 0.4, sentence: 'Unpacking 900 MB' });
  await page.getByText('Unpacking 900 MB').waitFor();
  expect(await page.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('40');
  expect(await page.getByText('Not of this').count()).toBe(0);
  expect(await axeViolations(page)).toEqual([]);
  finish(listed({ state: 'ready', sentence: 'Installed.', canRemove: true }));
  await page.getByText('TensorFlow is installed.').waitFor();
  await page.getByRole('button', { name: 'Remove TensorFlow' }).waitFor();
  await page.getByRole('button', { name: 'Measure this machine' }).click();
  await page.getByRole('row', { name: 'Training steps 41.3 per second' }).waitFor();
  await page.getByRole('button', { name: 'Check this machine' }).click();
  await page.getByText('Audits run on the CPU.').waitFor();
  expect(await axeViolations(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('an installation that cannot be cancelled is said to go on; how one failed stays in its row', async ({
  skip,
}) => {
  const opened = await open({
    'engines.list': () =>
      tensorflow({ installation: { state: 'running', fraction: 0.25, sentence: 'Unpacking 900 MB' } }),
    'engines.cancel': () => {
      throw new Error('It is nearly done.');
    },
  });
  if (opened === undefined) return skip();
  const { page, engine } = opened;
  expect(await page.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('25');
  expect(await page.getByRole('button', { name: 'Install the engine pack, TensorFlow' }).count()).toBe(0);
  const cancel = page.getByRole('button', { name: 'Cancel the installation of TensorFlow' });
  await cancel.click();
  await page.getByText('The installation of TensorFlow was not cancelled. It is nearly done.').waitFor();
  expect(await cancel.isEnabled()).toBe(true);
  engine.answers['engines.list'] = () =>
    tensorflow({ canInstall: true, installation: { state: 'failed', sentence: 'The disk is full.' } });
  engine.publish({ type: 'engines-changed' });
  await page.getByRole('status').filter({ hasText: 'The disk is full.' }).waitFor();
  expect(await page.getByRole('progressbar').count()).toBe(0);
  await page.getByRole('button', { name: 'Install the engine pack, TensorFlow' }).waitFor();
  expect(await axeViolations(page)).toEqual([]);
  await page.context().close();
});

test('a window whose request breaks off does not say that the engine was not installed', async ({ skip }) => {
  const opened = await open({});
  if (opened === undefined) return skip();
  const { page, engine } = opened;
  await page.route('**/api/engines.install', (route) => route.abort());
  const install = page.getByRole('button', { name: 'Install the engine pack, TensorFlow' });
  const broken = page.waitForEvent('requestfailed');
  await install.click();
  await broken;
  engine.answers['engines.list'] = () =>
    tensorflow({ installation: { state: 'running', fraction: null, sentence: 'Fetching 1 200 MB' } });
  engine.publish({ type: 'engines-changed' });
  await page.getByText('Fetching 1 200 MB').waitFor();
  expect(await page.getByText('TensorFlow was not installed.').count()).toBe(0);
  await page.context().close();
});

test.for(['light', 'dark'] as const)(
  'the settings in %s have no accessibility violation',
  async (colorScheme, { skip }) => {
    const opened = await open({}, { colorScheme });
    if (opened === undefined) return skip();
    const { page, complaints } = opened;
    expect(await axeViolations(page)).toEqual([]);
    await page.setViewportSize({ width: 400, height: 700 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
    expect(complaints).toEqual([]);
    await page.context().close();
  },
);
