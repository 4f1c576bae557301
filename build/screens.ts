import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import type { AuditSnapshot, BridgeMethod, BridgeReply, BridgeRequest } from '../audits/contract/bridge.ts';
import { chromiumArguments, findChromium } from '../audits/report/pdf/chromium.ts';
import { appFiles } from '../audits/serve/app-files.ts';

/**
 * Takes pictures of every screen, light and dark, of a real `moat serve` that really audits the demo: minutes.
 *
 * usage: npm run screens [-- --quick | --database FILE] [NAME...]
 *
 * `--quick` audits the demo with one budget and one seed, a fifth of its cells; `--database` shows the newest audit of that file
 * instead, and makes no new one. NAMEs are pictures of the lists below: those of a running audit alone do not wait for its end.
 */
const { values, positionals } = parseArgs({
  options: { database: { type: 'string' }, quick: { type: 'boolean', default: false } },
  allowPositionals: true,
});

const root = path.join(import.meta.dirname, '..');
const pictures = path.join(root, 'docs', 'screens');
const scratch = path.join(tmpdir(), 'moat-screens');
const size = { width: 1280, height: 800 };
/** Minutes on a machine at rest. */
const DEMO_TIMEOUT_MS = 3_600_000;
/** Of one screen: machines that audit are busy. */
const PATIENCE_MS = 60_000;

interface Picture {
  readonly name: string;
  /** Of the window; default: `size`. */
  readonly width?: number;
  /** Leads there and waits until all of it stands. */
  readonly open: (page: Page, world: World) => Promise<unknown>;
}

interface World {
  readonly encoder: string;
  /** The audit that is shown. */
  readonly id: () => string;
  /** Its defenses, `none` first. */
  readonly defenses: () => readonly string[];
}

const goTo = (page: Page, hash: string) => page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
const heading = (page: Page, text: string | RegExp) =>
  page.locator('h1', { hasText: text }).first().waitFor();

/** In this order: what an empty database shows, then what a running audit does, then the rest. */
const beforeDemo: readonly Picture[] = [
  { name: 'start-first', open: (page) => heading(page, 'What would a thief get') },
];
const isHalfDone = `(() => {
  const [, done, total] = /(\\d+) of (\\d+)\\scells/.exec(document.querySelector('.progress')?.textContent) ?? [];
  return document.querySelector('.running .percent') !== null && Number(done) * 2 >= Number(total);
})()`;
/** Half of the cells are done, and one that is has the pointer: its curve stands beside the matrix. */
async function halfDone(page: Page): Promise<void> {
  // In the page, but not as its code: its policy lets no text become a script.
  await page.evaluate(`new Promise((resolve) => {
    const look = () => (${isHalfDone} ? resolve() : setTimeout(look, 200));
    look();
  })`);
  await page
    .getByRole('gridcell', { name: /^stolen gain/ })
    .last()
    .hover();
}
const duringDemo: readonly Picture[] = [
  { name: 'run', open: halfDone },
  { name: 'run-narrow', width: 900, open: halfDone },
];
const afterDemo: readonly Picture[] = [
  {
    name: 'start',
    open: async (page) => {
      await goTo(page, '#/');
      await page.getByRole('heading', { name: 'Recent audits' }).waitFor();
    },
  },
  {
    name: 'new-audit',
    open: async (page, { encoder }) => {
      await goTo(page, `#/new?encoder=${encodeURIComponent(encoder)}`);
      await page.locator('main img').first().waitFor();
    },
  },
  {
    name: 'run-done',
    open: async (page, { id }) => {
      await goTo(page, `#/run/${id()}`);
      await page.getByRole('gridcell').first().waitFor();
    },
  },
  {
    name: 'report',
    open: async (page, { id }) => {
      await goTo(page, `#/report/${id()}`);
      await page.locator('main h2').first().waitFor();
    },
  },
  {
    name: 'compare',
    open: async (page, { id, defenses }) => {
      const [fromDefense = '', toDefense = ''] = defenses();
      const query = { from: id(), fromDefense, to: id(), toDefense };
      await goTo(page, `#/compare?${new URLSearchParams(query).toString()}`);
      await page.locator('main h2').first().waitFor();
    },
  },
  {
    name: 'history',
    open: async (page) => {
      await goTo(page, '#/history');
      await page.locator('[data-row-main]').first().waitFor();
    },
  },
  {
    name: 'settings',
    open: async (page) => {
      await goTo(page, '#/settings');
      // The engines are listed last.
      await page.getByText('Ready', { exact: true }).first().waitFor();
    },
  },
  {
    name: 'commands',
    open: async (page) => {
      await goTo(page, '#/history');
      await heading(page, 'History');
      // The pointer would mark a second command.
      await page.mouse.move(0, 0);
      await page.keyboard.press('Control+KeyK');
      await page.getByRole('combobox', { name: 'Type a command' }).waitFor();
    },
  },
];

async function serve(database: string): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', 'audits/cli/main.ts', 'serve', '--db', database],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { url, child };
}

/** Asked as a window asks. */
async function ask<Name extends BridgeMethod>(
  url: string,
  name: Name,
  request: BridgeRequest<Name>,
): Promise<BridgeReply<Name>> {
  const { origin, hash } = new URL(url);
  const response = await fetch(`${origin}/api/${name}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${hash.replace('#token=', '')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(request),
  });
  return (await response.json()) as BridgeReply<Name>;
}

const isWanted = ({ name }: Picture): boolean => positionals.length === 0 || positionals.includes(name);

async function take(page: Page, world: World, list: readonly Picture[]): Promise<void> {
  for (const { name, width = size.width, open } of list.filter(isWanted)) {
    await page.setViewportSize({ ...size, width });
    await open(page, world);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const image = await page.screenshot({ caret: 'hide', animations: 'disabled' });
      // Few colours stand on a screen: a palette of them is a third of the size.
      await sharp(image)
        .png({ palette: true, colours: 128, effort: 8 })
        .toFile(path.join(pictures, `${name}-${colorScheme}.png`));
    }
    await page.emulateMedia({ colorScheme: 'light' });
    console.log(name);
  }
}

if (values.database === undefined) rmSync(scratch, { recursive: true, force: true });
mkdirSync(scratch, { recursive: true });
mkdirSync(pictures, { recursive: true });
const encoder = path.join(scratch, 'shapes-encoder.onnx');
copyFileSync(path.join(root, 'audits/encoder/demo-encoder.onnx'), encoder);
// Built before a page waits for it.
await appFiles(console.log);
const { url, child } = await serve(values.database ?? path.join(scratch, 'moat.db'));
const browser = await chromium.launch({
  executablePath: await findChromium(),
  args: [...chromiumArguments],
});
try {
  const page = await browser.newPage({ viewport: size, reducedMotion: 'reduce' });
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(url);
  await heading(page, /./);
  let newest: AuditSnapshot | undefined;
  const world: World = {
    encoder,
    id: () => newest?.entry.id ?? '',
    defenses: () => [...new Set(newest?.cells.flatMap(({ defense }) => defense ?? []))],
  };
  if (values.database === undefined) {
    await take(page, world, beforeDemo);
    if (values.quick) {
      const settings = { preset: 'demo', budgets: [500], seeds: 1 };
      const { id } = await ask(url, 'audits.start', { settings });
      await goTo(page, `#/run/${id}`);
    } else await page.getByRole('button', { name: 'Try the demo' }).click();
    await page.waitForURL(/#\/run\//);
    await take(page, world, duringDemo);
    if (afterDemo.some(isWanted))
      await page.getByRole('link', { name: 'Open the report' }).waitFor({ timeout: DEMO_TIMEOUT_MS });
  }
  const [entry] = await ask(url, 'audits.list', {});
  if (entry === undefined) throw new Error('There is no audit to show.');
  newest = await ask(url, 'audits.snapshot', { id: entry.id });
  await take(page, world, afterDemo);
} finally {
  await browser.close();
  child.kill('SIGINT');
}
