import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BridgeMethod } from '../../audits/contract/bridge.ts';
import { MoatError } from '../../audits/contract/errors.ts';
import { appFiles } from '../../audits/serve/app-files.ts';
import { windowHints } from '../../audits/serve/window-hints.ts';
import { openBrowser } from '../helpers/browser.ts';
import { fakeAudit, FakeEngine, type FakeAnswers } from '../helpers/fake-engine.ts';
import { sketchCells, sketchId, sketchSheet, sketchSnapshot } from '../helpers/sketch-audit.ts';
import { axeViolations, openApp } from './app-page.ts';

/** What a panel says that could not be had: what, why and what to do; the rest of the screen stands, and it is asked for again. */

let browser: Browser | undefined;
let engine: FakeEngine;
let calm: FakeAnswers;
beforeAll(async () => {
  browser = await openBrowser();
  engine = new FakeEngine(await appFiles());
  await engine.listen();
  calm = engine.answers;
});
afterAll(async () => {
  await browser?.close();
  await engine.close();
});

const message = 'Page 41 of the database could not be read.';
const damaged = (): never => {
  throw new MoatError('database-corrupt', message);
};
const never = (): Promise<never> => new Promise(() => undefined);

const cells = sketchCells({ defenses: ['none'], attacks: ['averaging'], budgets: [500], seeds: 1 });
const run: FakeAnswers = {
  'audits.snapshot': () => sketchSnapshot(engine, cells),
  'methods.list': () => ({ attacks: [], defenses: [], presets: [] }),
  'machine.gauge': () => ({ residentBytes: 1e9, totalBytes: 8e9, device: null }),
  'audits.cell': ({ key }) => {
    const cell = cells.find((candidate) => candidate.key === key);
    if (cell === undefined) throw new Error('no such cell');
    return sketchSheet(cell);
  },
};
const two: FakeAnswers = {
  'audits.list': () => [fakeAudit({ id: sketchId }), fakeAudit({ id: 'bbbb0000' as typeof sketchId })],
};

interface Panel {
  readonly place: string;
  /** Fails at first, and is answered when it is asked again. */
  readonly method: BridgeMethod;
  readonly what: string;
  /** Stands on the screen all the same. */
  readonly beside: string;
  /** Stands in the panel's place once there is an answer. */
  readonly afterwards: string | RegExp;
  readonly answers?: FakeAnswers;
  readonly open?: (page: Page) => Promise<void>;
}
const panels: readonly Panel[] = [
  {
    place: '#/',
    method: 'audits.list',
    what: 'The audits could not be read.',
    beside: 'Start',
    afterwards: 'Choose an encoder',
  },
  {
    place: '#/history',
    method: 'audits.list',
    what: 'The audits could not be read.',
    beside: 'Files of audits',
    afterwards: 'No audits yet',
  },
  {
    place: '#/history',
    method: 'history.usage',
    what: 'The disk’s use could not be read.',
    beside: 'No audits yet',
    afterwards: 'Files of audits',
  },
  {
    place: '#/history?view=accepted',
    method: 'findings.accepted',
    what: 'Accepted findings could not be read.',
    beside: 'Files of audits',
    afterwards: /^No finding is accepted/,
  },
  {
    place: '#/compare',
    method: 'audits.list',
    what: 'The audits could not be read.',
    beside: 'Compare',
    afterwards: 'No audit has been made in this database yet.',
  },
  {
    place: `#/compare?from=${sketchId}`,
    method: 'audits.result',
    what: `The defenses of audit ${sketchId} could not be read.`,
    beside: 'Choose an audit on both sides.',
    afterwards: 'Choose an audit on both sides.',
    answers: { ...two, 'audits.result': () => ({ result: { verdicts: [] } }) as never },
  },
  {
    place: '#/settings',
    method: 'settings.get',
    what: 'The settings could not be read.',
    beside: 'Settings',
    afterwards: 'Price assumptions',
  },
  {
    place: '#/settings',
    method: 'engines.list',
    what: 'The engines could not be listed.',
    beside: 'Price assumptions',
    afterwards: 'Comes with Moat.',
  },
  {
    place: '#/new',
    method: 'draft.get',
    what: 'What was typed here before could not be read, so the form is empty.',
    beside: 'Battery',
    afterwards: 'Battery',
    answers: { 'methods.list': () => ({ attacks: [], defenses: [], presets: [] }) },
  },
  {
    place: `#/run/${sketchId}`,
    method: 'audits.snapshot',
    what: '',
    beside: 'This audit cannot be shown',
    afterwards: 'Defenses against attacks',
    answers: run,
  },
  {
    place: `#/run/${sketchId}`,
    method: 'audits.cell',
    what: 'This cell could not be read.',
    beside: 'Defenses against attacks',
    afterwards: 'Nothing has been measured yet.',
    answers: run,
    open: (page) => page.getByRole('gridcell').first().click(),
  },
];

async function open(place: string, answers: FakeAnswers): Promise<Page | undefined> {
  if (browser === undefined) return undefined;
  engine.calls.length = 0;
  engine.answers = { ...calm, ...answers };
  return (await openApp(browser, engine.url(place))).page;
}

test.for(panels)('$what at $place: the rest stands, and trying again helps', async (panel, { skip }) => {
  const answers: FakeAnswers = { ...calm, ...panel.answers };
  const page = await open(panel.place, { ...answers, [panel.method]: damaged });
  if (page === undefined) return skip();
  await panel.open?.(page);
  const trouble = page.getByRole('alert');
  await trouble.waitFor();
  expect((await trouble.locator('p').textContent())?.trim()).toBe(
    `${panel.what} ${message} ${windowHints['database-corrupt']}`.trim(),
  );
  await page.getByText(panel.beside, { exact: true }).first().waitFor();

  const again = trouble.getByRole('button', { name: 'Try again' });
  await again.focus();
  await page.keyboard.press('Enter');
  // Still damaged: it says so on, and can be tried once more.
  await expect.poll(() => engine.calls.filter(({ name }) => name === panel.method).length).toBeGreaterThan(1);
  await again.waitFor();
  engine.answers = answers;
  await page.keyboard.press('Enter');
  await trouble.waitFor({ state: 'detached' });
  await page.getByText(panel.afterwards, { exact: true }).first().waitFor();
  // Whoever came by keyboard goes on from here, and not from the window's beginning.
  await expect.poll(() => page.evaluate('document.activeElement === document.body')).toBe(false);
  await page.context().close();
});

test.for(['light', 'dark'] as const)(
  'what it says can be read by everybody in %s',
  async (theme, { skip }) => {
    const page = await open('#/history', { 'audits.list': damaged, 'history.usage': damaged });
    if (page === undefined) return skip();
    await page.emulateMedia({ colorScheme: theme });
    await expect.poll(() => page.getByRole('alert').count()).toBe(2);
    expect(await axeViolations(page)).toEqual([]);
    await page.context().close();
  },
);

test.for([
  ['#/history', 'history.usage', 'Reading the disk …'],
  ['#/compare', 'audits.list', 'Loading …'],
  [`#/run/${sketchId}`, 'audits.snapshot', 'Reading the audit …'],
] as const)('while %s waits for %s it says so', async ([place, method, sentence], { skip }) => {
  const page = await open(place, { ...run, [method]: never });
  if (page === undefined) return skip();
  await page.getByText(sentence, { exact: true }).waitFor();
  await page.context().close();
});

test('a setting that was refused goes back to what is in force', async ({ skip }) => {
  const page = await open('#/settings', { 'settings.set': damaged });
  if (page === undefined) return skip();
  await page.getByRole('radio', { name: 'Dark' }).click();
  await page.locator('.notice').getByText('Not saved.').waitFor();
  await expect.poll(() => page.getByRole('radio', { name: 'Like the system' }).isChecked()).toBe(true);
  await page.getByLabel('Engine', { exact: true }).selectOption('onnx');
  await expect.poll(() => page.getByLabel('Engine', { exact: true }).inputValue()).toBe('auto');
  const folder = page.getByLabel('Folder for reports');
  await folder.fill('/nowhere');
  await folder.press('Enter');
  await expect.poll(() => folder.inputValue()).toBe('/home/user/reports');
  await page.context().close();
});

test('an engine that did not say how it stands is asked again from the line that says so', async ({
  skip,
}) => {
  const page = await open('#/', { 'app.hello': damaged });
  if (page === undefined) return skip();
  const banner = page.locator('.banner');
  await banner.getByText('so no audit can be started').waitFor();
  engine.answers = calm;
  await banner.getByRole('button', { name: 'Try again' }).click();
  await banner.waitFor({ state: 'detached' });
  await expect.poll(() => page.getByRole('button', { name: 'Try the demo' }).isEnabled()).toBe(true);
  await page.context().close();
});

test('an encoder that could not be looked at is looked at again', async ({ skip }) => {
  const page = await open('#/new', {
    'methods.list': () => ({ attacks: [], defenses: [], presets: [] }),
    'encoder.inspect': damaged,
  });
  if (page === undefined) return skip();
  await page.getByLabel('Path of the ONNX file').fill('/models/encoder.onnx');
  await page.getByRole('button', { name: 'Look again' }).click();
  const asked = (): number => engine.calls.filter(({ name }) => name === 'encoder.inspect').length;
  await expect.poll(asked).toBe(2);
  await page.context().close();
});

test('what was not done is named before the reason', async ({ skip }) => {
  const page = await open(`#/run/${sketchId}`, { ...run, 'audits.stop': damaged });
  if (page === undefined) return skip();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.locator('.notice').getByText('The audit was not stopped.').waitFor();
  await page.context().close();
});

test('a name of two hundred letters stands on two lines, with the buttons beside it', async ({ skip }) => {
  const name = `${'face-encoder-'.repeat(15)}.onnx`;
  const entry = fakeAudit({ id: sketchId, encoder: `/models/${name}`, state: 'running', verdict: null });
  const page = await open(`#/run/${sketchId}`, {
    ...run,
    'audits.snapshot': () => sketchSnapshot(engine, cells, { entry }),
  });
  if (page === undefined) return skip();
  const heading = page.getByRole('heading', { level: 1, name });
  await heading.waitFor();
  for (const width of [1280, 800, 480]) {
    await page.setViewportSize({ width, height: 800 });
    const height = await heading.evaluate((element) => element.getBoundingClientRect().height);
    expect(height, String(width)).toBeLessThan(80);
  }
  expect(await heading.getAttribute('title')).toBe(name);
  await page.context().close();
});
