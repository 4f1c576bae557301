import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditSnapshot, CellEntry } from '../../audits/contract/bridge.ts';
import { appFiles } from '../../audits/serve/app-files.ts';
import { openBrowser } from '../helpers/browser.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import {
  sketchCells,
  sketchedEntry,
  sketchId,
  sketchSheet,
  sketchSnapshot,
} from '../helpers/sketch-audit.ts';
import { axeViolations, openApp } from './app-page.ts';

/** What the run screen says and offers in each state of an audit, and whether everybody can read it. */

let browser: Browser | undefined;
let engine: FakeEngine;
beforeAll(async () => {
  browser = await openBrowser();
  engine = new FakeEngine(await appFiles());
  await engine.listen();
});
afterAll(async () => {
  await browser?.close();
  await engine.close();
});

const mixed = sketchCells(
  {
    defenses: ['none', 'gaussian-noise:sigma=0.1', 'b4b', `truncation:dims=8+${'a-long-name-'.repeat(6)}`],
    attacks: ['direct-extraction', 'averaging', 'direct-extraction:loss=contrastive [resnet18]'],
    budgets: [500, 2000],
    seeds: 2,
  },
  (_, number) => {
    const all = ['done', 'done', 'running', 'failed', 'pending', 'not-applicable', 'not-run'] as const;
    const state = all[Math.floor(number / 4) % all.length] ?? 'pending';
    return {
      state,
      fraction: state === 'running' ? 0.4 : 0,
      stolenGain: state === 'done' ? number / 50 : null,
      reason: state === 'failed' ? 'The loss became not finite.' : null,
    };
  },
);

interface State {
  readonly cells: readonly CellEntry[];
  readonly snapshot: Partial<AuditSnapshot>;
}
const states = {
  'being prepared': {
    cells: [],
    snapshot: {
      entry: sketchedEntry({ state: 'preparing', cellsTotal: 0, cellsDone: 0 }),
      stage: 'preparing',
      etaMs: null,
    },
  },
  running: {
    cells: mixed,
    snapshot: {
      log: [
        { level: 'info', message: 'Embedding 10 000 images' },
        { level: 'warning', message: '2 images could not be read and are left out.' },
        { level: 'error', message: 'A cell has failed.' },
      ],
    },
  },
  stopped: {
    cells: mixed,
    snapshot: { entry: sketchedEntry({ state: 'cancelled', cellsTotal: 40, cellsDone: 12 }) },
  },
  completed: {
    cells: mixed,
    snapshot: {
      entry: sketchedEntry({ state: 'completed', cellsTotal: 40, cellsDone: 36, cellsFailed: 4 }),
    },
  },
  'not to be prepared': {
    cells: [],
    snapshot: {
      entry: sketchedEntry({ state: 'failed', cellsTotal: 0, cellsDone: 0 }),
      stage: 'failed',
      error: {
        code: 'dataset-unlabelled',
        message: 'The folder /photos holds no folders of classes, so it is no labelled task.',
        details: {},
      },
    },
  },
} as const satisfies Record<string, State>;
type StateName = keyof typeof states;

async function openState(
  name: StateName,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<Page | undefined> {
  if (browser === undefined) return undefined;
  const { cells, snapshot }: State = states[name];
  engine.calls.length = 0;
  engine.answers = {
    ...engine.answers,
    'audits.list': () => [sketchedEntry()],
    'audits.snapshot': () => sketchSnapshot(engine, cells, snapshot),
    'audits.resume': () => ({ id: sketchId }),
    'audits.stop': () => ({ stopping: true }),
    'audits.cell': ({ key }) => {
      const cell = cells.find((candidate) => candidate.key === key);
      if (cell === undefined) throw new Error('no such cell');
      return sketchSheet(cell, {
        error:
          cell.state === 'failed'
            ? {
                code: 'training-diverged',
                message: 'The loss became not finite after 3 epochs.',
                details: {},
              }
            : null,
      });
    },
    'methods.list': () => ({
      attacks: [],
      defenses: ['gaussian-noise', 'b4b', 'truncation'].map((id) => ({
        id,
        title: id,
        summary: '',
        group: id === 'b4b' ? 'watching accounts' : 'less information',
        config: {},
        mustFace: id === 'gaussian-noise' ? ['averaging'] : [],
      })),
      presets: [],
    }),
    'machine.gauge': () => ({
      residentBytes: 1e9,
      totalBytes: 8e9,
      device: { name: 'GPU', usedBytes: 2e9, totalBytes: 16e9 },
    }),
  };
  const { page } = await openApp(browser, engine.url(`#/run/${sketchId}`), { colorScheme });
  await page.getByRole('heading', { name: 'encoder.onnx' }).waitFor();
  return page;
}

const asked = (name: string): readonly unknown[] =>
  engine.calls.filter((call) => call.name === name).map(({ request }) => request);

const looks = (Object.keys(states) as StateName[]).flatMap((name) =>
  (['light', 'dark'] as const).map((theme) => [name, theme] as const),
);
test.for(looks)('an audit that is %s can be read by everybody in %s', async ([name, theme], { skip }) => {
  const page = await openState(name, theme);
  if (page === undefined) return skip();
  if (states[name].cells.length > 0) await page.locator('[role=gridcell]').first().waitFor();
  expect(await axeViolations(page)).toEqual([]);
  await page.context().close();
});

test('a failed cell opens with its reason and what to do, readable by everybody', async ({ skip }) => {
  const page = await openState('running');
  if (page === undefined) return skip();
  await page
    .getByRole('gridcell', { name: /^failed/ })
    .first()
    .click();
  const sheet = page.getByRole('complementary', { name: 'Cell' });
  await sheet.getByText('The loss became not finite after 3 epochs.').waitFor();
  expect(await sheet.getByRole('heading', { name: 'What to do' }).count()).toBe(1);
  expect(await axeViolations(page)).toEqual([]);
  await page.context().close();
});

test('the attacks a defense must face are marked, and its family is named', async ({ skip }) => {
  const page = await openState('running');
  if (page === undefined) return skip();
  await page.getByRole('rowheader', { name: 'watching accounts' }).waitFor();
  const marked = page.getByRole('gridcell', { name: /must be faced/ });
  expect(await marked.count()).toBe(1);
  const row = await marked.evaluate(
    (cell) => cell.parentElement?.querySelector('[role=rowheader]')?.textContent,
  );
  expect(row).toMatch('gaussian-noise');
  await page.context().close();
});

test('a running audit is stopped and resumed, and says so until it is', async ({ skip }) => {
  const page = await openState('running');
  if (page === undefined) return skip();
  const stop = page.getByRole('button', { name: 'Stop' });
  await stop.click();
  await page.locator('.progress').getByText('Stopping at the next safe point').waitFor();
  expect(asked('audits.stop')).toEqual([{ id: sketchId }]);
  expect(await stop.isDisabled()).toBe(true);
  engine.answers['audits.snapshot'] = () => sketchSnapshot(engine, mixed, states.stopped.snapshot);
  engine.publish({ type: 'audits-changed' });
  const resume = page.getByRole('button', { name: 'Resume' });
  await resume.waitFor();
  await page.locator('.announcer').getByText('The audit has stopped.').waitFor({ state: 'attached' });
  engine.answers['audits.snapshot'] = () => sketchSnapshot(engine, mixed);
  await resume.click();
  await stop.waitFor();
  expect(asked('audits.resume')).toEqual([{ id: sketchId, retryFailed: false }]);
  await page.context().close();
});

test('failed cells are tried again on request, and the report is one step away', async ({ skip }) => {
  const page = await openState('completed');
  if (page === undefined) return skip();
  expect(await page.getByRole('button', { name: 'Stop' }).count()).toBe(0);
  expect(await page.getByRole('link', { name: 'Open the report' }).getAttribute('href')).toBe(
    `#/report/${sketchId}`,
  );
  await page.getByRole('button', { name: 'Retry failed cells' }).click();
  await expect.poll(() => asked('audits.resume')).toEqual([{ id: sketchId, retryFailed: true }]);
  await page.context().close();
});

test('a preparation that failed says why and what to do', async ({ skip }) => {
  const page = await openState('not to be prepared');
  if (page === undefined) return skip();
  const alert = await page.getByRole('alert').textContent();
  expect(alert).toMatch('The folder /photos holds no folders of classes');
  expect(alert).toMatch('A task needs labels: one folder per class.');
  await page.context().close();
});

test('an audit that is not there is said not to be, with a way on', async ({ skip }) => {
  if (browser === undefined) return skip();
  engine.answers['audits.snapshot'] = () => {
    throw new Error('This database has no audit nothing.');
  };
  const { page } = await openApp(browser, engine.url('#/run/nothing'));
  await page.getByRole('heading', { name: 'This audit cannot be shown' }).waitFor();
  await page.getByText('This database has no audit nothing.').waitFor();
  expect(await page.getByRole('link', { name: 'See all audits' }).getAttribute('href')).toBe('#/history');
  expect(await axeViolations(page)).toEqual([]);
  await page.context().close();
});

test('in a window of any width nothing but the matrix moves sideways', async ({ skip }) => {
  const page = await openState('running');
  if (page === undefined) return skip();
  await page.locator('[role=gridcell]').first().click();
  await page.getByText('Measured', { exact: true }).waitFor();
  for (const width of [1280, 900, 700, 480]) {
    await page.setViewportSize({ width, height: 700 });
    const over = await page
      .locator('#content')
      .evaluate((element) => element.scrollWidth - element.clientWidth);
    expect({ width, over }).toEqual({ width, over: 0 });
  }
  await page.context().close();
});
