import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pageInput } from '../../report/page-input.ts';
import { openSampleEngine, sampleSettings, sampleWindow } from '../engine.sample.ts';
import type { ServedEngine } from '../open-engine.ts';

/** What a window is given to show a report with, and the files it may keep of one. */

let folder: string;
let engine: ServedEngine;
let id: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'moat-serve-reports-'));
  engine = openSampleEngine(folder);
  const done = new Promise<void>((resolve) => {
    engine.subscribe(({ event }) => {
      if (event.type === 'run' && event.run.type === 'stage' && event.run.stage === 'done') resolve();
    });
  });
  ({ id } = await call('audits.start', { settings: sampleSettings }));
  await done;
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const { call } = sampleWindow(() => engine);

test('a window has everything the exported page is rendered from', async () => {
  const { result, since, page, isPartial } = await call('audits.result', { id });
  const whole = pageInput(result, {
    profile: 'regulator',
    writtenAt: page.writtenAt,
    moatVersion: '0.0.0',
  });
  expect({ ...page, result, since, profile: 'regulator' }).toEqual(JSON.parse(JSON.stringify(whole)));
  expect(isPartial).toBe(false);
});

test('a format comes as the bytes of a file, with its name', async () => {
  const { name, mediaType, base64 } = await call('reports.render', { id, format: 'json' });
  expect({ name, mediaType }).toEqual({ name: `moat-${id}-result.json`, mediaType: 'application/json' });
  expect(JSON.parse(Buffer.from(base64, 'base64').toString('utf8'))).toMatchObject({ auditId: id });
});

test('a format nobody knows is refused with those there are', async () => {
  await expect(call('reports.render', { id, format: 'docx' })).rejects.toThrow(
    /no format of a report.*html, pdf/,
  );
});
