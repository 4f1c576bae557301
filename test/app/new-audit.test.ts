import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AuditEntry, AuditEstimate, DataSheet, EncoderSheet } from '../../audits/contract/bridge.ts';
import { openDataset } from '../../audits/datasets/dataset.ts';
import { writeNpz } from '../../audits/datasets/npz.ts';
import { readImages } from '../../audits/datasets/read.ts';
import { openEncoder } from '../../audits/encoder/encoder.ts';
import { systemClock } from '../../audits/run/system-clock.ts';
import { appFiles } from '../../audits/serve/app-files.ts';
import { startHttpServer, type HttpServer } from '../../audits/serve/http/server.ts';
import { methodsList } from '../../audits/serve/methods/methods-list.ts';
import { openServe, type ServedEngine } from '../../audits/serve/open-engine.ts';
import { loadModel } from '../../audits/tensor/onnx/model.ts';
import { openBrowser } from '../helpers/browser.ts';
import { FakeEngine, type FakeAnswers } from '../helpers/fake-engine.ts';
import { contextWithoutStore } from '../helpers/serve-context.ts';
import { makeTinyProject } from '../helpers/tiny-project.ts';
import { axeViolations, openApp } from './app-page.ts';

/** The form of a new audit in a real browser: over the real engine and its processes, and over one that says what is wanted. */

let browser: Browser | undefined;
let built: string;
beforeAll(async () => {
  [browser, built] = await Promise.all([openBrowser(), appFiles()]);
});
afterAll(async () => browser?.close());

/** No violation in either theme. */
async function expectAccessible(page: Page, state: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await axeViolations(page), `${state}, ${colorScheme}`).toEqual([]);
  }
}

/** Nothing sticks out of the screen sideways. */
async function expectNoOverflow(page: Page): Promise<void> {
  for (const viewport of [
    { width: 1280, height: 800 },
    { width: 900, height: 700 },
  ]) {
    await page.setViewportSize(viewport);
    const [content, room] = (await page.evaluate(
      "(({ scrollWidth, clientWidth }) => [scrollWidth, clientWidth])(document.querySelector('main'))",
    )) as [number, number];
    expect(content, JSON.stringify(viewport)).toBeLessThanOrEqual(room);
  }
}

const sources = (page: Page): Promise<readonly (string | null)[]> =>
  page
    .getByRole('list', { name: 'As the encoder will see them' })
    .getByRole('img')
    .evaluateAll((images) => images.map((image) => image.getAttribute('src')));

describe('over the real engine', () => {
  const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
  let folder: string;
  let engine: ServedEngine;
  let server: HttpServer;

  beforeAll(async () => {
    ({ folder } = await makeTinyProject());
    const encoder = path.join(folder, 'encoder.onnx');
    const production = await openEncoder({ loadModel: (source) => loadModel(source, 1) }, encoder, imagenet);
    const { images } = await readImages(
      await openDataset(path.join(folder, 'pool')),
      'all',
      Array.from({ length: 12 }, (_, i) => i),
      production.description.preprocessing,
    );
    const { data } = await production.embed(images);
    await production.dispose();
    await writeNpz(path.join(folder, 'replies.npz'), {
      images: { shape: [12, 16, 16, 3], data: images.data },
      vectors: { shape: [12, 24], data },
    });
    engine = openServe({
      database: path.join(folder, 'audits.db'),
      host: 'http',
      moatVersion: '0.0.0',
      command: 'test',
      clock: systemClock,
    });
    server = await startHttpServer({
      engine,
      host: '127.0.0.1',
      port: 0,
      clock: systemClock,
      appFolder: () => Promise.resolve(built),
    });
  });
  afterAll(async () => {
    await server.close();
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  // What a test typed is kept: the next one begins with an empty form.
  afterEach(() => engine.dispatch('draft.set', { draft: {} }));

  const address = () => `${server.origin}/#/new?token=${server.token}`;

  test('an encoder whose preprocessing was guessed wrong is corrected in the preflight, estimated and audited', async ({
    skip,
  }) => {
    if (browser === undefined) return skip();
    const { page, complaints } = await openApp(browser, address());
    await page.getByRole('radio', { name: /quick/ }).waitFor();
    await expectAccessible(page, 'empty');

    await page.getByLabel('Path of the ONNX file').fill(path.join(folder, 'encoder.onnx'));
    for (const [label, place] of [
      ['Folder or file of pool images', 'pool'],
      ['Folder or file of labelled images', 'task'],
    ] as const) {
      await page.getByLabel(label).fill(path.join(folder, place));
      await page.getByLabel(label).press('Enter');
    }
    await page.getByText('80 images', { exact: true }).waitFor();
    await page.getByText('image-folder; train 90, test 60; 3 classes').waitFor();
    await page.getByText('An embedding of 24 numbers').waitFor();
    await expect.poll(async () => (await sources(page)).length).toBe(10);

    await page.getByLabel('Replies of production').fill(path.join(folder, 'replies.npz'));
    await page.getByText('Not proven').waitFor();
    const norms = () => page.locator('[data-check=norms]').textContent();
    const before = { examples: await sources(page), norms: await norms() };
    await page.getByRole('button', { name: /^Use range/ }).click();
    await page.getByText('Proven', { exact: true }).waitFor();
    expect(await page.getByLabel('Mean').inputValue()).toBe('0.485, 0.456, 0.406');
    await page.getByText('Values run from −2.12 to 2.64, drawn from −3 (black) to 3 (white)').waitFor();
    const after = await sources(page);
    expect(after).toHaveLength(10);
    expect(after.filter((source, i) => source === before.examples[i])).toEqual([]);
    expect(await norms()).not.toBe(before.norms);

    await page.getByLabel('Query budgets').fill('40');
    await page.getByRole('textbox', { name: 'Seeds' }).fill('1');
    const footer = page.getByRole('region', { name: 'What this audit takes' });
    const start = page.getByRole('button', { name: 'Start audit' });
    await footer.getByText('Cells', { exact: true }).waitFor();
    await expect.poll(() => start.getAttribute('aria-disabled')).toBe('false');
    // Adaptive attacks that the defenses must face are on and cannot be switched off.
    const masked = page.getByRole('checkbox', { name: /Masked regression/ });
    expect([await masked.isChecked(), await masked.isDisabled()]).toEqual([true, true]);
    await page.getByText(/^Masked regression is made against Top-k coordinates/).waitFor();
    await expectAccessible(page, 'filled');
    await expectNoOverflow(page);

    const sent = page.waitForRequest(/audits\.start/);
    await start.click();
    const { settings } = (await sent).postDataJSON() as { settings: Record<string, unknown> };
    expect(settings).toMatchObject({
      ...imagenet,
      encoder: path.join(folder, 'encoder.onnx'),
      pool: [path.join(folder, 'pool')],
      task: { task: path.join(folder, 'task') },
      budgets: [40],
      seeds: 1,
    });
    await page.waitForURL(/#\/run\/[0-9a-f]{8}$/);
    const listed = (await (
      await fetch(`${server.origin}/api/audits.list`, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
        body: '{}',
      })
    ).json()) as readonly AuditEntry[];
    expect(listed.map(({ id }) => id)).toEqual([page.url().split('/').at(-1)]);
    expect(complaints.filter((line) => !/status of (4|5)\d\d/.test(line))).toEqual([]);
    await page.context().close();
  });

  test('what is no encoder is said at its field, with nothing to start', async ({ skip }) => {
    if (browser === undefined) return skip();
    const { page } = await openApp(browser, address());
    const field = page.getByLabel('Path of the ONNX file');
    await field.fill(path.join(folder, 'replies.npz'));
    const error = page.getByText('is not an ONNX model: it is a NumPy .npz archive.');
    await error.waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    expect(await field.getAttribute('aria-describedby')).toContain((await error.getAttribute('id')) ?? '?');
    const start = page.getByRole('button', { name: 'Start audit' });
    expect(await start.getAttribute('aria-disabled')).toBe('true');
    await page.getByText('The encoder cannot be used; its block says why.').waitFor();
    await page.getByLabel('Folder or file of pool images').fill('/nowhere/at/all');
    await page.keyboard.press('Enter');
    await page.getByText('There is no file or folder /nowhere/at/all.').waitFor();
    await expectAccessible(page, 'error');
    await page.context().close();
  });

  test('a file is found in the folders of the engine’s machine, by keyboard alone', async ({ skip }) => {
    if (browser === undefined) return skip();
    const { page } = await openApp(browser, address());
    await page.getByLabel('Path of the ONNX file').fill(path.join(folder, 'none'));
    await page.getByLabel('Path of the ONNX file').press('Tab');
    await page.keyboard.press('Enter');
    const sheet = page.getByRole('dialog', { name: 'Choose a file' });
    await sheet.getByRole('button', { name: 'encoder.onnx' }).waitFor();
    // Folders and ONNX files are a choice, other files are none.
    expect(await sheet.getByRole('button', { name: 'replies.npz' }).count()).toBe(0);
    expect(await axeViolations(page)).toEqual([]);
    await sheet.getByRole('button', { name: 'task' }).focus();
    await page.keyboard.press('Enter');
    await sheet.getByRole('button', { name: 'train' }).waitFor();
    await sheet.getByRole('button', { name: 'Folder above' }).focus();
    await page.keyboard.press('Enter');
    await sheet.getByRole('button', { name: 'encoder.onnx' }).focus();
    await page.keyboard.press('Enter');
    expect(await page.getByLabel('Path of the ONNX file').inputValue()).toBe(
      path.join(folder, 'encoder.onnx'),
    );
    await sheet.waitFor({ state: 'detached' });
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toContain('Browse');
    await page.context().close();
  });

  test('what was typed is there after a restart on another port', async ({ skip }) => {
    if (browser === undefined) return skip();
    const begin = async () => {
      const started = openServe({
        database: path.join(folder, 'typed.db'),
        host: 'http',
        moatVersion: '0.0.0',
        command: 'test',
        clock: systemClock,
      });
      const listening = await startHttpServer({
        engine: started,
        host: '127.0.0.1',
        port: 0,
        clock: systemClock,
        appFolder: () => Promise.resolve(built),
      });
      const end = async () => {
        await listening.close();
        await started.close();
      };
      return { end, origin: listening.origin, url: `${listening.origin}/#/new?token=${listening.token}` };
    };
    const first = await begin();
    const before = await openApp(browser, first.url);
    await before.page.getByLabel('Path of the ONNX file').fill(path.join(folder, 'encoder.onnx'));
    await before.page.getByLabel('Folder or file of pool images').fill(path.join(folder, 'pool'));
    const kept = before.page.waitForResponse(
      (response) =>
        response.url().endsWith('draft.set') && (response.request().postData() ?? '').includes('"pools":[{'),
    );
    await before.page.getByLabel('Folder or file of pool images').press('Enter');
    await kept;
    await before.page.context().close();
    // The old port stays taken: the second server cannot get it by chance.
    const second = await begin();
    await first.end();
    expect(second.origin).not.toBe(first.origin);
    const after = await openApp(browser, second.url);
    expect(await after.page.getByLabel('Path of the ONNX file').inputValue()).toBe(
      path.join(folder, 'encoder.onnx'),
    );
    await after.page.getByText(path.join(folder, 'pool'), { exact: true }).waitFor();
    await after.page.context().close();
    await second.end();
  });
});

describe('over an engine that says what is wanted', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'moat-form-'));
  const engines: FakeEngine[] = [];
  afterAll(async () => {
    await Promise.all(engines.map((engine) => engine.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  const encoder: EncoderSheet = {
    name: 'encoder.onnx',
    digest: 'ab'.repeat(32),
    sizeBytes: 12_345,
    inputs: [{ name: `image-${'x'.repeat(80)}`, type: 'float32', shape: ['batch', 3, 224, 224] }],
    outputs: [{ name: 'embedding', type: 'float32', shape: ['batch', 512] }],
    dimension: 512,
    preprocessing: [{ name: 'range', value: '0-1', source: 'guess' }],
    options: {
      size: 224,
      range: '0-1',
      layout: 'nchw',
      mean: [0, 0, 0],
      std: [1, 1, 1],
      output: 'embedding',
    },
    checks: [{ id: 'finite', status: 'warning', sentence: `A long word: ${'nine'.repeat(60)}.` }],
    auditable: true,
    imagesPerSecond: 125,
    examples: [],
    exampleValues: { values: { least: 0, most: 1 }, drawn: { least: 0, most: 1 } },
    expectation: null,
    notes: [],
  };
  const data = ({ path: place }: { readonly path: string }): DataSheet => ({
    path: place,
    name: path.basename(place),
    kind: 'image-folder',
    splits: [{ name: 'all', images: 5000, classes: [] }],
    classCount: 10,
    isCut: false,
    thumbnails: [],
    notes: [],
  });
  const estimate = (cells: number): AuditEstimate => ({
    cells,
    queries: cells * 100,
    estimatedMs: 60_000,
    preparationMs: 20_000,
    dollars: 1,
    dearest: { kind: 'defense', label: 'rounding', savedMs: 30_000, savedCells: 4 },
    notApplicable: [],
    leftOut: [],
    mandatory: [],
    service: null,
  });
  const answers = (): FakeAnswers => ({
    'methods.list': () => methodsList.run({}, contextWithoutStore(folder)),
    'encoder.inspect': () => encoder,
    'data.look': data,
    'audits.estimate': () => estimate(10),
    'files.browse': () => ({ folder: '/home/user', parent: '/home', entries: [], isCut: false }),
  });
  const draft = (changes: object = {}): Record<string, unknown> => ({
    encoder: '/models/encoder.onnx',
    pools: [{ path: '/photos', share: '' }],
    tasks: [{ name: 'birds', path: '/birds' }],
    ...changes,
  });

  async function open(
    given: FakeAnswers = {},
    { stored, hash = '#/new' }: { stored?: Record<string, unknown>; hash?: string } = {},
  ) {
    if (browser === undefined) return undefined;
    const kept = stored === undefined ? {} : { 'draft.get': () => ({ draft: stored }) };
    const engine = new FakeEngine(built, { ...answers(), ...kept, ...given });
    engines.push(engine);
    await engine.listen();
    return { engine, ...(await openApp(browser, engine.url(hash))) };
  }

  test('the last estimate stays in sight, marked, until there is a new one', async ({ skip }) => {
    const { promise, resolve } = Promise.withResolvers<AuditEstimate>();
    const opened = await open({}, { stored: draft() });
    if (opened === undefined) return skip();
    const { page, engine } = opened;
    const footer = page.getByRole('region', { name: 'What this audit takes' });
    await footer.getByText('Without rounding: 30 s less, 4 cells fewer').waitFor();
    engine.answers['audits.estimate'] = () => promise;
    await page.getByLabel('Query budgets').fill('700');
    await footer.getByText('being computed anew').waitFor();
    expect(await footer.getByRole('definition').first().textContent()).toBe('10');
    resolve(estimate(20));
    await expect.poll(() => footer.getByRole('definition').first().textContent()).toBe('20');
    expect(await footer.getByText('being computed anew').count()).toBe(0);
    // What cannot be read is not asked about.
    await page.getByLabel('Query budgets').fill('many');
    await footer.getByText('before the last change').waitFor();
    expect(await footer.getByRole('definition').first().textContent()).toBe('20');
    await page.getByText('Write whole numbers from 1 with commas between.').waitFor();
    await page.context().close();
  });

  test('the estimate is asked for with what the preflight found of the encoder', async ({ skip }) => {
    const opened = await open({}, { stored: draft() });
    if (opened === undefined) return skip();
    const { page, engine } = opened;
    await expect
      .poll(() => engine.calls.findLast(({ name }) => name === 'audits.estimate')?.request)
      .toMatchObject({ imagesPerSecond: 125, dimension: 512 });
    await page.context().close();
  });

  test('dropping the dearest part takes it out of the list', async ({ skip }) => {
    const opened = await open({}, { stored: draft() });
    if (opened === undefined) return skip();
    const { page, engine } = opened;
    await page.locator('[data-defense=rounding]').waitFor();
    await page.getByRole('button', { name: /Leave it out.*rounding/ }).click();
    await page.locator('[data-defense=rounding]').waitFor({ state: 'detached' });
    await expect
      .poll(() => engine.calls.findLast(({ name }) => name === 'audits.estimate')?.request)
      .toMatchObject({
        settings: { defenses: ['none', 'gaussian-noise', 'gaussian-noise:mode=keyed', 'top-k'] },
      });
    await page.getByRole('button', { name: 'Back to the preset’s' }).click();
    await page.locator('[data-defense=rounding]').waitFor();
    await page.context().close();
  });

  test('a defense is added with settings of its own, and composed with another', async ({ skip }) => {
    const opened = await open({}, { stored: draft() });
    if (opened === undefined) return skip();
    const { page, engine } = opened;
    await page.getByLabel('Defense to add').selectOption({ label: 'B4B coverage noise' });
    await page.getByRole('button', { name: 'Add configuration' }).click();
    const settings = page.getByRole('group', { name: 'Settings of B4B coverage noise' });
    await settings.getByLabel('bits').fill('9');
    await settings.getByLabel('bits').press('Enter');
    await settings.getByLabel('scale').selectOption('absolute');
    await page.getByLabel('Then, after B4B coverage noise').selectOption({ label: 'Rounding' });
    await page.getByRole('button', { name: 'Add as a further step' }).click();
    await page.locator('[data-defense="b4b:bits=9:scale=absolute+rounding"]').waitFor();
    await expect
      .poll(() => JSON.stringify(engine.calls.findLast(({ name }) => name === 'audits.estimate')?.request))
      .toContain('"b4b:bits=9:scale=absolute+rounding"]');
    expect(await axeViolations(page)).toEqual([]);
    // Whoever removes one row after the other by keyboard finds the next one under the same key.
    const removal = page.locator('[data-defense=rounding]').getByRole('button', { name: 'Remove' });
    await removal.press('Enter');
    await page.locator('[data-defense=rounding]').waitFor({ state: 'detached' });
    await expect
      .poll(() => page.evaluate("document.activeElement.closest('[data-defense]')?.dataset.defense"))
      .toBe('top-k');
    await page.context().close();
  });

  test('Start says why it cannot, and starts nothing', async ({ skip }) => {
    const opened = await open();
    if (opened === undefined) return skip();
    const { page, engine } = opened;
    const start = page.getByRole('button', { name: 'Start audit', description: 'Choose an encoder first.' });
    await start.click({ force: true });
    await page.getByLabel('Path of the ONNX file').fill('/models/encoder.onnx');
    await page.getByRole('button', { name: 'Start audit', description: 'Add a query pool.' }).waitFor();
    expect(engine.calls.filter(({ name }) => name === 'audits.start')).toEqual([]);
    await page.context().close();
  });

  test('the output of a projection head is chosen among those found, and is never the embedding’s', async ({
    skip,
  }) => {
    const head = { name: 'projection', type: 'float32', shape: ['batch', 128] };
    const opened = await open(
      { 'encoder.inspect': () => ({ ...encoder, outputs: [...encoder.outputs, head] }) },
      { stored: draft() },
    );
    if (opened === undefined) return skip();
    const { page, engine } = opened;
    const asked = (name: string): string =>
      JSON.stringify(engine.calls.findLast((call) => call.name === name)?.request);
    const field = page.getByLabel('Projection head');
    const choices = () => field.getByRole('option').allTextContents();
    await expect.poll(choices).toEqual(['none', 'projection']);
    await field.selectOption('projection');
    await expect.poll(() => asked('encoder.inspect')).toContain('"options":{"projection":"projection"}');
    await expect.poll(() => asked('audits.estimate')).toContain('"projection":"projection"');
    expect(await axeViolations(page)).toEqual([]);
    await page.getByLabel('Output', { exact: true }).selectOption('projection');
    await expect.poll(choices).toEqual(['none', 'embedding']);
    expect(await field.inputValue()).toBe('');
    await expect.poll(() => asked('audits.estimate')).toContain('"output":"projection"');
    expect(asked('audits.estimate')).not.toContain('"projection":');
    await page.context().close();
  });

  test('a service is asked for nothing before somebody agreed to what is sent and what it may cost', async ({
    skip,
  }) => {
    const address = 'https://embed.example/v1';
    let maxSpend = 5;
    const opened = await open(
      {
        'audits.estimate': () => ({
          ...estimate(10),
          service: { address, images: 1230, dollars: 0.123, pricePerImage: 0.0001, maxSpend },
        }),
        'audits.start': () => ({ id: 'a1b2c3d4' as AuditEntry['id'] }),
      },
      { stored: draft({ encoder: address, endpoint: '/endpoint.json' }) },
    );
    if (opened === undefined) return skip();
    const { page, engine } = opened;
    const asked = page.locator('[data-asked]');
    await asked.waitFor();
    const sentence = ((await asked.textContent()) ?? '').replaceAll(/\s+/g, ' ').trim();
    expect(sentence).toContain(`At most 1 230 images of pool and tasks are sent to ${address}; nothing else`);
    expect(sentence).toContain('never beyond $5.00');
    const start = (description: string) => page.getByRole('button', { name: 'Start audit', description });
    await start('Confirm that the service may be asked.').click({ force: true });
    await page.getByLabel('Ask the service, for up to $5.00').check();
    await start('Images of pool and tasks are sent to the service.').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    // Another limit is another question.
    maxSpend = 50;
    await page.getByLabel('Query budgets').fill('700');
    const again = page.getByLabel('Ask the service, for up to $50.00');
    await again.waitFor();
    expect(await again.isChecked()).toBe(false);
    expect(engine.calls.filter(({ name }) => name === 'audits.start')).toEqual([]);
    await again.check();
    await page.getByRole('button', { name: 'Start audit' }).click();
    await expect
      .poll(() => engine.calls.find(({ name }) => name === 'audits.start')?.request)
      .toMatchObject({ confirmed: true, settings: { encoder: address, endpoint: '/endpoint.json' } });
    await page.context().close();
  });

  test('what was typed survives another screen and another window', async ({ skip }) => {
    const opened = await open();
    if (opened === undefined) return skip();
    const { page, engine, complaints } = opened;
    await page.getByLabel('Path of the ONNX file').fill('/models/encoder.onnx');
    await page.getByLabel('Query budgets').fill('700, 7');
    await page.getByRole('link', { name: 'History' }).click();
    await page.getByRole('heading', { name: 'History' }).waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'New audit' }).click();
    expect(await page.getByLabel('Query budgets').inputValue()).toBe('700, 7');
    const kept = () => JSON.stringify(engine.calls.findLast(({ name }) => name === 'draft.set')?.request);
    await expect.poll(kept).toContain('"budgets":"700, 7"');
    await page.reload();
    await expect.poll(() => page.getByLabel('Query budgets').inputValue()).toBe('700, 7');
    expect(await page.getByLabel('Path of the ONNX file').inputValue()).toBe('/models/encoder.onnx');
    await page.getByRole('button', { name: 'Start over' }).click();
    expect(await page.getByLabel('Query budgets').inputValue()).toBe('');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('a file dropped in a browser has no place: the sentence says so, and the browser of files opens', async ({
    skip,
  }) => {
    const opened = await open({}, { hash: '#/new?dropped=my+encoder.onnx' });
    if (opened === undefined) return skip();
    const { page } = opened;
    await page.getByText('A browser does not tell where my encoder.onnx lies.').waitFor();
    await page.getByRole('dialog', { name: 'Choose a file' }).getByText('Nothing to choose').waitFor();
    await page.context().close();
  });

  test('the same folder as pool and task is warned of; a path that is not whole is refused', async ({
    skip,
  }) => {
    const opened = await open({}, { stored: draft({ pools: [{ path: '/birds/train', share: '' }] }) });
    if (opened === undefined) return skip();
    const { page } = opened;
    await page.getByText('birds and the query pool share a folder.').waitFor();
    await page.getByLabel('Folder or file of pool images').fill('photos');
    await page.keyboard.press('Enter');
    await page.getByText('Write the whole path, from the root.').waitFor();
    await page.context().close();
  });

  test('where methods cannot be listed, that is said and can be tried again', async ({ skip }) => {
    let isBroken = true;
    const opened = await open({
      'methods.list': () => {
        if (isBroken) throw new Error('The registry is gone.');
        return methodsList.run({}, contextWithoutStore(folder));
      },
    });
    if (opened === undefined) return skip();
    const { page } = opened;
    await page.getByText('The registry is gone.').waitFor();
    expect(await axeViolations(page)).toEqual([]);
    isBroken = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('radio', { name: /quick/ }).waitFor();
    await page.context().close();
  });

  test('forty defenses and long names stay within the screen', async ({ skip }) => {
    const long = 'a-very-long-folder-name-'.repeat(8);
    const opened = await open(
      {},
      {
        stored: draft({
          encoder: `/models/${long}.onnx`,
          pools: [
            { path: `/data/${long}`, share: '' },
            { path: '/photos', share: '0.5' },
          ],
          tasks: [{ name: long, path: `/tasks/${long}` }],
          defenses: [
            'none',
            ...Array.from({ length: 39 }, (_, i) => `quantization:bits=${(i % 16) + 1}:range=${i + 1}.25`),
            'near-duplicate-guard:alarmShare=0.25:batchRows=1024:falsePositiveRate=0.005+gaussian-noise:mode=keyed',
          ],
        }),
      },
    );
    if (opened === undefined) return skip();
    const { page } = opened;
    await expect.poll(() => page.locator('[data-defense]').count()).toBe(40);
    await page.locator('[data-defense^=near]').getByRole('button', { name: 'Settings' }).click();
    await page.getByText('An embedding of 512 numbers').waitFor();
    await expectNoOverflow(page);
    expect(await axeViolations(page)).toEqual([]);
    await page.context().close();
  });
});
