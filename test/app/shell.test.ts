import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appFiles } from '../../audits/serve/app-files.ts';
import { openBrowser } from '../helpers/browser.ts';
import { FakeEngine, fakeAudit, type FakeAnswers } from '../helpers/fake-engine.ts';
import { axeViolations, openApp } from './app-page.ts';

/** The frame around the screens, and the start, in a real browser over the built app. */

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

async function open(
  answers: FakeAnswers = {},
  { hash, ...options }: { hash?: string } & Parameters<typeof openApp>[2] = {},
) {
  const engine = new FakeEngine(folder, answers);
  engines.push(engine);
  await engine.listen();
  if (browser === undefined) return undefined;
  return { engine, ...(await openApp(browser, engine.url(hash), options)) };
}

test('the token leaves the address bar, survives a reload, and is asked for where it is missing', async ({
  skip,
}) => {
  const opened = await open({}, { hash: '#/settings' });
  if (opened === undefined) return skip();
  const { page, engine, complaints } = opened;
  await page.getByRole('heading', { name: 'Appearance' }).waitFor();
  expect(page.url()).toBe(`${engine.origin}/#/settings`);
  expect(await page.evaluate('history.length')).toBeLessThanOrEqual(2);
  await page.reload();
  await page.getByRole('heading', { name: 'Appearance' }).waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();

  const stranger = await openApp(browser!, `${engine.origin}/#/`);
  await stranger.page.getByText('This window has no valid token').waitFor();
  expect(await axeViolations(stranger.page)).toEqual([]);
  await stranger.page.context().close();
});

test('the first run has one clear action; the demo is one click and leads to its run', async ({ skip }) => {
  const opened = await open({ 'audits.start': () => ({ id: 'audit-1' as never }) });
  if (opened === undefined) return skip();
  const { page, engine, complaints } = opened;
  await page.getByRole('heading', { name: 'What would a thief get out of your encoder?' }).waitFor();
  expect(await page.locator('.button-main').allTextContents()).toEqual(['Choose an encoder']);
  await page.getByRole('button', { name: 'Try the demo' }).click();
  await page.waitForURL(/#\/run\/audit-1$/);
  expect(engine.calls.find(({ name }) => name === 'audits.start')?.request).toEqual({
    settings: { preset: 'demo' },
  });
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('a dropped file begins a new audit; two at once are refused', async ({ skip }) => {
  const opened = await open();
  if (opened === undefined) return skip();
  const { page } = opened;
  await page.getByRole('heading', { level: 1 }).waitFor();
  const drop = (names: readonly string[]) =>
    page.evaluate(`{
      const dataTransfer = new DataTransfer();
      for (const name of ${JSON.stringify(names)}) dataTransfer.items.add(new File(['x'], name));
      const event = (type) => new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
      document.body.dispatchEvent(event('dragenter'));
      document.body.dispatchEvent(event('drop'));
    }`);
  await drop(['a.onnx', 'b.onnx']);
  await page.getByText('Drop one encoder at a time.').waitFor();
  await drop(['my encoder.onnx']);
  await page.waitForURL(/#\/new\?dropped=my\+encoder\.onnx$/);
  await page.context().close();
});

test('going somewhere moves the focus to the heading and names the document; back works', async ({
  skip,
}) => {
  const opened = await open();
  if (opened === undefined) return skip();
  const { page } = opened;
  await page.getByRole('heading', { level: 1 }).waitFor();
  expect(await page.title()).toBe('Start · Moat');
  expect(await page.evaluate('document.activeElement === document.body')).toBe(true);
  await page.getByRole('link', { name: 'History' }).click();
  await page.locator('h1:focus', { hasText: 'History' }).waitFor();
  expect(await page.title()).toBe('History · Moat');
  await page.goBack();
  await page.locator('h1:focus', { hasText: 'What would a thief' }).waitFor();
  await page.goto(`${new URL(page.url()).origin}/#/nowhere`);
  await page.getByRole('heading', { name: 'There is no such place' }).waitFor();
  await page.context().close();
});

test('the window itself never scrolls: what is longer scrolls inside the frame', async ({ skip }) => {
  const opened = await open({ 'audits.list': () => [running] });
  if (opened === undefined) return skip();
  const { page } = opened;
  const places = {
    '': 'Start',
    new: 'New audit',
    history: 'History',
    compare: 'Compare',
    settings: 'Settings',
  };
  for (const [place, name] of Object.entries(places)) {
    await page.evaluate((hash) => (location.hash = hash), `#/${place}`);
    await page.getByRole('heading', { level: 1, name }).waitFor();
    const [content, window] = await page.evaluate(() => [
      document.documentElement.scrollHeight,
      document.documentElement.clientHeight,
    ]);
    expect(content, `#/${place}`).toBe(window);
  }
  await page.context().close();
});

test('by keyboard alone: skip link, palette, shortcuts, help', async ({ skip }) => {
  const opened = await open({
    'audits.list': () => [fakeAudit({ encoder: '/m/first.onnx', tags: ['gold'] })],
  });
  if (opened === undefined) return skip();
  const { page, complaints } = opened;
  await page.getByRole('link', { name: 'first.onnx' }).waitFor();
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('To the content');
  await page.keyboard.press('Enter');
  expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
  expect(page.url()).toMatch(/#\/$/);

  await page.keyboard.press('Control+KeyK');
  const input = page.getByRole('combobox');
  await input.waitFor();
  expect(await axeViolations(page)).toEqual([]);
  await page.keyboard.type('gold');
  await page.getByRole('option', { name: 'first.onnx', selected: true }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(/#\/report\/01J/);
  await page.locator('h1:focus').waitFor();
  await input.waitFor({ state: 'detached' });
  await page.keyboard.press('Control+KeyK');
  await page.locator('[role=combobox]:focus').waitFor();
  await page.keyboard.type('zzz');
  await page.getByText('Nothing has that name.').waitFor();
  await page.keyboard.press('Escape');
  await input.waitFor({ state: 'detached' });

  await page.keyboard.press('Alt+Shift+KeyH');
  await page.locator('h1:focus', { hasText: 'History' }).waitFor();
  await page.keyboard.press('Control+Slash');
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await help.waitFor();
  // A screen's own commands stand in it while the screen is shown.
  expect(await help.locator('dt').allTextContents()).toEqual(
    expect.arrayContaining(['Commands and audits', 'New audit', 'Search']),
  );
  expect(await axeViolations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('an engine that restarts, a lost connection and a read-only database are one calm line each', async ({
  skip,
}) => {
  const opened = await open({ 'audits.list': () => [fakeAudit()] });
  if (opened === undefined) return skip();
  const { page, engine } = opened;
  const banner = page.locator('.banner');
  await page.getByRole('link', { name: 'face-encoder.onnx' }).waitFor();
  expect(await banner.count()).toBe(0);

  engine.publish({ type: 'engine', state: 'restarting', sentence: 'The engine stopped; starting it again.' });
  await banner.filter({ hasText: 'starting it again' }).waitFor();
  expect(await page.getByRole('button', { name: 'Try the demo' }).isDisabled()).toBe(true);
  expect(await axeViolations(page)).toEqual([]);
  const asked = () => engine.calls.filter(({ name }) => name === 'audits.list').length;
  const before = asked();
  engine.engineLife = 'life-2';
  engine.publish({ type: 'engine', state: 'restarted', sentence: 'Back.' });
  await banner.waitFor({ state: 'detached' });
  await expect.poll(asked).toBeGreaterThan(before);

  // The list is asked for again once the connection is back, since events may have been missed.
  engine.answers['audits.list'] = () => [fakeAudit({ encoder: '/m/other.onnx' })];
  engine.drop();
  await page.getByRole('link', { name: 'other.onnx' }).waitFor();
  await banner.waitFor({ state: 'detached' });

  engine.answers['app.hello'] = () => ({
    moatVersion: '0.1.0',
    database: '/m.db',
    engineLife: 'life-2',
    host: 'http',
    readOnlyBecause: 'Another Moat writes to this database.',
  });
  await page.reload();
  await banner.filter({ hasText: 'Read only: Another Moat writes to this database.' }).waitFor();
  expect(await page.getByRole('button', { name: 'Try the demo' }).isDisabled()).toBe(true);
  await page.context().close();
});

const running = fakeAudit({
  id: 'running' as never,
  encoder: `/m/${'a-very-long-model-name-'.repeat(6)}.onnx`,
  state: 'running',
  verdict: null,
  cellsDone: 3,
});
const states: readonly (readonly [name: string, answers: FakeAnswers, ready: string])[] = [
  ['without audits', {}, 'Choose an encoder'],
  [
    'with audits',
    {
      'audits.list': () => [
        running,
        fakeAudit({ cellsFailed: 2 }),
        fakeAudit({ id: 'b' as never, state: 'failed', verdict: null, encoder: '/m/מודל.onnx' }),
        fakeAudit({ id: 'c' as never, verdict: 'inconclusive', encoder: 'builtin:demo' }),
        fakeAudit({ id: 'd' as never, verdict: 'pass' }),
      ],
    },
    'Recent audits',
  ],
  [
    'that cannot be read',
    {
      'audits.list': () => {
        throw new Error('The database is damaged.');
      },
    },
    'The database is damaged.',
  ],
];
const cases = states.flatMap(([name, answers, ready]) =>
  (['light', 'dark'] as const).map((scheme) => [name, scheme, answers, ready] as const),
);
test.for(cases)(
  'the start %s in %s has no accessibility violation and does not overflow',
  async ([, colorScheme, answers, ready], { skip }) => {
    const opened = await open(answers, { colorScheme, reducedMotion: 'reduce' });
    if (opened === undefined) return skip();
    const { page, complaints } = opened;
    await page.getByText(ready).first().waitFor();
    expect(await axeViolations(page)).toEqual([]);
    for (const width of [1280, 640, 380]) {
      await page.setViewportSize({ width, height: 700 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect(await page.evaluate('document.querySelector("main").scrollWidth')).toBeLessThanOrEqual(width);
    }
    // With reduced motion nothing moves at all.
    const durations = await page.evaluate(
      '[...document.querySelectorAll("*")].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0).length',
    );
    expect(durations).toBe(0);
    expect(complaints).toEqual([]);
    await page.context().close();
  },
);

test('a running audit shows in the frame how far it is', async ({ skip }) => {
  const opened = await open({ 'audits.list': () => [running] }, { hash: '#/settings' });
  if (opened === undefined) return skip();
  const { page, engine } = opened;
  await page.locator('.sidebar-run').waitFor();
  engine.publish({
    type: 'run',
    auditId: running.id,
    run: { type: 'progress', cellsDone: 10, cellsTotal: 40, fraction: 0.25, etaMs: 60_000, running: [] },
  });
  await page.locator('.sidebar-run', { hasText: 'Running, 25' }).waitFor();
  await page.context().close();
});
