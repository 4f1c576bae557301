import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AcceptedFinding, AuditEntry } from '../../audits/contract/bridge.ts';
import { appFiles } from '../../audits/serve/app-files.ts';
import { openBrowser } from '../helpers/browser.ts';
import { FakeEngine, fakeAudit, type FakeAnswers } from '../helpers/fake-engine.ts';
import { axeViolations, openApp } from './app-page.ts';

/** The history and the settings in a real browser over the built app. */

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

async function open(hash: string, answers: FakeAnswers, options: Parameters<typeof openApp>[2] = {}) {
  const engine = new FakeEngine(folder, answers);
  engines.push(engine);
  await engine.listen();
  if (browser === undefined) return undefined;
  return { engine, ...(await openApp(browser, engine.url(hash), options)) };
}

const numbered = (count: number): readonly AuditEntry[] =>
  Array.from({ length: count }, (_, i) =>
    fakeAudit({
      id: `audit-${i}` as AuditEntry['id'],
      encoder: `/models/encoder-${i}.onnx`,
      verdict: i % 2 === 0 ? 'pass' : 'fail',
      tags: i % 3 === 0 ? ['release'] : [],
      note: i === 7 ? 'before the retraining' : '',
    }),
  );

/** A list from which audits can be deleted, as the engine does it. */
function deletable(count: number): {
  readonly answers: FakeAnswers;
  readonly entries: () => readonly AuditEntry[];
} {
  let entries = numbered(count);
  const change = (id: string, changes: Partial<AuditEntry>): AuditEntry => {
    entries = entries.map((entry) => (entry.id === id ? { ...entry, ...changes } : entry));
    return entries.find((entry) => entry.id === id)!;
  };
  return {
    entries: () => entries,
    answers: {
      'audits.list': ({ deleted = false }) =>
        entries.filter((entry) => (entry.deletedAt !== null) === deleted),
      'audits.delete': ({ id }) => change(id, { deletedAt: '2026-02-01T00:00:00.000Z' }),
      'audits.restore': ({ id }) => change(id, { deletedAt: null }),
      'audits.annotate': ({ id, tags = [], note = '' }) => change(id, { tags, note }),
      'history.purge': () => {
        entries = entries.filter((entry) => entry.deletedAt === null);
        return { databaseBytes: 1, artifactBytes: 2, deletedBytes: 0, freeBytes: 5_000_000 };
      },
    },
  };
}

test('ten thousand audits scroll with a bounded number of rows in the page, to the last one', async ({
  skip,
}) => {
  const opened = await open('#/history', { 'audits.list': () => numbered(10_000) });
  if (opened === undefined) return skip();
  const { page, complaints } = opened;
  await page.getByRole('link', { name: 'encoder-0.onnx' }).waitFor();
  const table = page.getByRole('table', { name: 'Audits' });
  expect(await table.getAttribute('aria-rowcount')).toBe('10001');
  const rows = () => page.getByRole('row').count();
  expect(await rows()).toBeLessThan(40);
  for (const part of [0.25, 0.5, 0.99, 1]) {
    await page.evaluate(`{
      const box = document.querySelector('.row-table');
      box.scrollTop = box.scrollHeight * ${part};
    }`);
    const last = page.locator('.row-table-body [role=row]').last();
    await expect
      .poll(async () => Number(await last.getAttribute('aria-rowindex')))
      .toBeGreaterThan(10_000 * part - 40);
    expect(await rows()).toBeLessThan(40);
  }
  await page.getByRole('link', { name: 'encoder-9999.onnx' }).waitFor();
  expect(await axeViolations(page)).toEqual([]);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('the list is one stop of Tab; arrow keys move in it, and the focused row stays in the page', async ({
  skip,
}) => {
  const opened = await open('#/history', { 'audits.list': () => numbered(500) });
  if (opened === undefined) return skip();
  const { page } = opened;
  const focused = () => page.evaluate('document.activeElement.textContent.trim()');
  await page.getByRole('link', { name: 'encoder-0.onnx' }).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect.poll(focused).toBe('encoder-2.onnx');
  await page.keyboard.press('End');
  await expect.poll(focused).toBe('encoder-499.onnx');
  await page.evaluate(`document.querySelector('.row-table').scrollTop = 0`);
  await page.getByRole('link', { name: 'encoder-0.onnx' }).waitFor();
  expect(await focused()).toBe('encoder-499.onnx');
  await page.keyboard.press('PageUp');
  await expect.poll(focused).toBe('encoder-489.onnx');
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe(
    'Actions for encoder-489.onnx',
  );
  await page.keyboard.press('Home');
  await page.context().close();
});

test.for(['light', 'dark'] as const)(
  'an audit that an error stopped looks unlike one whose verdict is fail, in %s',
  async (colorScheme, { skip }) => {
    const audits = [
      fakeAudit({ id: 'judged' as AuditEntry['id'], encoder: '/m/judged.onnx', verdict: 'fail' }),
      fakeAudit({
        id: 'broken' as AuditEntry['id'],
        encoder: '/m/broken.onnx',
        state: 'failed',
        verdict: null,
      }),
    ];
    for (const hash of ['#/', '#/history']) {
      const opened = await open(hash, { 'audits.list': () => audits }, { colorScheme });
      if (opened === undefined) return skip();
      const { page } = opened;
      const look = async (name: string) => {
        const word = page.getByRole('row', { name }).locator('.verdict, .outcome');
        const [text, shape, color] = await Promise.all([
          word.innerText(),
          word.locator('svg').innerHTML(),
          word.evaluate((element) => getComputedStyle(element).color),
        ]);
        return { text, shape, color };
      };
      const [judged, broken] = [await look('judged.onnx'), await look('broken.onnx')];
      expect([judged.text, broken.text].map((text) => text.trim())).toEqual(['fail', 'Stopped by an error']);
      expect(broken.shape).not.toBe(judged.shape);
      expect(broken.color).not.toBe(judged.color);
      expect(await axeViolations(page)).toEqual([]);
      await page.context().close();
    }
  },
);

test.for([1280, 900])(
  'in a window of %d pixels long names of presets are read whole',
  async (width, { skip }) => {
    const presets = ['quick', 'paper-rotation-watermark', 'nightly_regression_battery_with_transfer_v3'];
    const audits = presets.flatMap((preset, i) => [
      fakeAudit({ id: `plain-${i}` as AuditEntry['id'], preset }),
      fakeAudit({
        id: `noted-${i}` as AuditEntry['id'],
        preset,
        tags: ['release'],
        note: 'with the new head',
      }),
    ]);
    const opened = await open(
      '#/history',
      { 'audits.list': () => audits },
      { viewport: { width, height: 800 } },
    );
    if (opened === undefined) return skip();
    const { page } = opened;
    for (const preset of presets) {
      const names = page.getByTitle(preset, { exact: true }).filter({ visible: true });
      await expect.poll(() => names.count()).toBe(2);
      for (const name of await names.all()) {
        const room = await name.evaluate((element) => ({
          over: [element.scrollWidth - element.clientWidth, element.scrollHeight - element.clientHeight],
          isInRow: (() => {
            const own = element.closest('[role=cell]')?.getBoundingClientRect();
            const row = element.closest('[role=row]')?.getBoundingClientRect();
            return own !== undefined && row !== undefined && own.top >= row.top && own.bottom <= row.bottom;
          })(),
        }));
        expect({ preset, ...room }).toEqual({ preset, over: [0, 0], isInRow: true });
      }
    }
    expect(await axeViolations(page)).toEqual([]);
    await page.context().close();
  },
);

test('audits are found by words of name, tag and note, and by outcome', async ({ skip }) => {
  const opened = await open('#/history', { 'audits.list': () => numbered(30) });
  if (opened === undefined) return skip();
  const { page } = opened;
  const names = () => page.locator('[data-row-main]').allTextContents();
  await page.getByText('30 audits').waitFor();
  await page.keyboard.press('Alt+Shift+KeyF');
  await page.keyboard.type('RETRAINING encoder');
  await expect.poll(names).toEqual(['encoder-7.onnx']);
  await page.getByRole('searchbox').fill('release');
  await page.getByText('10 of 30 audits').waitFor();
  await page.getByRole('combobox', { name: 'Outcome' }).selectOption('Fail');
  await expect.poll(names).toEqual([3, 9, 15, 21, 27].map((i) => `encoder-${i}.onnx`));
  await page.getByRole('searchbox').fill('nothing of the kind');
  await page.getByText('No audit fits.').waitFor();
  expect(await axeViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Clear the search' }).click();
  await page.getByText('30 audits').waitFor();
  await page.context().close();
});

test('an audit is deleted by keyboard, its deletion undone; deleted ones are restored or erased for good', async ({
  skip,
}) => {
  const { answers, entries } = deletable(5);
  const opened = await open('#/history', answers, { reducedMotion: 'reduce' });
  if (opened === undefined) return skip();
  const { page, complaints } = opened;
  const remove = async (name: string) => {
    await page.getByRole('button', { name: `Actions for ${name}` }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Delete' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await page.getByText(`${name} was deleted`).waitFor();
  };
  const focused = () => page.evaluate('document.activeElement.textContent.trim()');
  await remove('encoder-1.onnx');
  await expect.poll(focused).toBe('encoder-2.onnx');
  await page.getByRole('button', { name: 'Undo' }).press('Enter');
  await page.getByRole('link', { name: 'encoder-1.onnx' }).waitFor();
  await expect.poll(focused).toBe('encoder-1.onnx');
  expect(entries().every((entry) => entry.deletedAt === null)).toBe(true);

  await remove('encoder-1.onnx');
  await remove('encoder-3.onnx');
  await page.getByRole('link', { name: 'Deleted' }).click();
  await page.getByRole('listitem').filter({ hasText: 'encoder-3.onnx' }).getByRole('button').click();
  await expect.poll(() => entries().filter((entry) => entry.deletedAt !== null).length).toBe(1);
  await page.getByRole('button', { name: 'Erase deleted audits' }).click();
  const question = page.getByRole('dialog', { name: 'Erase 1 audit for good?' });
  await question.waitFor();
  expect(await axeViolations(page)).toEqual([]);
  await question.getByRole('button', { name: 'Cancel' }).click();
  expect(entries()).toHaveLength(5);
  await page.getByRole('button', { name: 'Erase deleted audits' }).click();
  await question.getByRole('button', { name: 'Erase' }).click();
  await page.getByText('Nothing is deleted.').waitFor();
  expect(entries()).toHaveLength(4);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('tags and a note are written', async ({ skip }) => {
  const { answers, entries } = deletable(3);
  const opened = await open('#/history', answers);
  if (opened === undefined) return skip();
  const { page } = opened;
  await page.getByRole('button', { name: 'Actions for encoder-1.onnx' }).click();
  await page.getByRole('menuitem', { name: 'Tags and note' }).click();
  const sheet = page.getByRole('dialog', { name: 'Tags and note' });
  await sheet.getByLabel('Tags').fill('release, v2 , release');
  await sheet.getByLabel('Note').fill('for the board');
  expect(await axeViolations(page)).toEqual([]);
  await sheet.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('row', { name: 'encoder-1.onnx' }).getByText('for the board').waitFor();
  expect(entries()[1]).toMatchObject({ tags: ['release', 'v2'], note: 'for the board' });
  await page.context().close();
});

test('an accepted finding is revoked, and that is undone', async ({ skip }) => {
  let findings: readonly AcceptedFinding[] = [
    { finding: 'undefended-theft', reason: 'Research preview only.', expires: '2099-01-01' },
    { finding: 'short-budget', reason: 'Repeated in spring.', expires: '2020-01-01' },
  ];
  const opened = await open('#/history?view=accepted', {
    'findings.accepted': () => findings,
    'findings.revoke': ({ finding }) => (findings = findings.filter((other) => other.finding !== finding)),
    'findings.accept': (finding) => (findings = [...findings, finding]),
  });
  if (opened === undefined) return skip();
  const { page } = opened;
  await page.getByRole('row', { name: 'short-budget' }).getByText('over').waitFor();
  expect(await axeViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Revoke undefended-theft' }).click();
  await expect.poll(() => findings.length).toBe(1);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(() => findings.length).toBe(2);
  await page.context().close();
});

test.for([
  ['light', 'audits', 'No audits yet'],
  ['dark', 'audits', 'No audits yet'],
  ['light', 'deleted', 'Nothing is deleted.'],
  ['dark', 'deleted', 'Nothing is deleted.'],
  ['light', 'accepted', 'No finding is accepted.'],
  ['dark', 'accepted', 'No finding is accepted.'],
] as const)(
  'the empty history in %s, view %s, teaches what will stand there',
  async ([colorScheme, view, text], { skip }) => {
    const opened = await open(`#/history?view=${view}`, {}, { colorScheme });
    if (opened === undefined) return skip();
    const { page, complaints } = opened;
    await page.getByText(text).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  },
);

test.for(['light', 'dark'] as const)(
  'the filled history in %s has no accessibility violation',
  async (colorScheme, { skip }) => {
    const opened = await open(
      '#/history',
      {
        'audits.list': () => [
          fakeAudit({ state: 'running', verdict: null, cellsDone: 4 }),
          ...numbered(12),
          fakeAudit({
            id: 'x' as never,
            state: 'interrupted',
            verdict: null,
            encoder: `/${'long-'.repeat(60)}.onnx`,
          }),
        ],
      },
      { colorScheme },
    );
    if (opened === undefined) return skip();
    const { page } = opened;
    await page.getByRole('link', { name: 'encoder-1.onnx' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    for (const width of [1280, 640]) {
      await page.setViewportSize({ width, height: 700 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect(
        await page.evaluate(
          'document.querySelector("main").scrollWidth - document.querySelector("main").clientWidth',
        ),
      ).toBeLessThanOrEqual(0);
    }
    await page.context().close();
  },
);
